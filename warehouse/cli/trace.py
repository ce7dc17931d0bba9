"""`./bureau trace`: from a published figure to the departments' rows behind it."""

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from warehouse.numbers import number

if TYPE_CHECKING:
    from warehouse.trace import Side, Trace, Unit


@click.command("trace", help="trace.help")
@click.argument("indicator")
@click.option("--period", required=True, metavar="2010|2010-Q3|2010-07", help="trace.period")
@click.option("--geo", "geography", metavar="CODE", help="trace.geo")
@click.option("--breakdown", metavar="TYPE=MEMBER", help="trace.breakdown")
@click.option("--release", "release_id", type=click.IntRange(min=1), metavar="RELEASE", help="trace.release")
@click.option("--all", "everything", is_flag=True, help="trace.all")
@click.option("--offset", type=click.IntRange(min=0), default=0, show_default=True, help="trace.offset")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="trace.limit")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "html"]),
    default="table",
    show_default=True,
    help="trace.format",
)
def trace(
    indicator: str,
    period: str,
    geography: str | None,
    breakdown: str | None,
    release_id: int | None,
    everything: bool,
    offset: int,
    limit: int,
    form: str,
) -> None:
    """Print the figure, its contributing units and their source rows to stdout."""
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings
    from warehouse.trace import trace as open_figure

    settings = load_settings()
    with running_services(settings, with_airflow=False):
        found = open_figure(
            settings,
            indicator,
            period,
            geography=geography,
            breakdown=breakdown,
            release_id=release_id,
            offset=0 if everything else offset,
            limit=None if everything else limit,
        )
    if form == "json":
        print(as_json(found))
    elif form in ("csv", "html"):
        from warehouse.trace_page import as_csv, as_html

        sys.stdout.write(as_csv(found) if form == "csv" else as_html(found, settings.lang))
    else:
        for line in as_lines(found, settings.lang):
            click.echo(line)


def as_json(found: "Trace") -> str:
    """The trace as one JSON object; numbers are decimal strings."""
    figure = found.figure
    document = {
        "figure": {
            "indicator": figure.indicator,
            "method_version": figure.method_version,
            "period": figure.period,
            "geography": figure.geography,
            "breakdown_type": figure.breakdown_type,
            "breakdown": figure.breakdown,
            "value": number(figure.value),
            "numerator": number(figure.numerator),
            "denominator": number(figure.denominator),
            "unit_count": figure.unit_count,
            "build_id": figure.build_id,
        },
        "numerator": _side(found.numerator),
        "denominator": None if found.denominator is None else _side(found.denominator),
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def as_lines(found: "Trace", lang: str) -> Iterator[str]:
    """The same for reading: the figure, then each side with its units and where their rows lie."""
    from warehouse.texts import t

    figure = found.figure
    cell = f"{figure.geography} {figure.breakdown_type}={figure.breakdown}"
    yield t(
        "trace.figure",
        lang,
        indicator=figure.indicator,
        period=figure.period,
        cell=cell,
        value=number(figure.value) or t(f"trace.availability.{figure.availability}", lang),
        units=figure.unit_count,
        build=figure.build_id,
    )
    for name, side in (("numerator", found.numerator), ("denominator", found.denominator)):
        if side is None:
            continue
        published = figure.numerator if name == "numerator" else figure.denominator
        agrees = "trace.agrees" if side.sum == (published or 0) else "trace.differs"
        verdict = t(agrees, lang, published=number(published))
        yield t(f"trace.{name}", lang, sum=number(side.sum), units=side.unit_count, verdict=verdict)
        for unit in side.units:
            yield from unit_lines(unit, lang)
        if side.next is not None:
            yield t("trace.more", lang, count=side.unit_count - side.next, offset=side.next)


def unit_lines(unit: "Unit", lang: str) -> Iterator[str]:
    """A unit and the lines of the files it comes from."""
    from warehouse.texts import t

    attributes = " ".join(
        f"{name}={';'.join(value) if isinstance(value, list) else value}" for name, value in unit.attributes.items()
    )
    yield f"  {number(unit.weight):>10}  {unit.unit_type} {unit.unit_id}  {attributes}"
    for row in unit.source_rows:
        place = "?" if row.line is None else str(row.line)
        yield " " * 14 + t("trace.row", lang, file=row.file_name, line=place, row=row.row_id, sha256=row.sha256[:12])


def _side(side: "Side") -> dict[str, Any]:
    units = [
        {
            "unit_type": unit.unit_type,
            "unit_id": unit.unit_id,
            "weight": number(unit.weight),
            "attributes": unit.attributes,
            "source_rows": [
                {
                    "row_id": row.row_id,
                    "source": row.source,
                    "file_name": row.file_name,
                    "sha256": row.sha256,
                    "line": row.line,
                }
                for row in unit.source_rows
            ],
        }
        for unit in side.units
    ]
    return {"sum": number(side.sum), "units": units, "next": side.next}
