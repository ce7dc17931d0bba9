"""What comes into the archive is what was read, and what lies there is what it is named after."""

from __future__ import annotations

import io
from pathlib import Path

from ingest.archive import Incoming, store


class Growing(io.BytesIO):
    """A file that somebody writes on to after it was read to its end."""

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if not data:
            place = self.tell()
            self.write(b"more")
            self.seek(place)
        return data


def test_a_file_that_grows_after_its_end_is_kept_as_it_was_read(tmp_path: Path) -> None:
    with Incoming(tmp_path, Growing(b"delivered")) as incoming:
        seen = incoming.whole()
        archived = incoming.finish()
    assert archived.sha256 == seen.sha256 and archived.path.read_bytes() == b"delivered"


def test_a_damaged_file_is_mended_by_the_same_bytes(tmp_path: Path) -> None:
    path = store(tmp_path, io.BytesIO(b"delivered")).path
    path.chmod(0o644)
    path.write_bytes(b"delivereD")
    assert store(tmp_path, io.BytesIO(b"delivered")).path == path
    assert path.read_bytes() == b"delivered" and path.stat().st_mode & 0o777 == 0o444
