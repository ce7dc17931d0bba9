"""dBASE III tables. The header is read strictly: a file shorter than its header says is refused before a row is given out."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ingest.errors import DeliveryRefused
from ingest.readers import Batch, Findings, Row, batches, place_columns
from ingest.spec import SourceSpec

_VERSIONS = {0x03, 0x83}  # without and with memo fields
_CODE_PAGES = {0x00, 0x4D, 0x7A}  # not said, 936 (DOS), 936 (Windows)
_RECORDS = 4096
_END_OF_FILE = b"\x1a"
_TRUTH = {"T": "Y", "t": "Y", "Y": "Y", "y": "Y", "F": "N", "f": "N", "N": "N", "n": "N", "?": ""}


@dataclass(frozen=True)
class _Field:
    name: str
    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class _Header:
    records: int
    length: int
    record_length: int
    fields: tuple[_Field, ...]


def read_dbf(spec: SourceSpec, path: Path, findings: Findings) -> Iterator[Batch]:
    """The records that are not marked deleted; fields are found by name, text decoded strictly. A logical field is `Y`, `N` or
    blank, a date field of zeros is blank, every other field its text."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header = _header(file)
        end = header.length + header.records * header.record_length
        if size < end:
            raise DeliveryRefused("file.truncated", "header", f"the header says {header.records} records, the file is shorter")
        file.seek(end)
        _check_end(file.read(header.record_length), header.records)
    positions = place_columns(spec, [field.name for field in header.fields], findings)
    fields = [header.fields[position] for position in positions]
    for field in fields:
        if field.kind not in _READERS:
            raise DeliveryRefused(
                "file.container", f"column {field.name}", f"a field of type {field.kind} is not in the table itself"
            )
    return batches(spec, _rows(spec, path, header, fields))


def _header(file: BinaryIO) -> _Header:
    start = file.read(32)
    if len(start) < 32 or start[0] not in _VERSIONS:
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
        if offset + 16 >= len(descriptors):
            raise DeliveryRefused("file.container", "header", "the list of fields does not end")
        name = descriptors[offset : offset + 11].split(b"\0")[0].decode("cp936", "replace").strip()
        width = descriptors[offset + 16]
        kind = chr(descriptors[offset + 11])
        fields.append(_Field(name, kind if kind.isalpha() and kind.isascii() else "?", position, position + width))
        position += width
    if position != record_length:
        raise DeliveryRefused("file.container", "header", "the fields do not add up to the length of a record")
    return _Header(records, length, record_length, tuple(fields))


def _check_end(behind: bytes, records: int) -> None:
    """Behind the last record stands the mark of the end, and nothing of a record that the header does not count."""
    if not behind.startswith(_END_OF_FILE) and behind.strip(b"\0 \r\n" + _END_OF_FILE):
        raise DeliveryRefused(
            "file.container", f"record {records + 1}", "the file goes on behind the records that its header counts"
        )


def _rows(spec: SourceSpec, path: Path, header: _Header, fields: list[_Field]) -> Iterator[tuple[int, Row, tuple[str, ...]]]:
    encoding = spec.encoding or "cp936"
    length = header.record_length
    parts = [(slice(field.start, field.end), _READERS[field.kind]) for field in fields]
    with path.open("rb") as file:
        file.seek(header.length)
        for first in range(0, header.records, _RECORDS):
            block = file.read(min(_RECORDS, header.records - first) * length)
            for index in range(len(block) // length):
                record = block[index * length : (index + 1) * length]
                mark, number = record[:1], first + index + 1
                if mark == b"*":
                    continue
                if mark != b" ":
                    raise DeliveryRefused("file.container", f"record {number}", "the record has no valid mark in front")
                try:
                    row = [read(record[part].rstrip(b"\0 ").decode(encoding)) for part, read in parts]
                except UnicodeDecodeError:
                    name = _undecodable(record, fields, encoding)
                    raise DeliveryRefused(
                        "file.encoding", f"record {number}, column {name}", f"the bytes are not {encoding}"
                    ) from None
                yield number, row, ()


def _undecodable(record: bytes, fields: list[_Field], encoding: str) -> str:
    for field in fields:
        try:
            record[field.start : field.end].rstrip(b"\0 ").decode(encoding)
        except UnicodeDecodeError:
            return field.name
    return ""


def _as_it_is(text: str) -> str:
    return text


def _logical(text: str) -> str:
    return _TRUTH.get(text, text)


def _date(text: str) -> str:
    return text if text.strip("0 ") else ""


_READERS: dict[str, Callable[[str], str]] = {"C": _as_it_is, "N": _as_it_is, "F": _as_it_is, "D": _date, "L": _logical}
