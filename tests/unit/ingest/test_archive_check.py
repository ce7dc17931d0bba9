from __future__ import annotations

import io
from pathlib import Path

from ingest.archive import store
from ingest.archive_check import Finding, verify


def test_every_kind_of_damage_is_found_and_named(tmp_path: Path) -> None:
    whole, gone, changed, strange = (store(tmp_path, io.BytesIO(data)) for data in (b"a" * 3_000_000, b"b", b"c", b"d"))
    assert list(verify(tmp_path, [whole.sha256, gone.sha256, changed.sha256, strange.sha256])) == []
    gone.path.unlink()
    changed.path.chmod(0o644)
    changed.path.write_bytes(b"C")
    (tmp_path / "incoming" / "tmp1").write_bytes(b"half")
    seen: list[tuple[int, int]] = []
    found = set(verify(tmp_path, [whole.sha256, gone.sha256, changed.sha256], lambda done, of: seen.append((done, of))))
    assert found == {
        Finding("missing", gone.sha256),
        Finding("changed", changed.sha256),
        Finding("unknown", strange.sha256),
        Finding("leftover", "tmp1"),
    }
    assert seen == [(1, 3), (2, 3), (3, 3)]
