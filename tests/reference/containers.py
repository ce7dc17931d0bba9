"""The four containers: a delivery's bytes as a list of rows, each a list of cleaned cells behind the header's names."""

from __future__ import annotations

import csv
import io
import re
import struct
import zipfile
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl

from .layouts import Layout

csv.field_size_limit(1 << 30)
FULL_WIDTH_DIGITS = {0xFF10 + digit: str(digit) for digit in range(10)}
DIGITS_LOST = "digits lost"
Row = dict[str, str]


class Refused(Exception):
    """A whole delivery does not count; the message says why."""


def clean(cell: str) -> str:
    """Surrounding blanks off, full-width digits as digits."""
    return cell.strip().translate(FULL_WIDTH_DIGITS)


def is_number(cell: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(\.\d+)?", cell, re.ASCII) is not None


def records(content: bytes, layout: Layout, first_line: list[str]) -> list[Row | None]:
    """The data rows, None for one with a wrong number of fields. `first_line`: what a text says behind its `H`."""
    if layout.container == "csv":
        table = _csv(content, layout.encoding)
    elif layout.container == "lines":
        table = _lines(content, layout, first_line)
    elif layout.container == "dbf":
        table = _dbf(content, layout.encoding)
    else:
        table = _sheet(content, layout.titles)
    header = [clean(name) for name in table[0]] if table else []
    if any(header.count(column) != 1 for column in layout.columns):
        raise Refused("header")
    return [dict(zip(header, map(clean, row), strict=True)) if len(row) == len(header) else None for row in table[1:]]


def _text(content: bytes, encoding: str) -> str:
    if encoding != "utf-8" and content.startswith(b"\xef\xbb\xbf"):
        raise Refused("a UTF-8 BOM")
    try:
        return content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        raise Refused("encoding") from error


def _csv(content: bytes, encoding: str) -> list[list[str]]:
    return [line for line in csv.reader(io.StringIO(_text(content, encoding), newline="")) if line]


def _lines(content: bytes, layout: Layout, first_line: list[str]) -> list[list[str]]:
    lines = [line.split("|") for line in _text(content, layout.encoding).replace("\r\n", "\n").split("\n") if line]
    if len(lines) < 2 or lines[0] != ["H", *first_line]:
        raise Refused("header line")
    rows, last, paid = lines[1:-1], lines[-1], layout.columns.index("PAID")
    cells = [clean(row[paid]) for row in rows if len(row) == len(layout.columns)]
    total = sum((Decimal(cell) for cell in cells if is_number(cell)), Decimal(0))
    if len(last) != 3 or last[0] != "T" or last[1] != str(len(rows)) or not is_number(last[2]) or Decimal(last[2]) != total:
        raise Refused("trailer line")
    return [layout.columns, *rows]


def _dbf(content: bytes, encoding: str) -> list[list[str]]:
    """dBASE III: a head of 32 bytes, 32 for each field, records of one length; `*` in front marks a deleted one."""
    count, head, length = struct.unpack_from("<IHH", content, 4)
    if len(content) < head + count * length:
        raise Refused("shorter than its header says")
    names: list[str] = []
    widths: list[int] = []
    for at in range(32, head - 1, 32):
        if content[at] == 0x0D:
            break
        names.append(content[at : at + 11].split(b"\0")[0].decode(encoding))
        widths.append(content[at + 16])
    table = [names]
    for number in range(count):
        record = content[head + number * length : head + (number + 1) * length]
        if record[:1] == b"*":
            continue
        row, at = [], 1
        for width in widths:
            try:
                row.append(record[at : at + width].decode(encoding))
            except UnicodeDecodeError as error:
                raise Refused("encoding") from error
            at += width
        table.append(row)
    return table


def _sheet(content: bytes, titles: int) -> list[list[str]]:
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise Refused("no workbook") from error
    lines = [[_cell(cell) for cell in row] for row in book.worksheets[0].iter_rows(min_row=1 + titles, values_only=True)]
    width = len(lines[0]) if lines else 0
    while width and not lines[0][width - 1]:
        width -= 1
    return [(line + [""] * width)[:width] for line in lines if any(line)]


def _cell(value: Any) -> str:
    """A cell as text; a number by its shortest decimal text."""
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, int | float):
        return DIGITS_LOST if abs(value) >= 10**15 else format(Decimal(repr(value)).normalize(), "f")
    return str(value)
