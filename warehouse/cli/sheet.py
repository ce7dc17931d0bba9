"""`./bureau sheet`: the evidence of one figure on a page that is printed."""

from pathlib import Path

import click


@click.command("sheet", help="sheet.help")
@click.argument("name", metavar="TARGET|INDICATOR")
@click.option("--period", metavar="2010|2010-Q3|2010-07", help="sheet.period")
@click.option("--geo", "geography", metavar="CODE", help="trace.geo")
@click.option("--breakdown", metavar="TYPE=MEMBER", help="trace.breakdown")
@click.option("--release", "release_id", type=click.IntRange(min=1), metavar="RELEASE", help="sheet.release")
@click.option("--pdf", "as_document", is_flag=True, help="sheet.pdf")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="sheet.out")
def sheet(
    name: str,
    period: str | None,
    geography: str | None,
    breakdown: str | None,
    release_id: int | None,
    as_document: bool,
    out: Path | None,
) -> None:
    """Write the sheet; a file whose name ends in .pdf is one."""
    from warehouse.files import write_out
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings
    from warehouse.sheet.page import as_html
    from warehouse.sheet.pdf import as_pdf
    from warehouse.sheet.read import sheet as read
    from warehouse.texts import t

    settings = load_settings()
    with running_services(settings, with_airflow=False):
        found = read(settings, name, period, geography, breakdown, release_id)
    as_document = as_document or (out is not None and out.suffix.lower() == ".pdf")
    frozen = "" if release_id is None else f"_R{release_id}"
    file = out or Path(f"{name}_{found.figure.period}{frozen}.{'pdf' if as_document else 'html'}")
    write_out(file, as_pdf(found, settings.lang) if as_document else as_html(found, settings.lang).encode())
    click.echo(t("sheet.written", settings.lang, file=file, identifier=found.identifier))
