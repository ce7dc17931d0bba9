"""A disk that is full, small or read-only: a clear error, no half file, and the next try is as if nothing had been."""

from __future__ import annotations

import io
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.archive import path_of, store, sweep
from ingest.errors import ArchiveUnwritable

DATA = os.urandom(3_000_000)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("file systems cannot be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def final_files(archive: Path) -> list[str]:
    return [path.name for path in archive.rglob("*") if path.is_file()]


def test_a_full_disk_ends_in_a_clear_error_and_a_clean_retry(small_disk: Path) -> None:
    kept = store(small_disk / "archive", io.BytesIO(b"before"))
    with pytest.raises(ArchiveUnwritable, match=r"No space left on device.*run the night again") as caught:
        store(small_disk / "archive", io.BytesIO(DATA))
    assert str(small_disk / "archive") in str(caught.value)
    assert final_files(small_disk / "archive") == [kept.sha256]
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    archived = store(small_disk / "archive", io.BytesIO(DATA))
    assert archived.path.read_bytes() == DATA


def test_a_disk_that_becomes_read_only(small_disk: Path) -> None:
    archive = small_disk / "archive"
    kept = store(archive, io.BytesIO(b"before"))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(ArchiveUnwritable, match="Read-only file system"):
        store(archive, io.BytesIO(b"after"))
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    sweep(archive)
    assert final_files(archive) == [kept.sha256]
    assert store(archive, io.BytesIO(b"after")).path.read_bytes() == b"after"


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    """The same for everybody who may not mount: the kernel refuses to write beyond a limit."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(ArchiveUnwritable, match="File too large"):
            store(tmp_path, io.BytesIO(DATA))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert final_files(tmp_path) == []
    archived = store(tmp_path, io.BytesIO(DATA))
    assert path_of(tmp_path, archived.sha256).stat().st_size == len(DATA)


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("")
    with pytest.raises(ArchiveUnwritable):
        store(tmp_path / "archive", io.BytesIO(b"x"))
