"""What is done to a delivered cell before anything looks at it, a column of a batch at a time.

Surrounding blanks go (the ideographic one too), blank becomes None, full-width digits become ASCII where the text is a code, a
number, a date or a key, real dates become `YYYY-MM-DD`. Nothing else is changed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Context, Decimal, Inexact, Rounded
from functools import lru_cache
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

Column = list[str]  # a blank cell is the empty text

_FULL_WIDTH_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
_DATE = re.compile(r"([0-9]{4})(?:([0-9]{2})([0-9]{2})|-([0-9]{2})-([0-9]{2}))")
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?")
EXACT = Context(prec=200, traps=[Inexact, Rounded])


class Memo(dict[K, V]):
    """What a function gives, worked out once for each argument. Beyond `limit` arguments nothing more is remembered."""

    def __init__(self, function: Callable[[K], V], limit: int = 1 << 15) -> None:
        super().__init__()
        self._function, self._limit = function, limit

    def __missing__(self, argument: K) -> V:
        value = self._function(argument)
        if len(self) < self._limit:
            self[argument] = value
        return value


def clean(cells: Sequence[str | None], digits: bool) -> Column:
    """Strip the cells, None becomes the empty text; with `digits` full-width digits become ASCII."""
    try:
        stripped = list(map(str.strip, cells))  # type: ignore[arg-type]
    except TypeError:  # a None among them
        stripped = [cell.strip() if cell else "" for cell in cells]
    if not digits or "".join(stripped).isascii():
        return stripped
    return [cell if cell.isascii() else cell.translate(_FULL_WIDTH_DIGITS) for cell in stripped]


def clean_codes(cells: Sequence[str | None]) -> Column:
    """As `clean` with digits, for a column in which the same few texts stand again and again."""
    return list(map(_CODES.__getitem__, cells))


def clean_dates(cells: Sequence[str | None]) -> Column:
    """As `clean` with digits, and real dates as `iso_date` writes them."""
    return list(map(_DATES.__getitem__, cells))


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


def _code(cell: str | None) -> str:
    return cell.strip().translate(_FULL_WIDTH_DIGITS) if cell else ""


_CODES: Memo[str | None, str] = Memo(_code)
_DATES: Memo[str | None, str] = Memo(lambda cell: iso_date(_code(cell)))


def add_up(total: Decimal, cells: Column) -> Decimal:
    """`total` and the numbers of a column, exactly; blanks and texts that are no number count 0 (ruling 8)."""
    numbers = Counter(cells)
    for cell, times in numbers.items():
        if cell and _NUMBER.fullmatch(cell):
            total = EXACT.add(total, EXACT.multiply(Decimal(cell), times))
    return total
