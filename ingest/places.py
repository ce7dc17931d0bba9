"""From a row's number to its place in the archived file: what an evaluator's trace ends with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ingest.archive import path_of
from ingest.errors import NotReady
from ingest.readers import Batch, Findings, Naming, Row, Unsplit, read
from ingest.readers.delimited_text import open_text, parse
from ingest.readers.packed import data_of
from ingest.spec import SourceSpec


@dataclass(frozen=True)
class Placed:
    """A row in its archived file.

    place    the line where it begins (csv, delimited; the first line is 1), the row of the sheet (xlsx) or the number of the
             record, deleted ones counted (dbf).
    cells    as delivered, in the spec's order.
    unsplit  of a row of a wrong number of fields what stands there; its cells are all None.
    """

    place: int
    cells: Row
    unsplit: Unsplit | None = None


def archived_batches(archive: Path, spec: SourceSpec, sha256: str, naming: Naming) -> Iterator[Batch]:
    """The batches of an archived file, whatever it came packed in. Raises NotReady when the archive does not have it."""
    path = path_of(archive, sha256)
    if not path.exists():
        raise NotReady(f"the archive has no file {sha256}")
    with data_of(spec, path) as data:
        if isinstance(data, Path):
            yield from read(spec, data, naming, Findings())
            return
        layout, chunks = open_text(spec, data, naming, Findings())
        for chunk in chunks:
            yield parse(layout, chunk)


def row_line(archive: Path, spec: SourceSpec, sha256: str, row_number: int, region: str, business_date: date) -> Placed:
    """`row_places` of one row."""
    return row_places(archive, spec, sha256, [row_number], region, business_date)[row_number]


def row_places(
    archive: Path, spec: SourceSpec, sha256: str, row_numbers: Iterable[int], region: str, business_date: date
) -> dict[int, Placed]:
    """Row number (the low half of a row_id) → where and what it is, of the asked rows, in one pass over the file.

    What was delivered is personal data, for the steward only.
    Raises NotReady when the archive has no such file or the file no such row.
    """
    wanted = sorted(set(row_numbers))
    found: dict[int, Placed] = {}
    before = 0
    for batch in archived_batches(archive, spec, sha256, Naming(region, business_date)):
        for number in wanted[len(found) :]:
            if number > before + len(batch.rows):
                break
            index = number - before - 1
            found[number] = Placed(batch.places[index], batch.rows[index], batch.unsplit.get(index))
        before += len(batch.rows)
        if len(found) == len(wanted):
            return found
    missing = ", ".join(str(number) for number in wanted[len(found) :])
    raise NotReady(f"the file {sha256} has no row {missing}")
