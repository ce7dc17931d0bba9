"""Readers: an archived file becomes batches of rows in the order of the spec's columns, in one pass with flat memory.

A reader judges the container (header, encoding, length), never a cell. What it refuses is a `DeliveryRefused`; what it only
noticed stands in `Findings` when it is through.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from ingest.errors import DeliveryRefused
from ingest.spec import SourceSpec

Row = Sequence[str | None]


class Unsplit(list[str | None]):
    """The fields of a row that has a wrong number of them: nobody can say of which columns they are."""


BATCH = 250  # what is made of it stays in the processor's cache


@dataclass(frozen=True)
class Batch:
    """Rows in the spec's column order.

    faults      index of a row here → rule ids of what cannot be seen afterwards; a row of a wrong number of fields is all None.
    places      for each row its line (text; the first one), sheet row or record number in the file, from 1.
    unsplit     of a row of a wrong number of fields what stands there.
    odd         False: no cell has a character that COPY or the database minds (control characters, backslash) or is longer than
                a cell may be: it spares looking at every cell.
    """

    rows: Sequence[Row]
    faults: dict[int, tuple[str, ...]]
    places: Sequence[int]
    odd: bool = True
    unsplit: dict[int, Unsplit] = field(default_factory=dict)


@dataclass(frozen=True)
class Naming:
    """What the file's name says; a header line inside must say the same."""

    region: str
    business_date: date


@dataclass
class Findings:
    """What a reader noticed; complete when the iteration has ended. `trailer` is (rows, sum) of a trailer line."""

    warnings: list[tuple[str, str]] = field(default_factory=list)
    trailer: tuple[int, Decimal] | None = None


def read(spec: SourceSpec, path: Path, naming: Naming, findings: Findings) -> Iterator[Batch]:
    """The batches of a file. Raises DeliveryRefused on the way, possibly after rows were given out."""
    if spec.format in ("csv", "delimited"):
        from ingest.readers.delimited_text import read_text

        return read_text(spec, path, naming, findings)
    if spec.format == "dbf":
        from ingest.readers.dbf import read_dbf

        return read_dbf(spec, path, findings)
    from ingest.readers.xlsx import read_xlsx

    return read_xlsx(spec, path, findings)


def place_columns(spec: SourceSpec, header: Sequence[str | None], findings: Findings) -> list[int]:
    """For each column of the spec its position in the header. Unknown further columns are a warning, by position: a file without
    a header would show its first row here."""
    names = [(cell or "").strip() for cell in header]
    while names and not names[-1]:
        names.pop()
    wanted = {column.delivered for column in spec.columns}
    for name in wanted:
        if name not in names:
            raise DeliveryRefused("file.missing_column", f"column {name}", "the column is not in the header")
    for position, name in enumerate(names):
        if name and name in names[:position]:
            raise DeliveryRefused("file.column_twice", f"column {position + 1}", "the column stands twice in the header")
    unknown = [position + 1 for position, name in enumerate(names) if name not in wanted]
    if unknown:
        findings.warnings.append(("file.unknown_column", "columns " + ", ".join(map(str, unknown))))
    return [names.index(column.delivered) for column in spec.columns]


def batches(spec: SourceSpec, rows: Iterator[tuple[int, Row, tuple[str, ...]]]) -> Iterator[Batch]:
    """Group (place, row or its unsplit fields, faults) into batches."""
    empty: Row = (None,) * len(spec.columns)
    held: list[Row] = []
    faults: dict[int, tuple[str, ...]] = {}
    unsplit: dict[int, Unsplit] = {}
    places: list[int] = []
    for place, row, found in rows:
        if isinstance(row, Unsplit):
            found = ("row.field_count",)
            unsplit[len(held)] = row
            row = empty
        if found:
            faults[len(held)] = found
        held.append(row)
        places.append(place)
        if len(held) == BATCH:
            yield Batch(held, faults, places, unsplit=unsplit)
            held, faults, places, unsplit = [], {}, [], {}
    if held:
        yield Batch(held, faults, places, unsplit=unsplit)
