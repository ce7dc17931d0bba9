"""Which pseudonym of the old key is which of the new one: read again from the archived files, the only place that has the ids."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from ingest.archive import path_of
from ingest.errors import NotReady
from ingest.places import archived_batches
from ingest.pseudonym import Pseudonymiser
from ingest.readers import Naming
from ingest.spec import SourceSpec
from ingest.transform import Transformer

_CHUNK = 1 << 20


def check_file(archive: Path, sha256: str) -> None:
    """Raises NotReady when the archive does not have the file with these very bytes."""
    path = path_of(archive, sha256)
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while data := file.read(_CHUNK):
                digest.update(data)
    except FileNotFoundError:
        raise NotReady(f"the archive has no file {sha256}") from None
    if digest.hexdigest() != sha256:
        raise NotReady(f"the bytes of the archived file {sha256} have changed")


def holds_ids(spec: SourceSpec) -> bool:
    """Whether deliveries of the source may hold pseudonyms."""
    return bool(_columns(spec))


def pairs(
    archive: Path, spec: SourceSpec, sha256: str, region: str, business_date: date, old: bytes, new: bytes
) -> Iterator[tuple[str, str]]:
    """(pseudonym under the old key, under the new one) of every id of an archived file, each once a batch; nothing else of it."""
    before, after = Transformer(spec, Pseudonymiser(old), frozenset()), Transformer(spec, Pseudonymiser(new), frozenset())
    places = [spec.raw_columns.index(name) for name in _columns(spec)]
    for batch in archived_batches(archive, spec, sha256, Naming(region, business_date)):
        left, right = before.apply(batch), after.apply(batch)
        found = {pair for place in places for pair in zip(left.columns[place], right.columns[place], strict=True)}
        yield from (pair for pair in found if pair[0] != pair[1])


def _columns(spec: SourceSpec) -> list[str]:
    """Columns of ids, and keys, in which an id may have been typed."""
    return [column.name for column in spec.columns if column.holds_id or (column.type == "text" and column.name in spec.key)]
