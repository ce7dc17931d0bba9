"""Delivered files read without the product: how many rows they have, and what stands at a place in them."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def count_rows(content: bytes, extension: str) -> int:
    """Data rows: records of a csv without its header, lines between H and T, records of a dbf that are not deleted, sheet rows
    that hold anything below the header (the one with more than one cell)."""
    if extension == "csv":
        return sum(1 for line in csv.reader(io.StringIO(content.decode(_encoding(content)), newline="")) if line) - 1
    if extension == "txt":
        return len(content.decode("gb18030").splitlines()) - 2
    if extension == "dbf":
        records, head, length = struct.unpack("<IHH", content[4:12])
        return sum(content[head + length * number] == 0x20 for number in range(records))
    with zipfile.ZipFile(io.BytesIO(content)) as workbook:
        sheet = ElementTree.fromstring(workbook.read("xl/worksheets/sheet1.xml"))
    filled = [sum(len(cell) > 0 for cell in row) for row in sheet.iter(f"{SHEET}row")]
    header = next(place for place, cells in enumerate(filled) if cells > 1)
    return sum(cells > 0 for cells in filled[header + 1 :])


@lru_cache(maxsize=16)
def csv_lines(path: Path) -> tuple[tuple[str, ...], list[str]]:
    """Header and lines of an archived csv file."""
    content = path.read_bytes()
    lines = content.decode(_encoding(content)).splitlines(keepends=True)
    return tuple(next(csv.reader(lines[:1]))), lines


def record_at(path: Path, line: int) -> dict[str, str]:
    """The record of an archived csv file that begins in a line (the first is 1)."""
    header, lines = csv_lines(path)
    return dict(zip(header, next(csv.reader(lines[line - 1 :])), strict=True))


def _encoding(content: bytes) -> str:
    try:
        content.decode()
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"
