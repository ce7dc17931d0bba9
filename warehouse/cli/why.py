"""`./bureau why`: what changed a figure between two releases or builds."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from warehouse.numbers import as_json, number
from warehouse.texts import t

if TYPE_CHECKING:
    from warehouse.why import Cause, Why


@click.command("why", help="why.help")
@click.argument("indicator")
@click.option("--period", required=True, metavar="2010|2010-Q3|2010-07", help="trace.period")
@click.option("--from", "old", required=True, metavar="R1|B3", help="why.from")
@click.option("--to", "new", required=True, metavar="R2|B4", help="why.to")
@click.option("--geo", "geography", metavar="CODE", help="trace.geo")
@click.option("--breakdown", metavar="TYPE=MEMBER", help="trace.breakdown")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="why.format")
def why(indicator: str, period: str, old: str, new: str, geography: str | None, breakdown: str | None, form: str) -> None:
    """Print old, new and the difference by cause."""
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings
    from warehouse.why import vintage
    from warehouse.why import why as explain

    settings = load_settings()
    with running_services(settings, with_airflow=False):
        one, other = vintage(settings, old), vintage(settings, new)
        found = explain(settings, indicator, period, one, other, geography=geography, breakdown=breakdown)
    if form == "json":
        print(as_json(asdict(found)))
        return
    for line in lines(found, settings.lang):
        click.echo(line)


def lines(found: "Why", lang: str) -> list[str]:
    """The explanation for reading."""
    cell = f"{found.geography} {found.breakdown_type}={found.breakdown}"
    old, new = number(found.old.value) or "-", number(found.new.value) or "-"
    said = [t("why.figure", lang, indicator=found.indicator, period=found.period, cell=cell, old=old, new=new)]
    said += [_cause(one, lang) for one in found.causes]
    if not found.causes:
        said.append(t("why.unchanged", lang))
    elif found.old.value is not None and found.new.value is not None:
        said.append(t("why.sum", lang, sum=number(found.new.value - found.old.value)))
    return said


def _cause(one: "Cause", lang: str) -> str:
    where = f"{one.department} {one.delivery}" if one.delivery else ""
    return t(
        "why.cause",
        lang,
        value=f"{number(one.value) or '-':>12}",
        cause=t(f"why.causes.{one.cause}", lang),
        units=one.units,
        numerator=number(one.numerator),
        denominator=number(one.denominator),
        where=where,
    ).rstrip()
