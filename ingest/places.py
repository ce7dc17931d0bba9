"""From a row's number to its place in the archived file: what an evaluator's trace ends with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from ingest.archive import path_of
from ingest.errors import NotReady
from ingest.readers import Findings, Naming, Row, read
from ingest.spec import SourceSpec


def row_line(archive: Path, spec: SourceSpec, sha256: str, row_number: int, region: str, business_date: date) -> tuple[int, Row]:
    """`row_places` of one row."""
    return row_places(archive, spec, sha256, [row_number], region, business_date)[row_number]


def row_places(
    archive: Path, spec: SourceSpec, sha256: str, row_numbers: Iterable[int], region: str, business_date: date
) -> dict[int, tuple[int, Row]]:
    """Row number (the low half of a row_id) → (place, cells) of the asked rows, in one pass over the file.

    The place is the line where the row begins (csv, delimited; the first line is 1), the row of the sheet (xlsx) or the number
    of the record, deleted ones counted (dbf). The cells are those delivered, in the spec's order: personal data, for the steward
    only. Raises NotReady when the archive has no such file or the file no such row.
    """
    path = path_of(archive, sha256)
    if not path.exists():
        raise NotReady(f"the archive has no file {sha256}")
    wanted = sorted(set(row_numbers))
    found: dict[int, tuple[int, Row]] = {}
    before = 0
    for batch in read(spec, path, Naming(region, business_date), Findings()):
        for number in wanted[len(found) :]:
            if number > before + len(batch.rows):
                break
            found[number] = (batch.places[number - before - 1], batch.rows[number - before - 1])
        before += len(batch.rows)
        if len(found) == len(wanted):
            return found
    missing = ", ".join(str(number) for number in wanted[len(found) :])
    raise NotReady(f"the file {sha256} has no row {missing}")
