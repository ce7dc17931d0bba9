"""`./bureau sheet`: the evidence of one figure on a page that is printed."""

from pathlib import Path

import click


@click.command("sheet", help="sheet.help")
@click.argument("name", metavar="TARGET|INDICATOR")
@click.option("--period", metavar="2010|2010-Q3|2010-07", help="sheet.period")
@click.option("--geo", "geography", metavar="CODE", help="trace.geo")
@click.option("--breakdown", metavar="TYPE=MEMBER", help="trace.breakdown")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="sheet.out")
def sheet(name: str, period: str | None, geography: str | None, breakdown: str | None, out: Path | None) -> None:
    """Write the sheet."""
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings
    from warehouse.sheet.page import as_html
    from warehouse.sheet.read import sheet as read
    from warehouse.texts import t

    settings = load_settings()
    with running_services(settings, with_airflow=False):
        found = read(settings, name, period, geography, breakdown)
    file = out or Path(f"{name}_{found.figure.period}.html")
    file.write_text(as_html(found, settings.lang), encoding="utf-8")
    click.echo(t("sheet.written", settings.lang, file=file, identifier=found.identifier))
