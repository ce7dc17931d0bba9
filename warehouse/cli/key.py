"""`./bureau key`: which key the pseudonyms have, and how it is changed."""

from pathlib import Path

import click

from warehouse.texts import t


@click.group("key", help="key.help")
def key() -> None:
    """The key of the pseudonyms."""


@key.command("status", help="key.status.help", short_help="key.status.short")
def status() -> None:
    """The versions of the key, by fingerprint."""
    from warehouse.rekey import versions
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings

    settings = load_settings()
    with running_services(settings, with_airflow=False):
        for one in versions(settings):
            since = f"{one.created_at:%Y-%m-%d %H:%M}"
            click.echo(t("key.version", settings.lang, version=one.version, fingerprint=one.fingerprint[:16], since=since))


@key.command("rotate", help="key.rotate.help", short_help="key.rotate.short")
@click.option("--new-key-file", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="key.new_key_file")
def rotate(new_key_file: Path | None) -> None:
    """Go over to a new key."""
    from warehouse.rekey import rotate as change
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings

    settings = load_settings()

    def report(file: str, done: int, of: int) -> None:
        click.echo(t("key.progress", settings.lang, file=file, done=done, of=of), err=True)

    with running_services(settings, with_airflow=False):
        done = change(settings, new_key_file, report)
    click.echo(
        t("key.rotated", settings.lang, version=done.version, pseudonyms=f"{done.pseudonyms:,}", deliveries=done.deliveries)
    )
    if done.old_key is not None:
        click.echo(t("key.destroy", settings.lang, new=done.new_key, old=done.old_key))
    else:
        click.echo(t("key.set_variable", settings.lang, new=done.new_key))
