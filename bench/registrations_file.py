"""A registrations delivery of any length from the synthetic city: its entities again and again, each time as other entities.

Every repetition has its own PRIPID, REGNO and resident ids (with right check digits where the city's are right), so that nothing
a loader could remember from one repetition serves it in the next.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from ingest.pseudonym import check_character, is_right

_CITY_SCALE, _CITY_SEED = 4, 20101231
_FILE = "registrations_520381_20101231_01"


def write_delivery(folder: Path, rows: int, base: Path) -> Path:
    """Write `<folder>/saic/registrations_…` (GB18030) with manifest, and beside it the same rows in UTF-8 (`<name>.utf8`).

    `base` is a folder with the city's deliveries (`bureau synth`). Gives the path of the delivery's data file.
    """
    header, pattern = _city(base)
    target = folder / "saic" / f"{_FILE}.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with target.open("wb") as data, target.with_suffix(".utf8").open("wb") as plain:
        for text in _blocks(header, pattern, rows):
            block = text.encode("gb18030")
            digest.update(block)
            data.write(block)
            plain.write(text.encode())
    manifest = {
        "source": "registrations", "region": "520381", "business_date": "2010-12-31", "sequence": 1, "kind": "full",
        "rows": rows, "sha256": digest.hexdigest(), "totals": {}, "department": "saic",
    }  # fmt: skip
    target.with_name(f"{_FILE}.manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return target


def columns(data: Path) -> list[str]:
    """The header of a delivery that `write_delivery` wrote."""
    with data.open(encoding="gb18030") as file:
        return file.readline().rstrip("\n").split(",")


def make_city(folder: Path, faults: str = "none") -> None:
    """The city's deliveries that `write_delivery` repeats; `faults` as of the synthetic city."""
    from warehouse.synth import synthesise

    day = date(2010, 12, 31)
    synthesise(folder, seed=_CITY_SEED, scale=_CITY_SCALE, first=day, last=day, faults=faults)


def _city(base: Path) -> tuple[list[str], list[list[str]]]:
    largest = max((base / "saic").glob("registrations_*.csv"), key=lambda path: path.stat().st_size)
    with largest.open(encoding="gb18030", newline="") as file:
        rows = list(csv.reader(file))
    return rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]


def _blocks(header: list[str], pattern: list[list[str]], rows: int) -> Iterator[str]:
    pripid, regno, cerno = (header.index(name) for name in ("PRIPID", "REGNO", "LEREPCERNO"))
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    for number in range(rows):
        repetition, place = divmod(number, len(pattern))
        row = pattern[place].copy()
        row[pripid] = f"{repetition:04d}{row[pripid]}"
        row[regno] = _other_regno(row[regno], repetition)
        row[cerno] = _other_id(row[cerno], repetition)
        writer.writerow(row)
        if buffer.tell() > 1 << 20:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _other_regno(regno: str, repetition: int) -> str:
    if len(regno) != 15 or not regno.isdigit():
        return regno
    first_14 = regno[:6] + f"{(int(regno[6:14]) + 7919 * repetition) % 10**8:08d}"
    p = 10
    for digit in first_14:
        p = 2 * ((p + int(digit)) % 10 or 10) % 11
    return f"{first_14}{(11 - p) % 10}"


def _other_id(text: str, repetition: int) -> str:
    if len(text) != 18 or not text[:17].isdigit() or not is_right(text):
        return text
    first_17 = text[:14] + f"{(int(text[14:17]) + 2 * 191 * repetition) % 1000:03d}"  # the sex stays
    year = 1935 + (int(text[6:10]) - 1935 + repetition) % 60
    first_17 = first_17[:6] + f"{year}{first_17[10:12]}{min(int(first_17[12:14]), 28):02d}" + first_17[14:]
    return first_17 + check_character(first_17)
