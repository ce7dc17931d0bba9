"""Extracts for tests: readable fixture rows written in a source's real format, with their manifest.

`tests/fixtures/<source>/good.csv` and `bad.csv` are UTF-8 with the delivered column names; `bad.csv` has a column `expect` in
front: the rule that the row breaks. `@id(17 digits)` in a cell becomes a resident id with its check character: no whole id of 18
stands in the repository.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import struct
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from ingest.pseudonym import check_character
from ingest.spec import SourceSpec

_NUMBER = re.compile(r"[+-]?[0-9]+([.][0-9]+)?")
FIXTURES = Path(__file__).parent / "fixtures"
REGION = "520381"
DAY = date(2010, 12, 31)
Rows = list[dict[str, str]]


def resident_id(first_17: str) -> str:
    return first_17 + check_character(first_17)


def fixture_rows(source: str, name: str) -> Rows:
    with (FIXTURES / source / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [
            {key: re.sub(r"@id\((\d{17})\)", lambda m: resident_id(m[1]), value) for key, value in row.items()}
            for row in csv.DictReader(file)
        ]


def cells(spec: SourceSpec, rows: Rows) -> list[list[str]]:
    return [[row.get(column.delivered, "") for column in spec.columns] for row in rows]


def write_extract(
    spec: SourceSpec,
    rows: Rows,
    inbox: Path,
    day: date = DAY,
    sequence: int = 1,
    kind: str = "full",
    totals: dict[str, str] | None = None,
    changed: dict[str, Any] | None = None,
) -> Path:
    """Write data file and manifest into the department's folder; `changed` replaces keys of the manifest."""
    path = inbox / spec.department / f"{spec.name}_{REGION}_{day:%Y%m%d}_{sequence:02d}.{spec.extension}"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_data(spec, cells(spec, rows), path, day)
    write_manifest(spec, path, day, sequence, kind, len(rows), totals or {}, changed or {})
    return path


def write_manifest(
    spec: SourceSpec, path: Path, day: date, sequence: int, kind: str, rows: int, totals: dict[str, str], changed: dict[str, Any]
) -> None:
    content = {
        "source": spec.name,
        "region": REGION,
        "business_date": day.isoformat(),
        "sequence": sequence,
        "kind": kind,
        "rows": rows,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "totals": totals,
        "department": spec.department,
    }
    path.with_suffix(".manifest.json").write_text(json.dumps(content | changed), encoding="utf-8")


def write_data(spec: SourceSpec, table: list[list[str]], path: Path, day: date = DAY) -> None:
    header = [column.delivered for column in spec.columns]
    if spec.format == "csv":
        with path.open("w", encoding=spec.encoding, newline="") as file:
            csv.writer(file, lineterminator="\r\n").writerows([header, *table])
    elif spec.format == "delimited":
        paid = [column.name for column in spec.columns].index(spec.trailer_total or "")
        numbers = [row[paid] for row in table if len(row) == len(header) and _NUMBER.fullmatch(row[paid])]
        total = sum(map(Decimal, numbers), Decimal(0))
        lines = ["|".join(["H", spec.name, REGION, f"{day:%Y%m%d}"]), *map("|".join, table), f"T|{len(table)}|{total}"]
        path.write_bytes("".join(f"{line}\r\n" for line in lines).encode(spec.encoding or ""))
    elif spec.format == "dbf":
        path.write_bytes(dbf_bytes(header, table))
    else:
        write_xlsx(header, table, path, spec.title_lines)


def write_xlsx(header: list[str], table: list[list[Any]], path: Path, title_lines: int = 0) -> None:
    import openpyxl

    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for number in range(title_lines):
        sheet.append([f"标题 {number + 1}"])
    for row in [header, *table]:
        sheet.append([cell if cell != "" else None for cell in row])
    workbook.save(path)


def dbf_bytes(header: list[str], table: list[list[str]], deleted: frozenset[int] = frozenset(), code_page: int = 0x4D) -> bytes:
    """A dBASE III table of character fields; `deleted` are indexes of records that are marked so."""
    encoded = [[cell.encode("cp936") for cell in row] for row in table]
    widths = [max([1, *(len(row[i]) for row in encoded)]) for i in range(len(header))]
    head = struct.pack("<BBBBIHH17xBxx", 3, 110, 12, 31, len(table), 33 + 32 * len(header), 1 + sum(widths), code_page)
    fields = b"".join(
        struct.pack("<11sc4xB15x", name.encode("cp936"), b"C", width) for name, width in zip(header, widths, strict=True)
    )
    records = b"".join(
        (b"*" if index in deleted else b" ") + b"".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for index, row in enumerate(encoded)
    )
    return head + fields + b"\r" + records + b"\x1a"
