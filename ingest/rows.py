"""Batches as read become rows of COPY: transformed, numbered, written in its text format."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from ingest.normalise import EXACT, Column
from ingest.pseudonym import Pseudonymiser
from ingest.readers import Batch
from ingest.spec import SourceSpec
from ingest.transform import RawBatch, Transformer

ROW_BITS = 32


def row_id(delivery_id: int, row_number: int) -> int:
    """The number of a row in all the warehouse; data rows count from 1."""
    return (delivery_id << ROW_BITS) + row_number


class CopyRows(NamedTuple):
    """Lines of COPY's text format with the empty text for null.

    sound    row_id and the columns of raw.
    faulty   the same, and behind them the rule ids of what was found while reading.
    """

    sound: bytes
    faulty: bytes


class RowMaker:
    """Makes the rows of one delivery; `totals` are the exact sums asked for (by warehouse name)."""

    def __init__(self, spec: SourceSpec, key: bytes, delivery_id: int, totals: frozenset[str]) -> None:
        self._transformer = Transformer(spec, Pseudonymiser(key), totals)
        self._delivery_id = delivery_id

    @property
    def totals(self) -> dict[str, Decimal]:
        """Sums so far."""
        return self._transformer.totals

    def add(self, totals: dict[str, Decimal]) -> None:
        """Sums of rows that were made elsewhere."""
        for name, total in totals.items():
            self._transformer.totals[name] = EXACT.add(self._transformer.totals[name], total)

    def row_id(self, row_number: int) -> int:
        """The row_id of a row of this delivery."""
        return row_id(self._delivery_id, row_number)

    def rows(self, batch: Batch, row_numbers: Sequence[int]) -> CopyRows:
        """The rows of a batch, which have these numbers in the file."""
        return _copy_rows(self._transformer.apply(batch), [self.row_id(number) for number in row_numbers])


def _copy_rows(raw: RawBatch, row_ids: list[int]) -> CopyRows:
    columns = [_escaped(column) for column in raw.columns] if raw.odd else raw.columns
    lines = list(map("\t".join, zip(map(str, row_ids), *columns, strict=True)))
    if not any(raw.faults):
        return CopyRows(_encoded(lines), b"")
    sound = [line for line, faults in zip(lines, raw.faults, strict=True) if not faults]
    faulty = [f"{line}\t{_array(faults)}" for line, faults in zip(lines, raw.faults, strict=True) if faults]
    return CopyRows(_encoded(sound), _encoded(faulty))


def _encoded(lines: list[str]) -> bytes:
    # A workbook can hold half of a surrogate pair, which no encoding has
    return "".join(["\n".join(lines), "\n"]).encode("utf-8", "replace") if lines else b""


def _array(faults: tuple[str, ...]) -> str:
    return "{" + ",".join(f'"{fault}"' for fault in faults) + "}"


def _escaped(cells: Column) -> Column:
    whole = "".join(cells)
    if "\\" in whole or "\t" in whole or "\n" in whole or "\r" in whole:
        return [_escape(cell) for cell in cells]
    return cells


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
