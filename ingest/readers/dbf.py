"""dBASE III tables. The header is read strictly: a file shorter than its header says is refused before a row is given out."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ingest.errors import DeliveryRefused
from ingest.readers import Batch, Findings, Row, batches, place_columns
from ingest.spec import SourceSpec

_CODE_PAGES = {0x00, 0x4D, 0x7A}  # not said, 936 (DOS), 936 (Windows)
_RECORDS = 4096


@dataclass(frozen=True)
class _Field:
    name: str
    start: int
    end: int


@dataclass(frozen=True)
class _Header:
    records: int
    length: int
    record_length: int
    fields: tuple[_Field, ...]


def read_dbf(spec: SourceSpec, path: Path, findings: Findings) -> Iterator[Batch]:
    """The records that are not marked deleted; fields are found by name, text decoded strictly."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header = _header(file)
    if size < header.length + header.records * header.record_length:
        raise DeliveryRefused("file.truncated", "header", f"the header says {header.records} records, the file is shorter")
    positions = place_columns(spec, [field.name for field in header.fields], findings)
    return batches(spec, _rows(spec, path, header, [header.fields[i] for i in positions]))


def _header(file: BinaryIO) -> _Header:
    start = file.read(32)
    if len(start) < 32 or start[0] & 0x07 != 3:
        raise DeliveryRefused("file.container", "byte 1", "this is no dBASE III table")
    records, length, record_length = struct.unpack("<IHH", start[4:12])
    if start[29] not in _CODE_PAGES:
        raise DeliveryRefused("file.encoding", "byte 30", "the table names another code page than 936")
    descriptors = file.read(max(length - 32, 0))
    if len(descriptors) < length - 32 or length < 33:
        raise DeliveryRefused("file.truncated", "header", "the file ends inside its header")
    fields: list[_Field] = []
    position = 1
    for offset in range(0, len(descriptors), 32):
        if descriptors[offset] == 0x0D:
            break
        name = descriptors[offset : offset + 11].split(b"\0")[0].decode("cp936", "replace")
        if offset + 16 >= len(descriptors):
            raise DeliveryRefused("file.container", "header", "the list of fields does not end")
        width = descriptors[offset + 16]
        fields.append(_Field(name, position, position + width))
        position += width
    if position != record_length:
        raise DeliveryRefused("file.container", "header", "the fields do not add up to the length of a record")
    return _Header(records, length, record_length, tuple(fields))


def _rows(
    spec: SourceSpec, path: Path, header: _Header, fields: list[_Field]
) -> Iterator[tuple[int, Row | None, tuple[str, ...]]]:
    encoding = spec.encoding or "cp936"
    length = header.record_length
    with path.open("rb") as file:
        file.seek(header.length)
        for first in range(0, header.records, _RECORDS):
            block = file.read(min(_RECORDS, header.records - first) * length)
            for index in range(len(block) // length):
                record = block[index * length : (index + 1) * length]
                number = first + index + 1
                if record[:1] == b"*":
                    continue
                if record[:1] != b" ":
                    raise DeliveryRefused("file.container", f"record {number}", "the record has no valid mark in front")
                yield number, _cells(record, fields, encoding, number), ()


def _cells(record: bytes, fields: list[_Field], encoding: str, number: int) -> list[str]:
    try:
        return [record[field.start : field.end].rstrip(b"\0 ").decode(encoding) for field in fields]
    except UnicodeDecodeError:
        raise DeliveryRefused("file.encoding", f"record {number}", f"the bytes are not {encoding}") from None
