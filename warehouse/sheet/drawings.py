"""What is drawn on a sheet: a QR code and a trend, as SVG."""

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from io import BytesIO

from warehouse.numbers import number
from warehouse.sheet.read import Point

_WIDTH, _HEIGHT, _MARGIN = 620, 180, 34


def qr(text: str) -> str:
    """A QR code as SVG, error correction M."""
    import segno

    made = BytesIO()
    segno.make(text, error="m", micro=False).save(made, kind="svg", scale=3, border=2, xmldecl=False, nl=False)
    return made.getvalue().decode()


def trend(points: Sequence[Point], threshold: Decimal | None, title: str) -> str:
    """A line through the values; a period without one is a gap. The threshold is a dashed line. Empty where there is no
    value at all."""
    known = [(place, point.value) for place, point in enumerate(points) if point.value is not None]
    values = [value for _, value in known] + ([threshold] if threshold is not None else [])
    if not known:
        return ""
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
