"""Files as the departments' systems write them: streaming, row by row, the same bytes for the same rows."""

import csv
import hashlib
import struct
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Protocol

from warehouse.synth.days import compact
from warehouse.synth.layout import Layout

Row = Sequence[str]


@dataclass(frozen=True)
class Written:
    """What a manifest says of a data file."""

    path: Path
    rows: int
    totals: dict[str, str]
    sha256: str


class RowWriter(Protocol):
    """Takes rows of text in the layout's column order; `close` finishes the file."""

    def write(self, row: Row) -> None:
        """One data row."""

    def close(self) -> Written:
        """Write what stands at the end and say what was written."""


class Sums:
    """Exact control totals of named columns, as normalised numbers; blank counts 0."""

    def __init__(self, layout: Layout) -> None:
        self._places = [(name, layout.columns.index(name)) for name in layout.totals]
        self.totals = {name: Decimal(0) for name in layout.totals}
        self.rows = 0

    def add(self, row: Row) -> None:
        """Count a row."""
        self.rows += 1
        for name, place in self._places:
            cell = row[place]
            if cell:
                self.totals[name] += Decimal(cell if cell.isascii() else unicodedata.normalize("NFKC", cell).strip())

    def text(self) -> dict[str, str]:
        """The totals as decimal text."""
        return {name: format(value, "f") for name, value in self.totals.items()}


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Encoded:
    """What csv.writer needs: a `write` of text, here encoded at once (no newline translation)."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self._file, self._encoding = file, encoding

    def write(self, text: str) -> int:
        return self._file.write(text.encode(self._encoding))


class CsvWriter:
    """Comma, double quotes where needed, header, CRLF."""

    def __init__(self, path: Path, layout: Layout, region: str, day: date) -> None:
        self._path, self._sums = path, Sums(layout)
        self._file = path.open("wb", buffering=1 << 18)
        self._csv = csv.writer(_Encoded(self._file, layout.encoding), lineterminator="\r\n")
        self._csv.writerow(layout.columns)

    def write(self, row: Row) -> None:
        """One record."""
        self._sums.add(row)
        self._csv.writerow(row)

    def close(self) -> Written:
        """End of file."""
        self._file.close()
        return Written(self._path, self._sums.rows, self._sums.text(), sha256(self._path))


class PipeWriter:
    """`|` between fields, an `H` line before and a `T` line with rows and the sum of PAID after."""

    def __init__(self, path: Path, layout: Layout, region: str, day: date) -> None:
        self._path, self._encoding, self._sums = path, layout.encoding, Sums(layout)
        self._file = path.open("wb", buffering=1 << 18)
        self._file.write(f"H|{layout.source}|{region}|{compact(day)}\r\n".encode())

    def write(self, row: Row) -> None:
        """One line."""
        self._sums.add(row)
        self._file.write(("|".join(row) + "\r\n").encode(self._encoding))

    def close(self) -> Written:
        """The trailer."""
        self._file.write(f"T|{self._sums.rows}|{self._sums.text()['PAID']}\r\n".encode())
        self._file.close()
        return Written(self._path, self._sums.rows, self._sums.text(), sha256(self._path))


# name, type, length, decimals; lengths in bytes of code page 936
DBF_FIELDS = (
    ("PZH", "C", 20, 0),
    ("NSRSBH", "C", 21, 0),
    ("ZCH", "C", 20, 0),
    ("NSRMC", "C", 80, 0),
    ("ZSXM", "C", 5, 0),
    ("SSQS", "D", 8, 0),
    ("SSQZ", "D", 8, 0),
    ("JSSR", "N", 16, 2),
    ("YNSE", "N", 14, 2),
    ("JMSE", "N", 14, 2),
    ("JMDM", "C", 3, 0),
    ("SJSE", "N", 14, 2),
    ("RKRQ", "D", 8, 0),
    ("ZFBZ", "C", 1, 0),
    ("GZLX", "C", 1, 0),
)
GETA = "〓"  # what the office's printers put for a character that code page 936 does not have


class DbfWriter:
    """dBASE III table (version 03), language driver 4D (code page 936); the record count is patched at the end."""

    def __init__(self, path: Path, layout: Layout, region: str, day: date) -> None:
        self._path, self._sums = path, Sums(layout)
        self._file = path.open("wb", buffering=1 << 18)
        size = 32 + 32 * len(DBF_FIELDS) + 1
        length = 1 + sum(field[2] for field in DBF_FIELDS)
        stamp = (3, day.year - 1900, day.month, day.day, 0, size, length, 0x4D)
        self._file.write(struct.pack("<4BIHH17xB2x", *stamp))
        for name, kind, width, decimals in DBF_FIELDS:
            self._file.write(struct.pack("<11sc4xBB14x", name.encode(), kind.encode(), width, decimals))
        self._file.write(b"\r")

    def write(self, row: Row) -> None:
        """One record."""
        self._sums.add(row)
        parts = [b" "]
        for cell, (_, kind, width, _) in zip(row, DBF_FIELDS, strict=True):
            if kind == "N":
                parts.append(cell.encode("ascii").rjust(width))
            elif cell.isascii():
                parts.append(cell.encode("ascii").ljust(width))
            else:
                parts.append(_cp936(cell, width).ljust(width))
        self._file.write(b"".join(parts))

    def close(self) -> Written:
        """End mark and record count."""
        self._file.write(b"\x1a")
        self._file.seek(4)
        self._file.write(struct.pack("<I", self._sums.rows))
        self._file.close()
        return Written(self._path, self._sums.rows, self._sums.text(), sha256(self._path))


def _cp936(text: str, width: int) -> bytes:
    """Encode for the table: strange characters become 〓, and no character is cut in half at the field's end."""
    coded = text.encode("cp936", "replace")
    if b"?" in coded:
        coded = "".join(sign if _has(sign) else GETA for sign in text).encode("cp936")
    while len(coded) > width:
        text = text[:-1]
        coded = text.encode("cp936", "ignore")
    return coded


def _has(sign: str) -> bool:
    try:
        sign.encode("cp936")
    except UnicodeEncodeError:
        return False
    return True


class XlsxWriter:
    """First sheet, a title line where the layout has one, Chinese header; fixed dates within, so the bytes are too."""

    def __init__(self, path: Path, layout: Layout, region: str, day: date) -> None:
        import xlsxwriter

        self._path, self._sums = path, Sums(layout)
        self._book: Any = xlsxwriter.Workbook(
            str(path), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        self._book.set_properties({"author": layout.department, "created": datetime(day.year, day.month, day.day)})
        self._sheet: Any = self._book.add_worksheet("Sheet1")
        self._next = 0
        self._numbers = frozenset(layout.columns.index(name) for name in layout.numbers)
        if layout.title:
            self._line([f"{layout.title}（{day.year}年{day.month}月{day.day}日）"], frozenset())
        self._line(layout.columns, frozenset())

    def _line(self, cells: Row, numbers: frozenset[int]) -> None:
        for place, cell in enumerate(cells):
            if not cell:
                continue
            if place in numbers and cell.isascii():
                self._sheet.write_number(self._next, place, float(cell))
            else:
                self._sheet.write_string(self._next, place, cell)
        self._next += 1

    def write(self, row: Row) -> None:
        """One sheet row."""
        self._sums.add(row)
        self._line(row, self._numbers)

    def close(self) -> Written:
        """Pack the workbook."""
        self._book.close()
        return Written(self._path, self._sums.rows, self._sums.text(), sha256(self._path))


WRITERS: dict[str, type[CsvWriter] | type[PipeWriter] | type[DbfWriter] | type[XlsxWriter]] = {
    "csv": CsvWriter,
    "pipe": PipeWriter,
    "dbf": DbfWriter,
    "xlsx": XlsxWriter,
}


def open_writer(path: Path, layout: Layout, region: str, day: date) -> RowWriter:
    """The writer of a layout's container. The folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return WRITERS[layout.container](path, layout, region, day)
