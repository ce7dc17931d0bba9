"""The quick way for rows that need no thought: bytes of the file in, lines of COPY out, compiled by numba.

`PlainRows` takes the lines of which every cell is as `ingest.transform` would leave it or turn it by a simple rule: a real date,
a right resident id, a name in Han characters. All others (quotes, blanks around a cell, a wrong id, a household whose owner's
name may stand misspelt in its business name, …) it hands back, and `ingest.transform` decides. So nothing is decided here that
is not decided there; a test holds both together on any row. Long files are read some five times as fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest import hidden, pseudonym
from ingest.kernel.lines import byte_kinds, pairs_of_gb18030
from ingest.kernel.loop import rows
from ingest.kernel.options import (
    ASCII,
    BUSINESS,
    DATE,
    DECIMALS,
    HOUSEHOLD,
    MASKED,
    NO_15_DIGITS,
    NO_17_DIGITS,
    NO_PLUS,
    PERSON,
    RESIDENT,
    SUMMED,
    TAXPAYER,
    TEXT,
)
from ingest.kernel.sha256 import hmac_states
from ingest.mangled import keeps_digits
from ingest.spec import ColumnSpec, SourceSpec

_ROOM_A_ROW = 400  # what a row may grow by: its number, a pseudonym, dashes
_NAMES = 96  # bytes of the longest name of a table

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Plain:
    """What was made of some lines: COPY lines, the lines left (index, first byte, byte behind), and sums by warehouse name."""

    rows: bytes
    left: list[tuple[int, int, int]]
    totals: dict[str, Decimal]


class PlainRows:
    """Makes rows of plain lines; one for a delivery, a spec, a key."""

    def __init__(
        self, spec: SourceSpec, positions: tuple[int, ...] | None, width: int, key: bytes, totals: frozenset[str]
    ) -> None:
        assert spec.encoding in ("utf-8", "gb18030")
        self._width, self._encoding = width, spec.encoding
        self._kinds = byte_kinds(spec.encoding, spec.delimiter)
        self._pairs = pairs_of_gb18030() if spec.encoding == "gb18030" else np.zeros((126, 256), dtype=np.uint32)
        self._delimiter = ord(spec.delimiter)
        self._summed = [column.name for column in spec.columns if column.name in totals]
        where = positions if positions is not None else tuple(range(width))
        self._program = np.array(
            [(where[index], _operation(column), _options(spec, column, totals)) for index, column in enumerate(spec.columns)],
            dtype=np.int64,
        )
        owner = next((column for column in spec.columns if column.masked_in), None)
        names = [column.name for column in spec.columns]
        self._owner = where[names.index(owner.name)] if owner else -1
        household = owner.household if owner else None
        self._kind = where[names.index(household.column)] if household else -1
        self._codes = _table(household.codes if household else ())
        self._fillers = _table(hidden.NO_NAMES)
        self._surnames = np.sort(np.array([_packed(name.encode()) for name in pseudonym.TWO_CHARACTER_SURNAMES], dtype=np.int64))
        self._endings = _table(pseudonym.LEGAL_PERSON_ENDINGS)
        self._states = hmac_states(key)

    def rows(self, data: bytes, lines: int, first_row_id: int) -> Plain | None:
        """The rows of `lines` lines of the file that are all rows; the first has this row_id. None when that is not so, or there
        are bytes that are no character: then others look at all of them."""
        if self._encoding == "utf-8" and not _is_utf8(data):
            return None
        out = np.empty(len(data) * 3 // 2 + lines * _ROOM_A_ROW, dtype=np.uint8)
        left = np.empty((lines, 3), dtype=np.int64)
        sums = np.zeros(len(self._program), dtype=np.int64)
        length, count, seen = rows(
            np.frombuffer(data, dtype=np.uint8), self._delimiter, self._kinds, self._pairs, self._width, self._program,
            self._owner, self._kind, self._codes, self._fillers, self._surnames, self._endings, self._states, first_row_id, out,
            left, sums,
        )  # fmt: skip
        if seen != lines:
            return None
        summed = sums[(self._program[:, 2] & SUMMED) != 0]
        totals = {name: Decimal(int(total)).scaleb(-DECIMALS) for name, total in zip(self._summed, summed, strict=True)}
        return Plain(out[:length].tobytes(), [tuple(line) for line in left[:count].tolist()], totals)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _operation(column: ColumnSpec) -> int:
    if column.household_name:
        return BUSINESS
    return {"date": DATE, "person_name": PERSON, "resident_id": RESIDENT, "taxpayer": TAXPAYER}.get(column.type, TEXT)


def _options(spec: SourceSpec, column: ColumnSpec, totals: frozenset[str]) -> int:
    masked = {name for other in spec.columns for name in other.masked_in}
    households = {other.household.name for other in spec.columns if other.household}
    options = 0
    if keeps_digits(spec, column) or column.type not in ("text", "person_name"):
        options |= ASCII
    if keeps_digits(spec, column):
        options |= NO_PLUS
    is_free = column.type == "text" and column.max_length is None and column.name not in spec.key
    options |= NO_15_DIGITS if is_free else 0 if column.is_personal else NO_17_DIGITS
    options |= MASKED if column.name in masked else 0
    options |= HOUSEHOLD if column.name in households else 0
    return options | (SUMMED if column.name in totals else 0)


def _packed(six: bytes) -> int:
    """Two Han characters as a number."""
    return int.from_bytes(six, "big")


def _table(words: Any) -> Bytes:
    """A row a word: its length in bytes, then its bytes."""
    encoded = sorted(word.encode() for word in words)
    table = np.zeros((len(encoded), _NAMES + 1), dtype=np.uint8)
    for row, word in zip(table, encoded, strict=True):
        row[0] = len(word)
        row[1 : len(word) + 1] = list(word)
    return table
