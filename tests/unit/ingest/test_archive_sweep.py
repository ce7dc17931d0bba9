"""What a killed process left in the archive's `incoming` goes, what another one is writing stays."""

from __future__ import annotations

import io
import os
from pathlib import Path

from ingest.archive import Incoming, hold, sweep


def test_only_what_nobody_holds_is_swept(tmp_path: Path) -> None:
    sweep(tmp_path)
    with Incoming(tmp_path, io.BytesIO(b"coming")) as incoming:
        incoming.read(2)
        folder = tmp_path / "incoming"
        (folder / "left").write_bytes(b"x")
        for name in ("unpacked_left", "unpacked_held"):
            (folder / name).mkdir()
            (folder / name / "data").write_bytes(b"x")
        descriptor = os.open(folder / "unpacked_held", os.O_RDONLY)
        hold(descriptor)
        sweep(tmp_path)
        assert len(list(folder.iterdir())) == 2 and (folder / "unpacked_held" / "data").exists()
        os.close(descriptor)
        archived = incoming.finish()
        sweep(tmp_path)
        assert list(folder.iterdir()) == []
    assert archived.path.read_bytes() == b"coming"
