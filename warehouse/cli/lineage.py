"""`./bureau lineage`: the models, columns, deliveries and build behind an indicator."""

from pathlib import Path

import click


@click.command("lineage", help="lineage.help")
@click.argument("indicator")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="lineage.format",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="lineage.out")
def lineage(indicator: str, form: str, out: Path | None) -> None:
    """Print the lineage to stdout, or write it to a file."""
    from warehouse.files import write_out
    from warehouse.lineage.page import as_html, as_json, as_text
    from warehouse.lineage.read import lineage as read
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings
    from warehouse.texts import t

    settings = load_settings()
    with running_services(settings, with_airflow=False):
        found = read(settings, indicator)
    if form == "html":
        text = as_html(found, settings.lang)
    else:
        text = as_json(found) if form == "json" else "\n".join(as_text(found, settings.lang))
    if out is None:
        click.echo(text)
    else:
        write_out(out, text.encode())
        click.echo(t("lineage.written", settings.lang, file=out))
