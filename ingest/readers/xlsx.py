"""The first sheet of a workbook, read as a stream."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from ingest.errors import DeliveryRefused
from ingest.readers import Batch, Findings, Row, batches, place_columns
from ingest.spec import SourceSpec

UNPACKED_LIMIT = 200 * 1000 * 1000
_DIGITS_LOST_FROM = 10**15


def read_xlsx(spec: SourceSpec, path: Path, findings: Findings) -> Iterator[Batch]:
    """Rows of the first sheet below the header; rows without a cell are none. Numbers by their shortest decimal text."""
    _check_container(path)
    return batches(spec, _rows(spec, path, findings))


def _check_container(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as container:
            unpacked = sum(entry.file_size for entry in container.infolist())
    except (zipfile.BadZipFile, OSError, ValueError):
        raise DeliveryRefused("file.container", "file", "this is no workbook, or a damaged one") from None
    if unpacked > UNPACKED_LIMIT:
        raise DeliveryRefused("file.too_big", "file", f"the workbook unpacks to {unpacked} bytes, more than {UNPACKED_LIMIT}")


def _rows(spec: SourceSpec, path: Path, findings: Findings) -> Iterator[tuple[int, Row | None, tuple[str, ...]]]:
    sheet = _sheet_rows(path)
    for _ in range(spec.title_lines):
        next(sheet, None)
    _, header = next(sheet, (0, ()))
    positions = place_columns(spec, [as_text(cell) for cell in header], findings)
    width = len(header)
    number_columns = [column.is_number for column in spec.columns]
    for place, cells in sheet:
        if any(cell is not None for cell in cells[width:]):
            yield place, None, ()
            continue
        delivered = [cells[i] if i < len(cells) else None for i in positions]
        row = [as_text(cell) for cell in delivered]
        faults: tuple[str, ...] = ()
        for i, cell in enumerate(delivered):
            if isinstance(cell, int | float) and abs(cell) >= _DIGITS_LOST_FROM and not number_columns[i]:
                row[i] = None
                faults += (f"{spec.columns[i].name}.id",)
        yield place, row, faults


def _sheet_rows(path: Path) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """(row number in the sheet, cells) of the rows that have a cell."""
    import openpyxl

    # From an open file: openpyxl judges a path by its ending, and the archive's names have none
    with path.open("rb") as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # styles and extensions unknown to openpyxl do not touch the cells
                workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
                sheet: Any = workbook.worksheets[0]
                sheet.reset_dimensions()  # what the file says about its size may be wrong
                rows = enumerate(sheet.iter_rows(values_only=True), start=1)
        except Exception:  # openpyxl raises whatever the damaged part made it stumble over
            raise DeliveryRefused("file.container", "workbook", "the workbook cannot be opened") from None
        while True:
            try:
                number, cells = next(rows)
            except StopIteration:
                return
            except Exception:
                raise DeliveryRefused("file.container", "first sheet", "the sheet is damaged") from None
            if any(cell is not None and cell != "" for cell in cells):
                yield number, cells


def as_text(cell: Any) -> str | None:
    """A cell's value as text (ruling 11): numbers shortest, dates ISO, truth 1 or 0."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, int):
        return str(cell)
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
