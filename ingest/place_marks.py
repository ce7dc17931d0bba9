"""Where rows of a long text file begin, so that one can be found without reading all before it.

A file's marks are worked out when one of its rows is first asked for and kept in a folder, by the file's sha256. They are numbers
only, say nothing that the file does not say, and may be deleted at any time.
"""

from __future__ import annotations

import json
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ingest.readers.records import Chunk

SPACING = 1 << 18  # bytes between marks: so much is cut into records to find a row
LONG = 1 << 22  # a file of fewer bytes is as quickly read


class Mark(NamedTuple):
    """A place where a record begins: how many records, bytes and lines of the file stand before it."""

    records: int
    offset: int
    lines: int


def marks(folder: Path, sha256: str, chunks: Iterable[Chunk]) -> list[Mark]:
    """The marks that are kept, or those of the chunks of the whole file, which are then kept."""
    path = folder / f"{sha256}.json"
    try:
        return [Mark(*one) for one in json.loads(path.read_bytes())]
    except (OSError, ValueError, TypeError):
        found = list(_marked(chunks))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False) as file:
            json.dump(found, file)
        Path(file.name).replace(path)
    except OSError:  # who reads may not write here: the next one works them out anew
        pass
    return found


def _marked(chunks: Iterable[Chunk]) -> Iterator[Mark]:
    records, due = 0, 0
    for chunk in chunks:
        if chunk.offset >= due:
            yield Mark(records, chunk.offset, chunk.lines_before)
            due = chunk.offset + SPACING
        records += chunk.records


def before(found: list[Mark], number: int) -> Mark:
    """The last mark at or before a record, which is counted from 1."""
    return found[bisect_right(found, number - 1, key=lambda mark: mark.records) - 1]
