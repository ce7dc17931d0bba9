"""The processes that make rows: the key reaches them by a pipe, and nobody else can see it."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from ingest.readers.delimited_text import Layout
from ingest.readers.records import Chunk
from ingest.spec import load_spec
from ingest.worker import Job, Parcel
from ingest.workers import Workers

KEY = bytes(range(7, 39))


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_the_key_is_not_in_the_process_list() -> None:
    spec = load_spec("population")
    layout = Layout("utf-8", ",", True, len(spec.columns), None)
    chunk = Chunk(("2010,520381," + "1," * (len(spec.columns) - 3) + "F\n").encode(), 0, 1, 1)
    with Workers(Job(spec, layout, KEY, 1, frozenset()), 1) as workers:
        made = list(workers.rows(iter([Parcel((chunk,), 0)])))
        children = psutil.Process().children()
        seen = b"".join(
            (Path("/proc") / str(child.pid) / name).read_bytes() for child in children for name in ("cmdline", "environ")
        )
    assert len(made) == 1 and made[0].sound and children
    assert KEY not in seen and KEY.hex().encode() not in seen.lower()
