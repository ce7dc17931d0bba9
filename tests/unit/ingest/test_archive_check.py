from __future__ import annotations

import io
import os
from pathlib import Path

from ingest.archive import store
from ingest.archive_check import Finding, verify


def test_every_kind_of_damage_is_found_and_named(tmp_path: Path) -> None:
    contents = (b"a" * 3_000_000, b"b", b"c", b"d", b"eeee", b"f")
    whole, gone, changed, strange, cut, loose = (store(tmp_path, io.BytesIO(data)) for data in contents)
    named = [one.sha256 for one in (whole, gone, changed, cut, loose)]
    assert list(verify(tmp_path, [*named, strange.sha256])) == []
    gone.path.unlink()
    changed.path.chmod(0o644)
    changed.path.write_bytes(b"C")
    cut.path.chmod(0o644)
    os.truncate(cut.path, 2)
    cut.path.chmod(0o444)
    loose.path.chmod(0o644)
    (tmp_path / "incoming" / "tmp1").write_bytes(b"half")
    seen: list[tuple[int, int]] = []
    found = set(verify(tmp_path, named, lambda done, of: seen.append((done, of))))
    assert found == {
        Finding("missing", gone.sha256),
        Finding("changed", changed.sha256),
        Finding("changed", cut.sha256),
        Finding("writable", loose.sha256),
        Finding("unknown", strange.sha256),
        Finding("leftover", "tmp1"),
    }
    assert seen == [(number, 5) for number in range(1, 6)]
