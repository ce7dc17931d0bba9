"""Deliveries that come in a zip: one data file, unpacked as it is read, never more than the zip says that it holds.

The manifest's sha256 is of the zip, its rows and totals are of what is inside.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ingest.archive import hold
from ingest.errors import DeliveryRefused
from ingest.readers.records import Stream
from ingest.readers.xlsx import UNPACKED_LIMIT
from ingest.spec import SourceSpec

_BLOCK = 1 << 20
# Tables shrink to a tenth, columns of one value to a fiftieth; what deflate can do at most, a thousandth, is no table
_MOST_SWELLING = 200
_SMALL = 64 * 1000 * 1000  # so little is read whatever it swells by
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError)


@contextmanager
def data_of(spec: SourceSpec, path: Path) -> Iterator[Stream | Path]:
    """The data of an archived file, which was taken in before: of a delivery that came in a zip what is inside."""
    if not zipfile.is_zipfile(path):
        yield path
        return
    with zipfile.ZipFile(path) as container:
        inside = Path(container.namelist()[0])
    if inside.suffix != f".{spec.extension}":  # a workbook is itself a zip
        yield path
        return
    with unpacked(spec, path, inside.stem) as data:
        yield data


@contextmanager
def unpacked(spec: SourceSpec, path: Path, stem: str) -> Iterator[Stream | Path]:
    """The data file in a zip: of a text a stream, of other containers a path that is gone afterwards.

    `stem` is the delivery's name without ending: the data file inside must be called so. Raises DeliveryRefused, also while the
    stream is read.
    """
    with path.open("rb") as file:
        try:
            container = zipfile.ZipFile(file)
        except _DAMAGE:
            raise _damaged("file", "this is no zip, or a damaged one") from None
        member = _only_member(container, f"{stem}.{spec.extension}", path.stat().st_size, spec)
        try:
            stream = container.open(member)
        except _DAMAGE:
            raise _damaged("member 1", "the zip is damaged") from None
        with stream:
            counted = _Counted(stream)
            if spec.is_text:
                yield counted
            else:
                with _on_disk(counted, path.parent.parent) as unpacked_path:
                    yield unpacked_path


def _only_member(container: zipfile.ZipFile, name: str, size: int, spec: SourceSpec) -> zipfile.ZipInfo:
    members = container.infolist()
    if len(members) != 1:
        raise DeliveryRefused("file.several", "file", f"a zip holds one data file, this one {len(members)}")
    member = members[0]
    if member.flag_bits & 1:
        raise DeliveryRefused("file.encrypted", "member 1", "the zip is protected by a password")
    if member.is_dir() or member.filename != name or (member.external_attr >> 28) == 0xA:
        raise DeliveryRefused("file.member_name", "member 1", "the file in the zip is not called as the delivery is")
    if member.compress_type not in _METHODS:
        raise _damaged("member 1", "the zip is compressed in another way than deflate")
    limit = max(_SMALL, _MOST_SWELLING * size) if spec.format != "xlsx" else UNPACKED_LIMIT
    if member.file_size > limit:
        raise DeliveryRefused("file.too_big", "member 1", f"the zip would unpack to {member.file_size} bytes, from {size}")
    return member


class _Counted:
    """What is read of the member: no byte more than the zip's directory says, and at the end zipfile compares the checksum."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""
        try:
            return self._stream.read(size)
        except _DAMAGE:
            raise _damaged("member 1", "the zip is damaged") from None


@contextmanager
def _on_disk(stream: Stream, folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="unpacked", dir=folder / "incoming") as place:
        descriptor = os.open(place, os.O_RDONLY)
        try:
            hold(descriptor)
            target = Path(place) / "data"
            with target.open("wb") as file:
                while block := stream.read(_BLOCK):
                    file.write(block)
            yield target
        finally:
            os.close(descriptor)


def _damaged(place: str, detail: str) -> DeliveryRefused:
    return DeliveryRefused("file.container", place, detail)
