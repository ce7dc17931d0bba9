"""Deliveries as files: which of them count, and their rows as the department wrote them."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from .containers import Refused, Row, is_number, records
from .layouts import LAYOUTS, Layout


@dataclass(frozen=True)
class File:
    """An accepted delivery: `rows` by column name, None for a row with a wrong number of fields."""

    name: str
    source: str
    business_date: date
    sequence: int
    kind: str
    rows: tuple[Row | None, ...]


def deliveries(inbox: Path, region: str, received: set[str] | None = None) -> list[File]:
    """The accepted deliveries of all sources, those named in `received` (data file names) alone when it is given."""
    accepted = []
    for manifest in sorted(inbox.rglob("*.manifest.json")):
        stem = manifest.name.removesuffix(".manifest.json")
        found = re.fullmatch(r"([a-z_]+)_(\d{6})_(\d{8})_(\d{2})", stem)
        if found is None or found[1] not in LAYOUTS:
            continue
        if received is not None and f"{stem}.{LAYOUTS[found[1]].extension}" not in received:
            continue
        try:
            accepted.append(read(manifest, found[1], found[2], found[3], int(found[4]), region))
        except Refused:
            continue
    return accepted


def read(manifest: Path, source: str, region: str, day: str, sequence: int, expected_region: str) -> File:
    """One delivery, or `Refused`."""
    layout = LAYOUTS[source]
    data = manifest.parent / (manifest.name.removesuffix("manifest.json") + layout.extension)
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
    parsed = records(content, layout, [source, region, day])
    if len(parsed) != rows or (source == "survey" and not parsed):
        raise Refused("rows")
    _check_totals(parsed, totals, layout)
    return File(data.name, source, business_date, sequence, kind, tuple(parsed))


def _check_totals(rows: list[Row | None], totals: dict[str, str], layout: Layout) -> None:
    for column, told in totals.items():
        if column not in layout.numbers or not is_number(str(told)):
            raise Refused(f"totals of {column}")
        cells = [row[column] for row in rows if row is not None]
        if sum((Decimal(cell) for cell in cells if is_number(cell)), Decimal(0)) != Decimal(str(told)):
            raise Refused(f"total of {column}")
