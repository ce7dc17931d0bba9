"""`./bureau revisions`: an indicator's values in release after release."""

import csv
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from warehouse.numbers import as_json, number
from warehouse.texts import t

if TYPE_CHECKING:
    from warehouse.revisions import Triangle


@click.command("revisions", help="revisions.help")
@click.argument("indicator")
@click.option("--grain", type=click.Choice(["Y", "Q", "M"]), help="revisions.grain")
@click.option("--geo", "geography", metavar="CODE", help="trace.geo")
@click.option("--breakdown", metavar="TYPE=MEMBER", help="trace.breakdown")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True, help="revisions.format"
)
def revisions(indicator: str, grain: Any, geography: str | None, breakdown: str | None, form: str) -> None:
    """Print the triangle and the mean revision."""
    from warehouse.revisions import triangle
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings

    settings = load_settings()
    with running_services(settings, with_airflow=False):
        found = triangle(settings, indicator, grain=grain, geography=geography, breakdown=breakdown)
    if form == "json":
        print(as_json(asdict(found)))
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(["period", *(f"R{one.release_id}" for one in found.releases)])
        writer.writerows([period, *(number(value) for value in values)] for period, values in found.values.items())
    else:
        for line in lines(found, settings.lang):
            click.echo(line)


def lines(found: "Triangle", lang: str) -> list[str]:
    """The triangle for reading: a line a period, a column a release, below them what revisions came to."""
    cell = f"{found.geography} {found.breakdown_type}={found.breakdown}"
    said = [t("revisions.head", lang, indicator=found.indicator, version=found.method_version, cell=cell)]
    table = [["", *(f"R{one.release_id}" for one in found.releases)], ["", *(f"{one.business_date}" for one in found.releases)]]
    table += [[period, *(number(value) or "-" for value in values)] for period, values in found.values.items()]
    widths = [max(len(row[place]) for row in table) for place in range(len(table[0]))]
    said += ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    if found.mean is None:
        return [*said, t("revisions.one_release", lang)]
    one = found.mean
    said.append(t("revisions.periods", lang, periods=one.periods, revised=one.revised))
    for name in ("mean_revision", "mean_absolute_revision", "relative_mean_absolute_revision", "largest_revision"):
        said.append(t(f"revisions.{name}", lang, value=number(getattr(one, name)) or "-"))
    return said
