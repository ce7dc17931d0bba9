"""The evidence sheet as a page that stands alone, for A4."""

from collections.abc import Sequence
from decimal import Decimal
from html import escape

from warehouse.numbers import number
from warehouse.pages import heading, page, paragraph, table
from warehouse.sheet.read import Point, Sheet
from warehouse.texts import t

_WIDTH, _HEIGHT, _MARGIN = 620, 180, 34


def as_html(sheet: Sheet, lang: str) -> str:
    """The whole page."""
    figure, indicator, target = sheet.figure, sheet.indicator, sheet.target
    names = [(town.name_zh if lang == "zh" else town.name_en) for town in sheet.towns]
    added = sum((town.weight for town in sheet.towns), Decimal(0))
    agrees = "sheet.agrees" if added == (figure.numerator or 0) else "sheet.differs"
    unit = getattr(indicator.unit, lang)
    value = number(figure.value) if figure.value is not None else t(f"trace.availability.{figure.availability}", lang)
    body = [
        f'<div class="aside">{qr(sheet.identifier)}</div>',
        heading(t("sheet.title", lang, name=getattr(indicator.name, lang), indicator=indicator.indicator), 1),
        paragraph(_cell(sheet), "note"),
        f'<p class="figure">{escape(str(value))} <small>{escape(unit)}</small></p>',
        paragraph(
            t("sheet.parts", lang, numerator=number(figure.numerator) or "-", denominator=number(figure.denominator) or "-")
            + " · "
            + t("sheet.units", lang, units=figure.unit_count)
        ),
    ]
    if target is not None:
        met = {True: "met", False: "missed", None: "not_yet"}[target.is_met]
        body += [
            heading(t("sheet.target", lang)),
            paragraph(f"{target.target} · {target.name_zh if lang == 'zh' else target.name_en} · {target.source}"),
            paragraph(
                t(f"sheet.direction.{target.direction}", lang, value=number(target.value) or "-")
                + " · "
                + t(f"sheet.{met}", lang)
            ),
        ]
    body += [
        heading(t("sheet.definition", lang)),
        paragraph(getattr(indicator.definition, lang)),
        paragraph(t("sheet.source", lang, source=getattr(indicator.source_of_definition, lang), version=figure.method_version)),
        *([paragraph(getattr(indicator.caveat, lang), "note")] if indicator.caveat else []),
        heading(t("sheet.trend", lang)),
        trend(sheet.trend, target.value if target else None, t("sheet.trend", lang)),
        heading(t("sheet.towns", lang)),
        table(
            [t(f"sheet.column.{name}", lang) for name in ("town", "code", "units", "weight", "rows")],
            [
                (name, town.geography, f"{town.units:,}", number(town.weight), f"{town.rows:,}")
                for name, town in zip(names, sheet.towns, strict=True)
            ],
            numbers=(2, 3, 4),
        ),
        paragraph(t(agrees, lang, sum=number(added), published=number(figure.numerator) or "-")),
        heading(t("sheet.checks", lang)),
        table(
            [t(f"sheet.column.{name}", lang) for name in ("source", "deliveries", "rules", "warnings", "rows", "put_aside")],
            [
                (one.source, one.deliveries, f"{one.rules:,}", one.warnings, f"{one.rows:,}", f"{one.put_aside:,}")
                for one in sheet.checks
            ],
            numbers=(1, 2, 3, 4, 5),
        ),
        heading(t("sheet.inputs", lang, count=len(sheet.inputs))),
        table(
            [t(f"lineage.column.{name}", lang) for name in ("source", "date", "sequence", "file", "sha256")],
            [(i.source, i.business_date, f"{i.sequence:02d}", i.file_name, i.sha256) for i in sheet.inputs],
        ),
        heading(t("sheet.approvals", lang)),
        _approvals(sheet, lang),
        heading(t("sheet.made", lang)),
        paragraph(t("lineage.build", lang, build=sheet.build.build_id, date=sheet.build.business_date.isoformat())),
        table(
            [t("lineage.column.fact", lang), t("lineage.column.value", lang)],
            [
                (t(f"lineage.fact.{name}", lang), value or "-")
                for name, value in (
                    ("commit", sheet.build.code_commit),
                    ("lock", sheet.build.lock_hash),
                    ("specs", sheet.build.spec_hash),
                    ("digest", sheet.build.digest),
                )
            ],
        ),
        f'<p class="note">{escape(t("sheet.identifier", lang))} <code>{escape(sheet.identifier)}</code></p>',
        paragraph(t("sheet.open", lang, command=command(sheet)), "note"),
    ]
    return page(t("sheet.title", lang, name=getattr(indicator.name, lang), indicator=indicator.indicator), lang, body)


def command(sheet: Sheet) -> str:
    """The call that opens the figure down to its rows."""
    figure = sheet.figure
    words = f"./bureau trace {figure.indicator} --period {figure.period} --geo {figure.geography}"
    return words if figure.breakdown_type == "total" else f"{words} --breakdown {figure.breakdown_type}={figure.breakdown}"


def qr(text: str) -> str:
    """A QR code as inline SVG, error correction M."""
    import segno

    return str(segno.make(text, error="m", micro=False).svg_inline(scale=3, border=2))


def trend(points: Sequence[Point], threshold: Decimal | None, title: str) -> str:
    """A line through the values; a period without one is a gap. The threshold is a dashed line."""
    known = [(place, point.value) for place, point in enumerate(points) if point.value is not None]
    values = [value for _, value in known] + ([threshold] if threshold is not None else [])
    if not known:
        return paragraph("–")
    low, high = min(values), max(values)
    span = high - low or Decimal(1)

    def x(place: int) -> float:
        return _MARGIN + (_WIDTH - 2 * _MARGIN) * (place / max(len(points) - 1, 1))

    def y(value: Decimal) -> float:
        return _HEIGHT - _MARGIN - (_HEIGHT - 2 * _MARGIN) * float((value - low) / span)

    drawn = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>'
    ]
    if threshold is not None:
        drawn.append(
            f'<path d="M{_MARGIN} {y(threshold):.1f}H{_WIDTH - _MARGIN}" stroke="#b33" stroke-dasharray="5 4" fill="none"/>'
        )
    runs: list[list[str]] = []
    before = None
    for place, value in known:
        if before is None or place != before + 1:
            runs.append([])
        runs[-1].append(f"{x(place):.1f} {y(value):.1f}")
        before = place
    drawn += [f'<path d="M{"L".join(run)}" stroke="#246" stroke-width="1.6" fill="none"/>' for run in runs]
    for place, value in known:
        drawn.append(f'<circle cx="{x(place):.1f}" cy="{y(value):.1f}" r="2.6" fill="#246"/>')
        if len(known) <= 6 or place in (known[0][0], known[-1][0]):
            label = escape(number(value) or "")
            drawn.append(f'<text x="{x(place):.1f}" y="{y(value) - 7:.1f}" font-size="11" text-anchor="middle">{label}</text>')
    for place, point in enumerate(points):
        if len(points) <= 6 or place in (0, len(points) - 1):
            period = escape(point.period)
            drawn.append(f'<text x="{x(place):.1f}" y="{_HEIGHT - 10}" font-size="11" text-anchor="middle">{period}</text>')
    return "".join(drawn) + "</svg>"


def _cell(sheet: Sheet) -> str:
    figure = sheet.figure
    return f"{figure.period} · {figure.geography} · {figure.breakdown_type}={figure.breakdown} · {figure.method_version}"


def _approvals(sheet: Sheet, lang: str) -> str:
    if not sheet.approvals:
        return paragraph(t("sheet.no_release", lang))
    rows = []
    for one in sheet.approvals:
        state = t({True: "sheet.approved", False: "sheet.rejected", None: "sheet.waiting"}[one.approved], lang)
        when = one.decided_at.strftime("%Y-%m-%d %H:%M") if one.decided_at else ""
        rows.append((f"R{one.release_id}", one.title, number(one.value) or "-", state, one.decided_by or "", when, one.hash))
    columns = [t(f"sheet.column.{name}", lang) for name in ("release", "title", "value", "state", "by", "when", "hash")]
    return table(columns, rows, numbers=(2,))
