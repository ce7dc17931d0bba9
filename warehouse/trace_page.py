"""An opened figure as CSV and as a page that stands alone."""

import csv
import io
import json
from typing import TYPE_CHECKING

from warehouse.formulas import harmless
from warehouse.numbers import number
from warehouse.pages import heading, page, paragraph, table
from warehouse.texts import t
from warehouse.trace_text import attributes_text, instead_text, row_text

if TYPE_CHECKING:
    from warehouse.excluded import Excluded, ExcludedUnit
    from warehouse.trace import Side, SourceRow, Trace, Unit

_COLUMNS = ("role", "unit_type", "unit_id", "weight", "attributes", "row_id", "source", "file_name", "line", "sha256")


def as_csv(found: "Trace", beside: "Excluded | None" = None) -> str:
    """A line for each row behind each unit; a unit's weight stands on every line of it, and counts once. What is excluded comes
    after it, with another column of reasons: roles `excluded_numerator`, `excluded_denominator`, `put_aside`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS if beside is None else (*_COLUMNS, "reasons"))
    reasons: list[str] = [] if beside is None else [""]
    for role, side in _sides(found):
        for unit in side.units:
            for row in unit.source_rows or (None,):
                writer.writerow([*_unit(role, unit, number(unit.weight)), *_row(row), *reasons])
    if beside is not None:
        for one in beside.units:
            for row in one.source_rows or (None,):
                writer.writerow([*_unit(f"excluded_{one.role}", one, "0"), *_row(row), ";".join(one.reasons)])
        for held in beside.rows:
            writer.writerow(["put_aside", "", "", "", "", *_row(held.row), ";".join(held.rules)])
    return text.getvalue()


def _unit(role: str, unit: "Unit | ExcludedUnit", weight: str | None) -> list[str | None]:
    attributes = json.dumps(unit.attributes, ensure_ascii=False, sort_keys=True)
    return [role, harmless(unit.unit_type), harmless(unit.unit_id), weight, attributes]


def _row(row: "SourceRow | None") -> list[object]:
    return [""] * 5 if row is None else [row.row_id, row.source, harmless(row.file_name), row.line, row.sha256]


def as_html(found: "Trace", lang: str, beside: "Excluded | None" = None) -> str:
    """The figure, of each side the units of the page with their rows, and what is excluded when it was asked for."""
    figure = found.figure
    title = f"{figure.indicator} · {figure.period} · {figure.geography} · {figure.breakdown_type}={figure.breakdown}"
    value = number(figure.value) or t(f"trace.availability.{figure.availability}", lang)
    body = [
        heading(title, 1),
        f'<p class="figure">{value}</p>',
        paragraph(t("trace.page.made", lang, units=figure.unit_count, build=figure.build_id, version=figure.method_version)),
    ]
    columns = [t(f"trace.column.{name}", lang) for name in ("weight", "unit", "attributes", "rows")]
    for role, side in _sides(found):
        published = figure.numerator if role == "numerator" else figure.denominator
        agrees = "trace.agrees" if side.sum == (published or 0) else "trace.differs"
        verdict = t(agrees, lang, published=number(published))
        body += [
            heading(t(f"trace.{role}", lang, sum=number(side.sum), units=side.unit_count, verdict=verdict)),
            table(columns, (_line(unit, lang) for unit in side.units), numbers=(0,)),
        ]
        if side.next is not None:
            body.append(paragraph(t("trace.more", lang, count=side.unit_count - side.next, offset=side.next), "note"))
    if beside is not None:
        body += _excluded(beside, lang)
    return page(title, lang, body)


def _excluded(beside: "Excluded", lang: str) -> list[str]:
    columns = [t(f"trace.column.{name}", lang) for name in ("unit", "attributes", "reasons", "rows")]
    body = []
    for role, reasons in beside.counts.items():
        body += [
            heading(t(f"trace.excluded.{role}", lang)),
            table(
                [t("trace.column.reasons", lang), t("trace.column.units", lang)],
                ((t(f"trace.reason.{reason}", lang), str(units)) for reason, units in reasons.items()),
                numbers=(1,),
            ),
            table(columns, (_excluded_line(one, lang) for one in beside.units if one.role == role)),
        ]
    return [
        *body,
        heading(t("trace.put_aside", lang, count=len(beside.rows))),
        table(
            [t(f"trace.column.{name}", lang) for name in ("rows", "reasons", "instead")],
            ((row_text(one.row, lang), ", ".join(one.rules), instead_text(one.instead, lang)) for one in beside.rows),
        ),
    ]


def _excluded_line(one: "ExcludedUnit", lang: str) -> tuple[str, ...]:
    reasons = ", ".join(t(f"trace.reason.{reason}", lang) for reason in one.reasons)
    return f"{one.unit_type} {one.unit_id}", attributes_text(one.attributes), reasons, _rows(one.source_rows, lang)


def _line(unit: "Unit", lang: str) -> tuple[str, ...]:
    name = f"{unit.unit_type} {unit.unit_id}"
    return number(unit.weight) or "", name, attributes_text(unit.attributes), _rows(unit.source_rows, lang)


def _rows(rows: "tuple[SourceRow, ...]", lang: str) -> str:
    return "; ".join(row_text(row, lang) for row in rows)


def _sides(found: "Trace") -> list[tuple[str, "Side"]]:
    sides = [("numerator", found.numerator)]
    return sides if found.denominator is None else [*sides, ("denominator", found.denominator)]
