"""The archive: every complete delivery, byte for byte, named by its sha256, never changed again."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ingest.errors import ArchiveUnwritable

_CHUNK = 1 << 20
_SYNC_EVERY = 1 << 26


@dataclass(frozen=True)
class Archived:
    """A file of the archive."""

    path: Path
    sha256: str
    size: int


def path_of(archive: Path, sha256: str) -> Path:
    """Where the file with these bytes is: `<archive>/<aa>/<sha256>`."""
    return archive / sha256[:2] / sha256


class Incoming:
    """A stream on its way into the archive: what is read of it is hashed and kept. As a context: what is not finished is gone.

    Killed at any point it leaves no half file under a final name, only a temporary one in `<archive>/incoming` for `sweep`.
    """

    def __init__(self, archive: Path, source: BinaryIO) -> None:
        self._archive, self._source = archive, source
        folder = archive / "incoming"
        self._digest, self._size, self._unsynced = hashlib.sha256(), 0, 0
        with _writing(archive):
            folder.mkdir(parents=True, exist_ok=True)
            self._temporary = _locked_file(folder)
        self._syncing = ThreadPoolExecutor(1, "sync the archive")
        self._synced: list[Future[None]] = []
        self._archived: Archived | None = None
        self._is_read = False

    def __enter__(self) -> Incoming:
        return self

    def __exit__(self, *_: object) -> None:
        self._syncing.shutdown()
        # On a full disk closing fails again, on one that is read-only removing does: `sweep` has what is left
        with suppress(OSError):
            self._temporary.close()
        if self._archived is None:
            with suppress(OSError):
                Path(self._temporary.name).unlink(missing_ok=True)

    def read(self, size: int = _CHUNK) -> bytes:
        """The next bytes; none at the end. Raises ArchiveUnwritable."""
        data = self._source.read(size)
        self._is_read = self._is_read or (not data and size != 0)
        self._digest.update(data)
        with _writing(self._archive):
            self._temporary.write(data)
            self._size += len(data)
            self._unsynced += len(data)
            if self._unsynced >= _SYNC_EVERY:
                # to the disk while the reading goes on: at the end nearly all of it is there
                self._temporary.flush()
                self._synced.append(self._syncing.submit(os.fdatasync, self._temporary.fileno()))
                self._unsynced = 0
        return data

    @property
    def is_read(self) -> bool:
        """Whether there is nothing more to read here."""
        return self._is_read

    def whole(self) -> Archived:
        """Read what is left: the file as it came, not yet in its place (unless it is). Without `finish` it is gone at the end."""
        if self._archived is not None:
            return self._archived
        while not self._is_read:
            self.read()
        self._temporary.flush()
        return Archived(Path(self._temporary.name), self._digest.hexdigest(), self._size)

    def finish(self) -> Archived:
        """Read what is left; then the file is on the disk and in its place. One that is there already stays as it is unless it
        is damaged. Raises ArchiveUnwritable."""
        if self._archived is None:
            self.whole()  # no byte more than that: a file that grows meanwhile is another one
            with _writing(self._archive):
                self._temporary.flush()
                self._syncing.shutdown()
                for synced in self._synced:  # the kernel tells of a failed write once: the last fsync may not know of it
                    synced.result()
                os.fsync(self._temporary.fileno())
                self._archived = self._put_in_place()
        return self._archived

    def _put_in_place(self) -> Archived:
        sha256, temporary = self._digest.hexdigest(), Path(self._temporary.name)
        target = path_of(self._archive, sha256)
        if target.exists() and _sha256(target) == sha256:
            temporary.unlink()
        else:
            if not target.parent.exists():
                target.parent.mkdir(exist_ok=True)
                _sync_folder(self._archive)
            temporary.chmod(0o444)
            temporary.replace(target)
            _sync_folder(target.parent)
        return Archived(target, sha256, self._size)


def store(archive: Path, source: BinaryIO) -> Archived:
    """Copy a stream into the archive."""
    with Incoming(archive, source) as incoming:
        return incoming.finish()


def sweep(archive: Path) -> None:
    """Remove from `<archive>/incoming` what a killed process left there: everything that nobody holds a lock on."""
    folder = archive / "incoming"
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        except BlockingIOError:
            pass  # another delivery is coming in
        finally:
            os.close(descriptor)


def hold(descriptor: int) -> None:
    """Keep `sweep` from a file or folder of `incoming`, as long as it is open and its process lives."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)


@contextmanager
def _writing(archive: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveUnwritable(archive, error.strerror or type(error).__name__) from error


def _locked_file(folder: Path) -> Any:
    while True:
        made = tempfile.NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115 (closed by `Incoming`)
        hold(made.fileno())
        if os.fstat(made.fileno()).st_nlink:  # else another process swept before it was locked
            return made
        made.close()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
