"""What differs between the cells counted by brute force and the rows of the warehouse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from .frame import Cell, CellKey

KEY = ("indicator", "period", "geography", "breakdown_type", "breakdown")
RELATIVE = 1e-9
ABSOLUTE = 1e-12  # figures have twelve decimals
QUANTILE = 1.959964


def differences(
    cells: Mapping[CellKey, Cell], rows: Iterable[Mapping[str, object]], day: date | None = None, known_to: date | None = None
) -> list[str]:
    """One sentence for each cell that is missing, extra, doubled or different; none when all agree.

    `rows` are those of `mart.indicator_values` by column name; those of indicators that the calculator does not know are
    left out. With `day`, K, the status is compared too. A row that ends after `known_to` may be stale: then only numerator,
    denominator and unit_count are compared.
    """
    known = {key[0] for key in cells}
    found: set[CellKey] = set()
    told: list[str] = []
    for row in rows:
        indicator, period, geography, kind, member = (str(row[column]) for column in KEY)
        key = (indicator, period, geography, kind, member)
        if indicator not in known:
            continue
        if key in found:
            told.append(f"{key}: twice in the warehouse")
        elif key not in cells:
            told.append(f"{key}: only in the warehouse")
        else:
            may_be_stale = known_to is not None and last_day(period) > known_to
            is_stale = may_be_stale and row["availability"] == "stale"
            told.extend(f"{key}: {what}" for what in _cell(cells[key], row, is_stale))
            if day is not None and row["status"] != status(indicator, period, day):
                told.append(f"{key}: status {row['status']}, by brute force {status(indicator, period, day)}")
        found.add(key)
    return told + [f"{key}: missing in the warehouse" for key in cells if key not in found]


def _cell(cell: Cell, row: Mapping[str, object], stale: bool) -> list[str]:
    exact: dict[str, Fraction | Decimal | int | None] = {
        "numerator": cell.numerator, "denominator": cell.denominator, "unit_count": cell.unit_count,
    }  # fmt: skip
    if not stale:
        exact["value"] = cell.value
    told = []
    for column, expected in exact.items():
        if _number(row[column]) != _number(expected):
            told.append(f"{column} {row[column]}, by brute force {_text(expected)}")
    if not stale and row["availability"] != cell.availability:
        told.append(f"availability {row['availability']}, by brute force {cell.availability}")
    if not stale:
        for column, bound in interval(cell).items():
            given = row[column]
            if not _close(None if given is None else float(str(given)), bound):
                told.append(f"{column} {given}, by brute force {bound}")
    return told


def last_day(period: str) -> date:
    """The last day of a year, quarter or month."""
    year, _, part = period.partition("-")
    month = 3 * int(part[1]) if part.startswith("Q") else int(part or 12)
    return date(int(year) + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def status(indicator: str, period: str, day: date) -> str:
    """F from September of the next year on; where activity of the two years after is asked, from the end of these."""
    year = last_day(period).year
    closed = date(year + 2, 12, 31) if indicator in ("ENT_DEATH_RATE", "ENT_CHURN") else date(year + 1, 9, 1)
    return "F" if day >= closed else "P"


def interval(cell: Cell) -> dict[str, float | None]:
    """The standard error and the bounds of 95 %, none where there is none."""
    if cell.standard_error is None or cell.value is None:
        return {"standard_error": None, "ci_low": None, "ci_high": None}
    half, value = QUANTILE * cell.standard_error, float(cell.value)
    return {"standard_error": cell.standard_error, "ci_low": value - half, "ci_high": value + half}


@lru_cache(maxsize=1 << 16)  # most figures are one of few numbers, and fractions are slow to make
def _number(value: object) -> Fraction | None:
    return None if value is None else Fraction(str(value))


def _text(value: Fraction | Decimal | int | None) -> str:
    return str(float(value)) if isinstance(value, Fraction) and value.denominator != 1 else str(value)


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= max(RELATIVE * max(abs(one), abs(other)), ABSOLUTE)
