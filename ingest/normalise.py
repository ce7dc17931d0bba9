"""What is done to a delivered cell before anything looks at it, a column of a batch at a time.

Surrounding blanks go (the ideographic one too), blank becomes None, full-width digits become ASCII where the text is a code, a
number, a date or a key, real dates become `YYYY-MM-DD`. Nothing else is changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Context, Decimal, Inexact, Rounded
from functools import lru_cache

Column = list[str | None]

_FULL_WIDTH_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
_DATE = re.compile(r"([0-9]{4})(?:([0-9]{2})([0-9]{2})|-([0-9]{2})-([0-9]{2}))")
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_EXACT = Context(prec=200, traps=[Inexact, Rounded])


def clean(cells: Sequence[str | None], digits: bool) -> Column:
    """Strip the cells, blanks to None; with `digits` full-width digits become ASCII."""
    stripped = [cell.strip() or None if cell else None for cell in cells]
    if not digits or "".join(filter(None, stripped)).isascii():
        return stripped
    return [cell.translate(_FULL_WIDTH_DIGITS) if cell else None for cell in stripped]


@lru_cache(maxsize=65536)
def iso_date(text: str) -> str:
    """`YYYYMMDD` or `YYYY-MM-DD` of a real day as `YYYY-MM-DD`; any other text as it is."""
    match = _DATE.fullmatch(text)
    if not match:
        return text
    year, month, day = match[1], match[2] or match[4], match[3] or match[5]
    return f"{year}-{month}-{day}" if is_day(year, month, day) else text


@lru_cache(maxsize=65536)
def is_day(year: str, month: str, day: str) -> bool:
    """Whether digits name a day of the calendar."""
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def dates(cells: Column) -> Column:
    """`iso_date` over a column."""
    return [iso_date(cell) if cell else None for cell in cells]


def add_up(total: Decimal, cells: Column) -> Decimal:
    """`total` and the numbers of a column, exactly; blanks and texts that are no number count 0 (ruling 8)."""
    for cell in cells:
        if cell and _NUMBER.fullmatch(cell):
            total = _EXACT.add(total, Decimal(cell))
    return total
