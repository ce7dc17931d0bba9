"""Tiny deliveries for the calculator's own tests."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

from .cells import check_character
from .layouts import LAYOUTS


def resident_id(birth: str, serial: str = "001") -> str:
    """An invented 18-character id; an odd serial is a man's."""
    digits = f"520381{birth}{serial}"
    return digits + check_character(digits)


def entity(pripid: str, **cells: str) -> dict[str, str]:
    """A household of 2008 in the first town, unless told otherwise."""
    base = {
        "PRIPID": pripid, "REGNO": "520381600000015", "ENTNAME": "店", "ENTTYPE": "9500", "ESTDATE": "20080301", "REGSTATE": "1",
        "INDUSTRYSTD": "2002", "INDUSTRYCO": "6511", "TOWN": "520381001",
    }  # fmt: skip
    return base | cells


def spell(number: str, **cells: str) -> dict[str, str]:
    """A new urban job from 10 March 2010 on, unless told otherwise."""
    base = {"AAC001": number, "AAB001": "B1", "AAE030": "20100310", "ACC031": "1", "ACC032": "1", "TOWN": "520381001"}
    return base | cells


def answer(sample: str, stratum: str, psu: str, weight: str, s1: str, **cells: str) -> dict[str, str]:
    """A respondent of the wave of 2010 who answered S1 alone."""
    base = {"WAVE": "2010", "SAMPLEID": sample, "STRATUM": stratum, "PSU": psu, "WEIGHT": weight, "STATUS": "0", "S1": s1}
    return base | {"TOWN": "520381001", "AGE": "30", "SEX": "2", "GROUP": "02"} | cells


def deliver(
    inbox: Path,
    source: str,
    day: str,
    rows: list[dict[str, str]],
    kind: str = "full",
    sequence: int = 1,
    false: dict[str, object] | None = None,
) -> Path:
    """Writes a delivery and its manifest (with the entries of `false` in place of the true ones); gives the data file."""
    layout = LAYOUTS[source]
    folder = inbox / layout.department
    folder.mkdir(parents=True, exist_ok=True)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, layout.columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    content = text.getvalue().encode(layout.encoding)
    path = folder / f"{source}_520381_{day}_{sequence:02}.csv"
    path.write_bytes(content)
    told = {
        "source": source, "region": "520381", "business_date": f"{day[:4]}-{day[4:6]}-{day[6:]}", "sequence": sequence,
        "kind": kind, "rows": len(rows), "sha256": hashlib.sha256(content).hexdigest(), "totals": {},
        "department": layout.department,
    }  # fmt: skip
    (folder / f"{path.stem}.manifest.json").write_text(json.dumps(told | (false or {})))
    return path
