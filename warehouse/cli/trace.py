"""`./bureau trace`: from a published figure to the departments' rows behind it."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from warehouse.numbers import number
from warehouse.texts import t
from warehouse.trace_text import attributes_text, instead_text, row_text

if TYPE_CHECKING:
    from warehouse.excluded import Excluded
    from warehouse.trace import Side, Trace, Unit


@click.command("trace", help="trace.help")
@click.argument("indicator")
@click.option("--period", required=True, metavar="2010|2010-Q3|2010-07", help="trace.period")
@click.option("--geo", "geography", metavar="CODE", help="trace.geo")
@click.option("--breakdown", metavar="TYPE=MEMBER", help="trace.breakdown")
@click.option("--release", "release_id", type=click.IntRange(min=1), metavar="RELEASE", help="trace.release")
@click.option("--all", "everything", is_flag=True, help="trace.all")
@click.option("--by-weight", is_flag=True, help="trace.by_weight")
@click.option("--excluded", "with_excluded", is_flag=True, help="trace.excluded")
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
    by_weight: bool,
    with_excluded: bool,
    offset: int,
    limit: int,
    form: str,
) -> None:
    """Print the figure, its contributing units and their source rows to stdout."""
    from warehouse.excluded import excluded
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings
    from warehouse.trace import trace as open_figure

    settings = load_settings()
    size = None if everything else limit
    with running_services(settings, with_airflow=False):
        found = open_figure(
            settings,
            indicator,
            period,
            geography=geography,
            breakdown=breakdown,
            release_id=release_id,
            offset=offset,
            limit=size,
            by_weight=by_weight,
        )
        beside = excluded(settings, found.figure, limit=size, release_id=release_id) if with_excluded else None
    if form == "json":
        print(as_json(found, beside))
    elif form in ("csv", "html"):
        from warehouse.trace_page import as_csv, as_html

        sys.stdout.write(as_csv(found, beside) if form == "csv" else as_html(found, settings.lang, beside))
    else:
        for line in as_lines(found, settings.lang):
            click.echo(line)
        for line in excluded_lines(beside, settings.lang) if beside else ():
            click.echo(line)


def as_json(found: "Trace", beside: "Excluded | None" = None) -> str:
    """The trace as one JSON object; numbers are decimal strings."""
    figure = found.figure
    document: dict[str, Any] = {
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
    if beside is not None:
        document["excluded"] = asdict(beside)
    return json.dumps(document, ensure_ascii=False, indent=1)


def as_lines(found: "Trace", lang: str) -> Iterator[str]:
    """The same for reading: the figure, then each side with its units and where their rows lie."""
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
    yield f"  {number(unit.weight):>10}  {unit.unit_type} {unit.unit_id}  {attributes_text(unit.attributes)}"
    for row in unit.source_rows:
        yield " " * 14 + row_text(row, lang)


def excluded_lines(beside: "Excluded", lang: str) -> Iterator[str]:
    """What is excluded, for reading: of each side units by reason and those of the page, then rows that were put aside."""
    for role, reasons in beside.counts.items():
        yield t(f"trace.excluded.{role}", lang)
        for reason, units in sorted(reasons.items(), key=lambda one: -one[1]):
            yield f"  {units:>10}  {t(f'trace.reason.{reason}', lang)}"
        listed = [unit for unit in beside.units if unit.role == role]
        for unit in listed:
            why = ", ".join(t(f"trace.reason.{reason}", lang) for reason in unit.reasons)
            yield f"  {unit.unit_type} {unit.unit_id}  {attributes_text(unit.attributes)}: {why}"
            for row in unit.source_rows:
                yield " " * 14 + row_text(row, lang)
        if left := beside.all[role] - len(listed):
            yield t("trace.excluded.more", lang, count=left)
    yield t("trace.put_aside", lang, count=len(beside.rows))
    for held in beside.rows:
        yield f"  {row_text(held.row, lang)}: {', '.join(held.rules)}"
        yield " " * 14 + instead_text(held.instead, lang)


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
