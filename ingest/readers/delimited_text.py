"""CSV with a header, and text with `H|` and `T|` lines: decoded strictly and incrementally."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from ingest.errors import DeliveryRefused
from ingest.normalise import iso_date
from ingest.readers import Batch, Findings, Naming, Row, batches, place_columns
from ingest.spec import SourceSpec

CHUNK = 1 << 20
# A field of 4,001 characters costs its row; one of 16 million is an unclosed quote that swallows the file.
_LONGEST_FIELD = 1 << 24
_UTF8_BOM = b"\xef\xbb\xbf"
_TRAILER_ROWS = re.compile(r"[0-9]{1,18}")
_TRAILER_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")


def decoded_lines(path: Path, encoding: str, findings: Findings, chunk: int = CHUNK) -> Iterator[str]:
    """Lines with their ends, split at line feeds only. Raises DeliveryRefused `file.encoding` with the byte's place."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    rest, read, first = "", 0, True
    with path.open("rb") as file:
        while True:
            data = file.read(chunk)
            if first and data.startswith(_UTF8_BOM):
                if encoding != "utf-8":
                    raise DeliveryRefused("file.encoding", "byte 1", f"a UTF-8 byte order mark in a file agreed as {encoding}")
                findings.warnings.append(("file.bom", "byte 1"))
                data, read = data[3:], 3
            first = False
            read += len(data)
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                place = read - len(error.object) + error.start + 1
                raise DeliveryRefused("file.encoding", f"byte {place}", f"the bytes are not {encoding}") from None
            lines = (rest + text).split("\n")
            rest = lines.pop()
            for line in lines:
                yield line + "\n"
            if len(rest) > _LONGEST_FIELD:
                raise DeliveryRefused("file.structure", f"byte {read}", "a line is longer than any row can be")
            if not data:
                break
    if rest:
        yield rest


def read_csv(spec: SourceSpec, path: Path, findings: Findings) -> Iterator[Batch]:
    """A CSV file with a header line; columns are found by name, quoted line breaks are part of their cell."""
    csv.field_size_limit(_LONGEST_FIELD)  # process-wide in Python, and constant
    assert spec.encoding is not None
    reader = csv.reader(decoded_lines(path, spec.encoding, findings), delimiter=spec.delimiter)
    try:
        header = next(reader)
    except StopIteration:
        raise DeliveryRefused("file.missing_column", "line 1", "the file is empty, without a header") from None
    except csv.Error:
        raise DeliveryRefused("file.structure", "line 1", "the header cannot be read as CSV") from None
    positions = place_columns(spec, header, findings)
    return batches(spec, _csv_rows(reader, positions, len(header)))


def _csv_rows(reader: Iterator[list[str]], positions: list[int], width: int) -> Iterator[tuple[int, Row | None, tuple[str, ...]]]:
    in_order = positions == list(range(width))
    line = reader.line_num  # type: ignore[attr-defined]
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise DeliveryRefused("file.structure", f"line {line + 1}", "the line cannot be read as CSV") from None
        if cells:
            if len(cells) != width:
                yield line + 1, None, ()
            else:
                yield line + 1, cells if in_order else [cells[i] for i in positions], ()
        line = reader.line_num  # type: ignore[attr-defined]


def read_delimited(spec: SourceSpec, path: Path, naming: Naming, findings: Findings) -> Iterator[Batch]:
    """`H|<source>|<region>|<yyyymmdd>`, rows by position, `T|<rows>|<sum>`."""
    assert spec.encoding is not None
    lines = decoded_lines(path, spec.encoding, findings)
    head = next(lines, "").rstrip("\r\n").split(spec.delimiter)
    said = [*head[:3], *(iso_date(part) for part in head[3:])]
    if said != ["H", spec.name, naming.region, naming.business_date.isoformat()]:
        raise DeliveryRefused("file.header", "line 1", "the header line does not agree with the file name")
    return batches(spec, _delimited_rows(spec, lines, findings))


def _delimited_rows(
    spec: SourceSpec, lines: Iterator[str], findings: Findings
) -> Iterator[tuple[int, Row | None, tuple[str, ...]]]:
    width = len(spec.columns)
    held: tuple[int, list[str]] | None = None
    for number, line in enumerate(lines, start=2):
        text = line.rstrip("\r\n")
        if not text.strip():
            continue
        if held is not None:
            yield held[0], held[1] if len(held[1]) == width else None, ()
        held = (number, text.split(spec.delimiter))
    if held is None:
        raise DeliveryRefused("file.trailer", "last line", "there is no trailer line")
    findings.trailer = _trailer(*held)


def _trailer(number: int, parts: list[str]) -> tuple[int, Decimal]:
    if len(parts) == 3 and parts[0] == "T" and _TRAILER_ROWS.fullmatch(parts[1]) and _TRAILER_NUMBER.fullmatch(parts[2]):
        return int(parts[1]), Decimal(parts[2])
    raise DeliveryRefused("file.trailer", f"line {number}", "the last line is no trailer: the file is cut short or damaged")
