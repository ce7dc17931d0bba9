"""The first sheet of a workbook, read as a stream."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.errors import DeliveryRefused
from ingest.mangled import keeps_digits
from ingest.readers import Batch, Findings, Row, Unsplit, batches, place_columns
from ingest.readers.sheet import SheetRow, Styles, as_text, shared_strings, sheet_rows
from ingest.spec import SourceSpec

__all__ = ["UNPACKED_LIMIT", "as_text", "read_xlsx"]

UNPACKED_LIMIT = 200 * 1000 * 1000
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_SECRET = "EncryptedPackage".encode("utf-16-le")
_BLOCK = 1 << 20


def read_xlsx(spec: SourceSpec, path: Path, findings: Findings) -> Iterator[Batch]:
    """Rows of the first sheet below the header; rows without a cell are none. Numbers by their shortest decimal text."""
    _check_container(path)
    return batches(spec, _rows(spec, path, findings))


def _check_container(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(len(_OLE)) == _OLE:
            raise _ole_refusal(path)
    try:
        with zipfile.ZipFile(path) as container:
            members = container.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise DeliveryRefused("file.container", "file", "this is no workbook, or a damaged one") from None
    unpacked = sum(member.file_size for member in members)
    if unpacked > UNPACKED_LIMIT:
        raise DeliveryRefused("file.too_big", "file", f"the workbook unpacks to {unpacked} bytes, more than {UNPACKED_LIMIT}")
    if any(member.flag_bits & 1 for member in members):
        raise DeliveryRefused("file.encrypted", "file", "the workbook is protected by a password")
    if any(member.filename.lower().endswith("vbaproject.bin") for member in members):
        raise DeliveryRefused("file.macros", "file", "the workbook holds macros")


def _ole_refusal(path: Path) -> DeliveryRefused:
    """What stands in the older container: a workbook with a password, or one of the format before xlsx."""
    tail = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            if _SECRET in tail + block:
                return DeliveryRefused("file.encrypted", "file", "the workbook is protected by a password")
            tail = block[-len(_SECRET) :]
    return DeliveryRefused("file.container", "byte 1", "this is a workbook of the old kind (xls), not xlsx")


def _rows(spec: SourceSpec, path: Path, findings: Findings) -> Iterator[tuple[int, Row, tuple[str, ...]]]:
    sheet = _sheet_rows(path)
    # a line of the title that is empty is not among the rows
    header = next((row for row in sheet if row.number > spec.title_lines), SheetRow(0, [], [], [])).cells
    positions = place_columns(spec, header, findings)
    width = len(header)
    digits_matter = {
        position: column.name for position, column in zip(positions, spec.columns, strict=True) if keeps_digits(spec, column)
    }
    wanted = frozenset(positions)
    for row in sheet:
        if any(cell and not cell.isspace() for cell in row.cells[width:]) or any(column >= width for column in row.no_result):
            yield row.number, Unsplit(row.cells), ()
            continue
        faults: tuple[str, ...] = ()
        for column in row.lost:
            if column in digits_matter:
                row.cells[column] = None
                faults += (f"{digits_matter[column]}.digits_lost",)
        if not wanted.isdisjoint(row.no_result):
            faults += ("row.no_result",)
        held = len(row.cells)
        yield row.number, [row.cells[i] if i < held else None for i in positions], faults


def _sheet_rows(path: Path) -> Iterator[SheetRow]:
    with path.open("rb") as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # styles and extensions unknown to openpyxl do not touch the cells
                container, part, strings, styles = _opened(file)
        except DeliveryRefused:
            raise
        except Exception:  # openpyxl raises whatever the damaged part made it stumble over
            raise DeliveryRefused("file.container", "workbook", "the workbook cannot be opened") from None
        rows = sheet_rows(container, part, strings, styles)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except Exception:
                raise DeliveryRefused("file.container", "first sheet", "the sheet is damaged") from None
            yield row


def _opened(file: Any) -> tuple[zipfile.ZipFile, str, list[str], Styles]:
    """The container, the name of the first sheet's part, the shared strings and the styles of dates."""
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.xml.constants import SHARED_STRINGS

    # From an open file: openpyxl judges a path by its ending, and the archive's names have none
    reader: Any = _without_strings(ExcelReader)(file, read_only=True, data_only=True, keep_links=False)
    reader.read()
    package = reader.package
    if any("macroenabled" in (entry.ContentType or "").lower() for entry in (*package.Override, *package.Default)):
        raise DeliveryRefused("file.macros", "file", "the workbook may hold macros")
    named: Any = package.find(SHARED_STRINGS)
    strings = shared_strings(reader.archive, named.PartName.lstrip("/")) if named is not None else []
    book = reader.wb
    styles = Styles(frozenset(book._date_formats), frozenset(book._timedelta_formats), book.epoch)
    return reader.archive, book.worksheets[0]._worksheet_path, strings, styles


def _without_strings(reader: Any) -> Any:
    """openpyxl's reader, leaving the shared strings to us."""
    return type("Parts", (reader,), {"read_strings": lambda self: None})
