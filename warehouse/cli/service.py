"""`./bureau init`, `service` and `health`: what containers run (docker-compose.yml)."""

import click

SERVICES = ("api-server", "scheduler", "dag-processor", "triggerer")


@click.command("init", help="init.help")
def init() -> None:
    """Prepare the databases for the services."""
    from warehouse.cli import language
    from warehouse.services import containers
    from warehouse.settings import load_settings
    from warehouse.texts import t

    containers.prepare(load_settings())
    click.echo(t("init.done", language()))


@click.command("service", help="service.help")
@click.argument("name", type=click.Choice(SERVICES))
def service(name: str) -> None:
    """Become the service."""
    from warehouse.services import containers
    from warehouse.settings import load_settings

    containers.run(load_settings(), name)


@click.command("health", help="health.help")
@click.argument("name", type=click.Choice(SERVICES))
def health(name: str) -> int:
    """Exit code 0 when the container's service is well, else 1."""
    from warehouse.services import containers
    from warehouse.settings import load_settings

    return 0 if containers.is_healthy(load_settings(), name) else 1
