"""An opened figure as CSV and as a page that stands alone."""

import csv
import io
import json
from typing import TYPE_CHECKING

from warehouse.formulas import harmless
from warehouse.numbers import number
from warehouse.pages import heading, page, paragraph, table
from warehouse.texts import t

if TYPE_CHECKING:
    from warehouse.trace import Side, Trace, Unit

_COLUMNS = ("role", "unit_type", "unit_id", "weight", "attributes", "row_id", "source", "file_name", "line", "sha256")


def as_csv(found: "Trace") -> str:
    """A line for each row behind each unit; a unit's weight stands on every line of it, and counts once."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for role, side in _sides(found):
        for unit in side.units:
            attributes = json.dumps(unit.attributes, ensure_ascii=False, sort_keys=True)
            first = [role, harmless(unit.unit_type), harmless(unit.unit_id), number(unit.weight), attributes]
            for row in unit.source_rows:
                writer.writerow([*first, row.row_id, row.source, harmless(row.file_name), row.line, row.sha256])
            if not unit.source_rows:
                writer.writerow([*first, "", "", "", "", ""])
    return text.getvalue()


def as_html(found: "Trace", lang: str) -> str:
    """The figure, and of each side the units of the page with their rows."""
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
    return page(title, lang, body)


def _line(unit: "Unit", lang: str) -> tuple[str, ...]:
    attributes = " ".join(
        f"{name}={';'.join(value) if isinstance(value, list) else value}" for name, value in sorted(unit.attributes.items())
    )
    rows = "; ".join(
        t(
            "trace.row",
            lang,
            file=row.file_name,
            line="?" if row.line is None else row.line,
            row=row.row_id,
            sha256=row.sha256[:12],
        )
        for row in unit.source_rows
    )
    return number(unit.weight) or "", f"{unit.unit_type} {unit.unit_id}", attributes, rows


def _sides(found: "Trace") -> list[tuple[str, "Side"]]:
    sides = [("numerator", found.numerator)]
    return sides if found.denominator is None else [*sides, ("denominator", found.denominator)]
