"""CSV with a header, and text with `H|` and `T|` lines: cut into chunks of whole records, each decoded strictly and split."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from ingest.errors import DeliveryRefused
from ingest.normalise import iso_date
from ingest.readers import Batch, Findings, Naming, Row, Unsplit, place_columns
from ingest.readers.records import CHUNK, LONGEST_RECORD, Chunk, CsvCut, Records, Stream, cut_lines
from ingest.spec import SourceSpec

LONGEST_PLAIN_LINE = 4000
_UTF8_BOM = b"\xef\xbb\xbf"
_TRAILER_ROWS = re.compile(r"[0-9]{1,18}")
_TRAILER_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")


@dataclass(frozen=True)
class Layout:
    """How the chunks of a file are split: `positions` of the spec's columns among `width` fields, None when they are in order."""

    encoding: str
    delimiter: str
    quoted: bool
    width: int
    positions: tuple[int, ...] | None


def read_text(spec: SourceSpec, path: Path, naming: Naming, findings: Findings, chunk: int = CHUNK) -> Iterator[Batch]:
    """The batches of a file. Raises DeliveryRefused on the way."""
    with path.open("rb") as file:
        layout, chunks = open_text(spec, file, naming, findings, chunk)
        for one in chunks:
            yield parse(layout, one)


def open_text(
    spec: SourceSpec, stream: Stream, naming: Naming, findings: Findings, chunk: int = CHUNK
) -> tuple[Layout, Iterator[Chunk]]:
    """Judge the header; then chunks of whole records, for `parse`. The trailer is in `findings` after the last one."""
    assert spec.encoding is not None
    csv.field_size_limit(LONGEST_RECORD)  # process-wide in Python, and constant
    if spec.format == "csv":
        return _open_csv(spec, spec.encoding, stream, findings, chunk)
    return _open_delimited(spec, spec.encoding, stream, naming, findings, chunk)


def resume(spec: SourceSpec, stream: Stream, offset: int, lines: int, chunk: int = CHUNK) -> Iterator[Chunk]:
    """The chunks of a file from a record on that begins behind so many bytes and lines; the stream stands there."""
    assert spec.encoding is not None
    records = Records(stream, CsvCut(spec.encoding, spec.delimiter) if spec.format == "csv" else cut_lines, chunk)
    records.offset, records.lines = offset, lines
    return iter(records)


def _open_csv(spec: SourceSpec, encoding: str, stream: Stream, findings: Findings, chunk: int) -> tuple[Layout, Iterator[Chunk]]:
    cut = CsvCut(encoding, spec.delimiter)
    records = Records(stream, cut, chunk)
    more = _after_mark(records, encoding, findings)
    while (found := cut.first_record(records.rest, not more)) is None or (more and b"\n" not in records.rest):
        more = records.fill()
    names, taken = found
    if not taken.length:
        raise DeliveryRefused("file.missing_column", "line 1", "the file is empty, without a header")
    if names is None:
        raise DeliveryRefused("file.structure", "line 1", "the header cannot be read as CSV")
    _decode(records.skip(taken.length, taken.lines), encoding, records.offset - taken.length)
    positions = place_columns(spec, names, findings)
    in_order = positions == list(range(len(names)))
    return Layout(encoding, spec.delimiter, True, len(names), None if in_order else tuple(positions)), iter(records)


def _open_delimited(
    spec: SourceSpec, encoding: str, stream: Stream, naming: Naming, findings: Findings, chunk: int
) -> tuple[Layout, Iterator[Chunk]]:
    records = Records(stream, cut_lines, chunk)
    more = _after_mark(records, encoding, findings)
    while more and b"\n" not in records.rest:
        more = records.fill()
    line = records.skip(records.rest.find(b"\n") + 1 or len(records.rest), 1)
    head = _decode(line, encoding, records.offset - len(line)).rstrip("\r\n").split(spec.delimiter)
    said = [*head[:3], *(iso_date(part) for part in head[3:])]
    if said != ["H", spec.name, naming.region, naming.business_date.isoformat()]:
        raise DeliveryRefused("file.header", "line 1", "the header line does not agree with the file name")

    def chunks() -> Iterator[Chunk]:
        yield from records
        last = records.rest.partition(b"\n")[0].rstrip(b"\r")
        if not last.strip():
            raise DeliveryRefused("file.trailer", "last line", "there is no trailer line")
        findings.trailer = _trailer(records.lines + 1, _decode(last, encoding, records.offset).split(spec.delimiter))

    return Layout(encoding, spec.delimiter, False, len(spec.columns), None), chunks()


def _after_mark(records: Records, encoding: str, findings: Findings) -> bool:
    """Begin to read; a byte order mark is noticed and left out. False when the file is read through."""
    more = True
    while more and len(records.rest) < len(_UTF8_BOM):
        more = records.fill()
    if records.rest.startswith(_UTF8_BOM):
        if encoding != "utf-8":
            raise DeliveryRefused("file.encoding", "byte 1", f"a UTF-8 byte order mark in a file agreed as {encoding}")
        findings.warnings.append(("file.bom", "byte 1"))
        records.skip(len(_UTF8_BOM))
    return more


def parse(layout: Layout, chunk: Chunk) -> Batch:
    """Decode and split a chunk. Raises DeliveryRefused with the place of bytes or lines that cannot be read."""
    text = _decode(chunk.data, layout.encoding, chunk.offset)
    plain = text.replace("\r\n", "\n") if "\r" in text else text
    lines = plain.removesuffix("\n").split("\n")
    if len(lines) == chunk.records and not chunk.spans and "\r" not in plain:
        places = range(chunk.lines_before + 1, chunk.lines_before + 1 + len(lines))
        return parse_lines(layout, lines, places, _odd(plain, lines))
    if layout.quoted and ('"' in text or "\r" in plain):
        rows, numbers = _through_csv(layout, text, chunk.lines_before)
    else:
        rows, numbers = _by_line(layout, plain, chunk)
    assert len(rows) == chunk.records, "cutting and splitting disagree"
    return _batch(layout, rows, numbers, True)


def unfolded(chunk: Chunk) -> bytes:
    """The chunk's bytes with each record on one line: a record of several has \\x01 for each byte of a line end within."""
    if not chunk.spans:
        return chunk.data
    data = bytearray(chunk.data)
    for start, end in chunk.spans:
        whole = chunk.data[start:end].removesuffix(b"\n")
        data[start : start + len(whole)] = whole.replace(b"\r\n", b"\1\1").replace(b"\n", b"\1")
    return bytes(data)


def left_lines(layout: Layout, chunk: Chunk, left: Sequence[tuple[int, int, int]]) -> tuple[list[str], list[int]] | None:
    """Text and place of some of the chunk's records (index, first byte, byte behind); None when a byte is no character."""
    try:
        texts = [chunk.data[start:end].decode(layout.encoding) for _, start, end in left]
    except UnicodeDecodeError:
        return None
    more = [(start, chunk.data.count(b"\n", start, end) - 1) for start, end in chunk.spans]
    first = chunk.lines_before + 1
    return texts, [first + index + sum(n for before, n in more if before < start) for index, start, _ in left]


def parse_lines(layout: Layout, lines: Sequence[str], places: Sequence[int], odd: bool) -> Batch:
    """Split lines that are a row each; `odd` as of `Batch`."""
    rows = [
        _through_csv(layout, line, place - 1)[0][0] if layout.quoted and '"' in line else line.split(layout.delimiter)
        for place, line in zip(places, lines, strict=True)
    ]
    return _batch(layout, rows, places, odd)


def _odd(text: str, lines: list[str]) -> bool:
    mind = "\\" in text or "\t" in text or "\0" in text or "\1" in text
    return mind or max(map(len, lines), default=0) > LONGEST_PLAIN_LINE


def _batch(layout: Layout, rows: list[list[str]], places: Sequence[int], odd: bool) -> Batch:
    if set(map(len, rows)) == {layout.width} and layout.positions is None:
        return Batch(rows, {}, places, odd)
    empty: Row = (None,) * (layout.width if layout.positions is None else len(layout.positions))
    kept: list[Row] = []
    faults: dict[int, tuple[str, ...]] = {}
    unsplit: dict[int, Unsplit] = {}
    for row in rows:
        if len(row) != layout.width:
            faults[len(kept)] = ("row.field_count",)
            unsplit[len(kept)] = Unsplit(row)
            kept.append(empty)
        else:
            kept.append(row if layout.positions is None else [row[position] for position in layout.positions])
    return Batch(kept, faults, places, odd, unsplit)


def _through_csv(layout: Layout, text: str, lines_before: int) -> tuple[list[list[str]], list[int]]:
    *whole, last = text.split("\n")
    reader = csv.reader([*(f"{line}\n" for line in whole), *([last] if last else [])], delimiter=layout.delimiter)
    rows: list[list[str]] = []
    places: list[int] = []
    line = 0
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return rows, places
        except csv.Error:
            place = lines_before + line + 1
            raise DeliveryRefused("file.structure", f"line {place}", "the line cannot be read as CSV") from None
        if row:
            rows.append(row)
            places.append(lines_before + line + 1)
        line = reader.line_num


def _by_line(layout: Layout, text: str, chunk: Chunk) -> tuple[list[list[str]], list[int]]:
    """Lines, blank ones left out (as `records` counts them)."""
    blanks = "\r" if layout.quoted else " \t\r\x0b\x0c"
    numbered = [(n, line) for n, line in enumerate(text.split("\n"), chunk.lines_before + 1) if line.strip(blanks)]
    return [line.rstrip("\r").split(layout.delimiter) for _, line in numbered], [number for number, _ in numbered]


def _decode(data: bytes, encoding: str, offset: int) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DeliveryRefused("file.encoding", f"byte {offset + error.start + 1}", f"the bytes are not {encoding}") from None


def _trailer(number: int, parts: list[str]) -> tuple[int, Decimal]:
    if len(parts) == 3 and parts[0] == "T" and _TRAILER_ROWS.fullmatch(parts[1]) and _TRAILER_NUMBER.fullmatch(parts[2]):
        return int(parts[1]), Decimal(parts[2])
    raise DeliveryRefused("file.trailer", f"line {number}", "the last line is no trailer: the file is cut short or damaged")
