"""The cells of a worksheet as text, read as a stream: memory does not grow with the rows.

openpyxl reads the small parts of a workbook (which sheet is first, which styles are dates); the two parts that grow, the sheet
and its shared strings, go through expat here: in half of openpyxl's time, and other than with a reader that lays out the whole
sheet, one stray cell in the last corner costs nothing.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from xml.parsers import expat

from ingest.normalise import Memo

DIGITS_LOST_FROM = 10**15
_BLOCK = 1 << 16
_MOST_COLUMNS = 16384
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile("([A-Z]{1,3})[0-9]+")


class Damaged(Exception):
    """The part is not what a workbook's part must be."""


@dataclass(slots=True)
class SheetRow:
    """A row that has a cell with a value.

    number     of the row in the sheet, from 1.
    cells      texts by column; None where there is nothing.
    lost       columns of number cells of 10^15 or more: a spreadsheet keeps 15 digits of them.
    no_result  columns of cells that show an error, or whose formula was never calculated.
    """

    number: int
    cells: list[str | None]
    lost: list[int]
    no_result: list[int]


@dataclass(frozen=True)
class Styles:
    """What the numbers of styles say about a number cell: a date, a length of time; and the day 0 of dates."""

    dates: frozenset[int]
    durations: frozenset[int]
    epoch: datetime


def shared_strings(container: zipfile.ZipFile, part: str) -> list[str]:
    """The texts that cells of type `s` name by their number."""
    found: list[str] = []
    parser = _Strings(found.append)
    for _ in _feed(container, part, parser):
        pass
    return found


def sheet_rows(container: zipfile.ZipFile, part: str, strings: list[str], styles: Styles) -> Iterator[SheetRow]:
    """The rows of a sheet in the file's order. Raises Damaged, or what zipfile and expat raise."""
    parser = _Cells(strings, styles)
    for _ in _feed(container, part, parser):
        yield from parser.rows
        parser.rows.clear()


def _feed(container: zipfile.ZipFile, part: str, handlers: _Cells | _Strings) -> Iterator[None]:
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def root(name: str, _: dict[str, str]) -> None:
        # All of a part's own elements have the root's prefix; extensions have others
        prefix, colon, _local = name.rpartition(":")
        handlers.elements = {prefix + colon + local: element for local, element in _LOCAL.items()}
        parser.StartElementHandler, parser.EndElementHandler = handlers.start, handlers.end
        parser.CharacterDataHandler = handlers.data

    parser.StartElementHandler = root
    parser.StartDoctypeDeclHandler = _no_doctype  # a workbook has none: entities are only there to swell
    with container.open(part) as file:
        while block := file.read(_BLOCK):
            parser.Parse(block, False)
            yield
        parser.Parse(b"", True)
        yield


def _no_doctype(*_: Any) -> None:
    raise Damaged("a document type")


_CELL, _ROW, _VALUE, _FORMULA, _ITEM, _PHONETIC = range(1, 7)
_LOCAL = {"c": _CELL, "row": _ROW, "v": _VALUE, "t": _VALUE, "f": _FORMULA, "si": _ITEM, "rPh": _PHONETIC}


class _Strings:
    """Handlers for the part of the shared strings."""

    def __init__(self, found: Callable[[str], None]) -> None:
        self.elements: dict[str, int] = {}
        self._found = found
        self._parts: list[str] = []
        self._taking, self._phonetic = False, False

    def start(self, name: str, _: dict[str, str]) -> None:
        element = self.elements.get(name)
        if element == _VALUE:
            self._taking = not self._phonetic
        elif element == _ITEM:
            self._parts = []
        elif element == _PHONETIC:
            self._phonetic = True

    def end(self, name: str) -> None:
        element = self.elements.get(name)
        if element == _VALUE:
            self._taking = False
        elif element == _ITEM:
            self._found(_unescaped("".join(self._parts)))
        elif element == _PHONETIC:
            self._phonetic = False

    def data(self, text: str) -> None:
        if self._taking:
            self._parts.append(text)


class _Cells:
    """Handlers for the part of a sheet; `rows` fills while it is parsed."""

    def __init__(self, strings: list[str], styles: Styles) -> None:
        self.rows: list[SheetRow] = []
        self.elements: dict[str, int] = {}
        self._strings, self._styles = strings, styles
        self._dates: Memo[str, str] = Memo(lambda text: _moment(text, styles.epoch, duration=False))
        self._columns: Memo[str, int] = Memo(_column)
        self._row = SheetRow(0, [], [], [])
        self._type, self._style, self._column = "n", "", -1
        self._parts: list[str] = []
        self._taking = self._phonetic = self._formula = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = self.elements.get(name)
        if element == _VALUE:
            self._taking = not self._phonetic
        elif element == _CELL:
            reference = attributes.get("r")
            self._column = self._columns[reference.rstrip("0123456789")] if reference else self._column + 1
            self._type, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._parts.clear()
            self._formula = False
        elif element == _FORMULA:
            self._formula = True
        elif element == _ROW:
            said = attributes.get("r")
            self._row = SheetRow(int(float(said)) if said else self._row.number + 1, [], [], [])
            self._column = -1
        elif element == _PHONETIC:
            self._phonetic = True

    def data(self, text: str) -> None:
        if self._taking:
            self._parts.append(text)

    def end(self, name: str) -> None:
        element = self.elements.get(name)
        if element == _VALUE:
            self._taking = False
        elif element == _CELL:
            self._end_of_cell()
        elif element == _ROW:
            if self._row.no_result or any(cell and not cell.isspace() for cell in self._row.cells):
                self.rows.append(self._row)
        elif element == _PHONETIC:
            self._phonetic = False

    def _end_of_cell(self) -> None:
        row, column = self._row, self._column
        text: str | None = None
        if self._parts:
            text = self._as_text(self._parts[0] if len(self._parts) == 1 else "".join(self._parts))
        if self._type == "e" or (self._formula and not self._parts and self._type != "str"):
            row.no_result.append(column)
            text = None
        elif text is None:
            return
        if column >= _MOST_COLUMNS:
            raise Damaged("a column too many")
        cells = row.cells
        if column != len(cells):
            cells.extend([None] * (column + 1 - len(cells)))
            cells[column] = text
        else:
            cells.append(text)

    def _as_text(self, value: str) -> str:
        kind = self._type
        if kind == "n":
            return self._number(value)
        if kind == "s":
            try:
                return self._strings[int(value)]
            except (ValueError, IndexError):
                raise Damaged("a string that is not there") from None
        if kind in ("str", "inlineStr"):
            return _unescaped(value)
        if kind == "d":
            return _iso_moment(value)
        return value.strip()  # b: 1 or 0, e: not taken

    def _number(self, value: str) -> str:
        value = value.strip()
        if self._style:
            style = int(self._style)
            if style in self._styles.durations:
                return _moment(value, self._styles.epoch, duration=True)
            if style in self._styles.dates:
                return self._dates[value]
        if len(value) < 15 and value.isdecimal() and value.isascii() and (value[0] != "0" or value == "0"):
            return value
        number = _finite(value)
        if number is None:
            return value  # no number: the column's own rule says so
        if abs(number) >= DIGITS_LOST_FROM:
            self._row.lost.append(self._column)
        return as_text(number)


def as_text(cell: Any) -> str:
    """A value as text: numbers by their shortest decimal text (ruling 11), dates ISO, truth 1 or 0."""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        text = format(Decimal(repr(cell)), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return str(cell)


def _finite(text: str) -> int | float | None:
    try:
        number: int | float = int(text) if len(text) < 40 and text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None  # not a number compares false too


def _moment(text: str, epoch: datetime, duration: bool) -> str:
    """The serial number of a date cell as text; what lies outside the calendar stays a number."""
    from openpyxl.utils.datetime import from_excel

    number = _finite(text)
    if number is None:
        return text
    try:
        return as_text(from_excel(number, epoch, timedelta=duration))
    except (OverflowError, ValueError):
        return as_text(number)


def _iso_moment(text: str) -> str:
    try:
        return as_text(datetime.fromisoformat(text.strip()).replace(tzinfo=None))
    except ValueError:
        return text


def _column(letters: str) -> int:
    """0 for A."""
    if not _REFERENCE.fullmatch(f"{letters}1"):
        raise Damaged("a cell without a place")
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _unescaped(text: str) -> str:
    """Characters that XML cannot hold stand as `_xHHHH_` in a workbook."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text
