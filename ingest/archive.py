"""The archive: every complete delivery, byte for byte, named by its sha256, never changed again."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Archived:
    """A file of the archive."""

    path: Path
    sha256: str
    size: int


def path_of(archive: Path, sha256: str) -> Path:
    """Where the file with these bytes is: `<archive>/<aa>/<sha256>`."""
    return archive / sha256[:2] / sha256


def store(archive: Path, source: BinaryIO) -> Archived:
    """Copy a stream into the archive; a file that is there already stays as it is. Killed at any point it leaves no half file
    under a final name (a temporary one at most, in `<archive>/incoming`)."""
    incoming = archive / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=incoming, delete=False) as temporary:
        temp_path = Path(temporary.name)
        try:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                temporary.write(chunk)
            temporary.flush()
            os.fsync(temporary.fileno())
            target = path_of(archive, digest.hexdigest())
            if target.exists():
                temp_path.unlink()
            else:
                target.parent.mkdir(exist_ok=True)
                temp_path.chmod(0o444)
                temp_path.replace(target)
                _sync_folder(target.parent)
        except BaseException:
            temp_path.unlink(missing_ok=True)
            raise
    return Archived(target, digest.hexdigest(), size)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
