"""Whether the archive is what it was: every file hashed again, and held against what the ledger names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ingest.archive import path_of

_CHUNK = 1 << 20
_THREADS = 2  # hashing lets go of the interpreter; a disk gives little more to more
Kind = Literal["missing", "changed", "unreadable", "writable", "unknown", "leftover"]


@dataclass(frozen=True)
class Finding:
    """What is wrong with a file: `missing` (the ledger names it), `changed` (its bytes are others), `unreadable`, `writable` (its
    mode lets somebody change it), `unknown` (the ledger does not name it), `leftover` (half a copy). `name` is the sha256, or the
    name of what has none."""

    kind: Kind
    name: str


def verify(archive: Path, named: Iterable[str], report: Callable[[int, int], object] = lambda *_: None) -> Iterator[Finding]:
    """What is wrong, in the order of the names. `named` are the sha256 that the ledger knows; `report` is told (done, of)."""
    wanted = sorted(set(named))
    with ThreadPoolExecutor(_THREADS) as pool:
        for done, finding in enumerate(pool.map(lambda sha256: _judge(archive, sha256), wanted), start=1):
            report(done, len(wanted))
            if finding is not None:
                yield finding
    known = {path_of(archive, sha256) for sha256 in wanted}
    for path in sorted(archive.rglob("*")):
        if path.is_file() and path not in known:
            is_copy = path.parent == archive / "incoming"
            yield Finding("leftover" if is_copy else "unknown", path.name)


def _judge(archive: Path, sha256: str) -> Finding | None:
    digest = hashlib.sha256()
    try:
        with path_of(archive, sha256).open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            while data := file.read(_CHUNK):
                digest.update(data)
    except FileNotFoundError:
        return Finding("missing", sha256)
    except OSError:
        return Finding("unreadable", sha256)
    if digest.hexdigest() != sha256:
        return Finding("changed", sha256)
    return Finding("writable", sha256) if mode & 0o222 else None
