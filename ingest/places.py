"""From a row's number to its place in the archived file: what an evaluator's trace ends with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import groupby
from pathlib import Path

from ingest import place_marks
from ingest.archive import path_of
from ingest.errors import NotReady
from ingest.readers import Batch, Findings, Naming, Row, Unsplit, read
from ingest.readers.delimited_text import Layout, open_text, parse, resume
from ingest.readers.packed import data_of
from ingest.readers.records import Chunk
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


def row_line(
    archive: Path, spec: SourceSpec, sha256: str, row_number: int, region: str, business_date: date, marks: Path | None = None
) -> Placed:
    """`row_places` of one row."""
    return row_places(archive, spec, sha256, [row_number], region, business_date, marks)[row_number]


def row_places(
    archive: Path,
    spec: SourceSpec,
    sha256: str,
    row_numbers: Iterable[int],
    region: str,
    business_date: date,
    marks: Path | None = None,
) -> dict[int, Placed]:
    """Row number (the low half of a row_id) → where and what it is, of the asked rows, in one pass over the file.

    `marks`: a folder where places of rows of long text files are kept (`ingest.place_marks`), which are then not read through.
    What was delivered is personal data, for the steward only.
    Raises NotReady when the archive has no such file or the file no such row.
    """
    path = path_of(archive, sha256)
    if not path.exists():
        raise NotReady(f"the archive has no file {sha256}")
    wanted = sorted(set(row_numbers))
    naming = Naming(region, business_date)
    with data_of(spec, path) as data:
        if spec.format not in ("csv", "delimited"):
            assert isinstance(data, Path)
            found = _among(wanted, ((len(batch.rows), batch) for batch in read(spec, data, naming, Findings())))
        elif isinstance(data, Path):
            found = _in_text(spec, data, naming, wanted, marks)
        else:
            layout, chunks = open_text(spec, data, naming, Findings())
            found = _among(wanted, _unparsed(layout, chunks))
    if len(found) < len(wanted):
        missing = ", ".join(str(number) for number in wanted if number not in found)
        raise NotReady(f"the file {sha256} has no row {missing}")
    return found


def _in_text(spec: SourceSpec, path: Path, naming: Naming, wanted: list[int], folder: Path | None) -> dict[int, Placed]:
    """A text that lies in the archive as it was delivered: it can be read from any mark on."""
    with path.open("rb") as file:
        layout, chunks = open_text(spec, file, naming, Findings())
        if folder is None or path.stat().st_size < place_marks.LONG:
            return _among(wanted, _unparsed(layout, chunks))
        known = place_marks.marks(folder, path.name, chunks)
        found: dict[int, Placed] = {}
        for mark, near in groupby(wanted if known else (), key=partial(place_marks.before, known)):
            file.seek(mark.offset)
            found |= _among(list(near), _unparsed(layout, resume(spec, file, mark.offset, mark.lines)), mark.records)
        return found


_Batches = Iterator[tuple[int, "Callable[[], Batch] | Batch"]]


def _unparsed(layout: Layout, chunks: Iterator[Chunk]) -> _Batches:
    for chunk in chunks:
        yield chunk.records, partial(parse, layout, chunk)


def _among(wanted: list[int], batches: _Batches, before: int = 0) -> dict[int, Placed]:
    """The wanted rows (in order, counted from 1) among batches of so many rows each; `before` the first of them stand so many.
    Only those that hold a wanted row are parsed."""
    found: dict[int, Placed] = {}
    for count, given in batches:
        here = [number for number in wanted[len(found) :] if number <= before + count]
        if here:
            batch = given if isinstance(given, Batch) else given()
            for number in here:
                index = number - before - 1
                found[number] = Placed(batch.places[index], batch.rows[index], batch.unsplit.get(index))
        before += count
        if len(found) == len(wanted):
            break
    return found
