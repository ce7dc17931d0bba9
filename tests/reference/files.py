"""Deliveries as files: which of them count, and their rows as the department wrote them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

csv.field_size_limit(1 << 30)


@dataclass(frozen=True)
class Layout:
    """What the contract of a source says of its files."""

    department: str
    encoding: str
    header: str
    numbers: tuple[str, ...]
    kinds: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        return self.header.split()


LAYOUTS = {
    "registrations": Layout(
        "saic",
        "gb18030",
        "PRIPID REGNO UNISCID ENTNAME ENTTYPE ESTDATE APPRDATE REGSTATE CANDATE REVDATE EXITREASON INDATE OUTDATE INDUSTRYSTD"
        " INDUSTRYCO REGCAP REGCAPCUR LEREP LEREPCERNO FOUNDERGROUP SECONDVENTURE TOWN DOM OPSCOPE EMPNUM",
        ("REGCAP", "EMPNUM"),
        ("full", "delta"),
    ),
    "employment": Layout(
        "hrss",
        "gb18030",
        "AAC001 AAC002 AAC003 AAC004 AAC006 AAB001 AAB003 AAB004 AAE030 AAE031 AAC008 ACC031 ACC032 ACC033 ACC034 TOWN",
        (),
        ("full", "delta"),
    ),
    "survey": Layout(
        "stats",
        "utf-8",
        "WAVE SAMPLEID STRATUM PSU WEIGHT TOWN AGE SEX GROUP STATUS MOTIVE JOBS S1 S2 S3 VISITED",
        ("WAVE", "WEIGHT", "AGE", "JOBS"),
        ("full",),
    ),
    "population": Layout(
        "stats",
        "utf-8",
        "YEAR GEO RESIDENT AGE1564 AGE1560 AGE1664 AGE1864 URBANLABOUR STATUS",
        ("YEAR", "RESIDENT", "AGE1564", "AGE1560", "AGE1664", "AGE1864", "URBANLABOUR"),
        ("full",),
    ),
}

FULL_WIDTH_DIGITS = {0xFF10 + digit: str(digit) for digit in range(10)}


@dataclass(frozen=True)
class File:
    """An accepted delivery: `rows` by column name, None for a row with a wrong number of fields."""

    name: str
    source: str
    business_date: date
    sequence: int
    kind: str
    rows: tuple[dict[str, str] | None, ...]


class Refused(Exception):
    """A whole delivery does not count; the message says why."""


def deliveries(inbox: Path, region: str, received: set[str] | None = None) -> list[File]:
    """The accepted deliveries of the four sources, those named in `received` (data file names) alone when it is given."""
    accepted = []
    for manifest in sorted(inbox.rglob("*.manifest.json")):
        stem = manifest.name.removesuffix(".manifest.json")
        found = re.fullmatch(r"([a-z_]+)_(\d{6})_(\d{8})_(\d{2})", stem)
        if found is None or found[1] not in LAYOUTS or (received is not None and f"{stem}.csv" not in received):
            continue
        try:
            accepted.append(read(manifest, found[1], found[2], found[3], int(found[4]), region))
        except Refused:
            continue
    return accepted


def read(manifest: Path, source: str, region: str, day: str, sequence: int, expected_region: str) -> File:
    """One delivery, or `Refused`."""
    layout = LAYOUTS[source]
    data = manifest.parent / (manifest.name.removesuffix(".manifest.json") + ".csv")
    if not data.exists():
        raise Refused("incomplete")
    content = data.read_bytes()
    try:
        told = json.loads(manifest.read_bytes())
        business_date = datetime.strptime(day, "%Y%m%d").date()
        agreed = {
            "source": source,
            "region": region,
            "business_date": business_date.isoformat(),
            "sequence": sequence,
            "department": layout.department,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        if any(told[key] != value for key, value in agreed.items()):
            raise Refused("the manifest does not agree")
        kind, rows, totals = told["kind"], told["rows"], told.get("totals", {})
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(f"manifest: {error}") from error
    if region != expected_region or manifest.parent.name != layout.department or kind not in layout.kinds:
        raise Refused("region, folder or kind")
    parsed = _records(content, layout)
    if len(parsed) != rows or (source == "survey" and not parsed):
        raise Refused("rows")
    _check_totals(parsed, totals, layout)
    return File(data.name, source, business_date, sequence, kind, tuple(parsed))


def _records(content: bytes, layout: Layout) -> list[dict[str, str] | None]:
    if layout.encoding == "gb18030" and content.startswith(b"\xef\xbb\xbf"):
        raise Refused("a UTF-8 BOM")
    try:
        text = content.decode("utf-8-sig" if layout.encoding == "utf-8" else layout.encoding)
    except UnicodeDecodeError as error:
        raise Refused("encoding") from error
    lines = list(csv.reader(io.StringIO(text, newline="")))
    header = [clean(name) for name in lines[0]] if lines else []
    if any(header.count(column) != 1 for column in layout.columns):
        raise Refused("header")
    return [dict(zip(header, map(clean, line), strict=True)) if len(line) == len(header) else None for line in lines[1:] if line]


def clean(cell: str) -> str:
    """Surrounding blanks off, full-width digits as digits."""
    return cell.strip().translate(FULL_WIDTH_DIGITS)


def is_number(cell: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(\.\d+)?", cell, re.ASCII) is not None


def _check_totals(rows: list[dict[str, str] | None], totals: dict[str, str], layout: Layout) -> None:
    for column, told in totals.items():
        if column not in layout.numbers or not is_number(str(told)):
            raise Refused(f"totals of {column}")
        cells = [row[column] for row in rows if row is not None]
        if sum((Decimal(cell) for cell in cells if is_number(cell)), Decimal(0)) != Decimal(str(told)):
            raise Refused(f"total of {column}")
