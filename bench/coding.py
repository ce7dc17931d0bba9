"""How well the coders of towns, sections and capitals do on a real registry export.

    BUREAU_TEST_REGISTRY_EXPORT=export.csv.gz .venv/bin/python -m bench.coding [--region 520381]

The rows are split by the sha256 of their code: even numbers are the building half, from which the data files were made, odd ones
are held out. Rates are printed for both. Precision: of sections on held-out rows labelled by reading (`data/coding_labels.csv`);
of streets and villages on held-out addresses that also name their town, by taking the town's name out before coding.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.coding.capital import Currencies
from ingest.coding.places import Gazetteer
from ingest.coding.sections import Section, Sections
from ingest.coding.terms import plain
from ingest.pseudonym import mask_business_name

LABELS = Path(__file__).parent / "data" / "coding_labels.csv"
BLANK = ("", "N/A")


@dataclass(frozen=True)
class Row:
    """One row of the export."""

    key: str
    held_out: bool
    name: str
    code: str
    scope: str
    address: str
    capital: str


def rows(path: Path) -> Iterator[Row]:
    """The rows of an export, plain or gzipped."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for row in csv.DictReader(io.TextIOWrapper(file, encoding="utf-8", newline="")):
            key = hashlib.sha256(row["统一社会信用代码"].encode()).hexdigest()
            yield Row(
                key,
                int(key, 16) % 2 == 1,
                mask_business_name(row["企业名称"]),  # as the warehouse has it
                row["统一社会信用代码"],
                row["经营范围"],
                row["注册地址"],
                row["注册资金"],
            )


def rate(found: int, of: int) -> str:
    """A share in words."""
    return f"{found:>6} of {of:>6}  {found / of:7.2%}" if of else "     none"


def towns(gazetteer: Gazetteer, half: list[Row]) -> None:
    """Rate of towns in the region's rows, and what the finer names say when the town's own name is taken out."""
    of, found, by_name, blind, agree = 0, 0, 0, 0, 0
    for row in half:
        place = gazetteer.place(row.address, None, row.code[2:8], row.name)
        if place.region != gazetteer.region:
            continue
        of += 1
        found += place.town is not None
        by_name += place.said_by == "name"
        if place.said_by == "address" and place.by is not None and gazetteer.is_town_name(place.by):
            finer = gazetteer.place(plain(row.address).replace(place.by, "", 1), None, gazetteer.region)
            blind += finer.town is not None
            agree += finer.town is not None and finer.town == place.town
    print(f"  town found                            {rate(found, of)}   ({by_name} by the enterprise's name)")
    print(f"  finer name agrees with the named town {rate(agree, blind)}")


def sections(coder: Sections, half: list[Row]) -> dict[str, Section]:
    """Rates of sections; gives the answers by key."""
    answers = {row.key: coder.section("" if row.scope in BLANK else row.scope, row.name) for row in half}
    coded = {key for key, answer in answers.items() if answer.section is not None}
    with_scope = [row for row in half if row.scope not in BLANK]
    says = [row for row in with_scope if coder.says_something(row.scope)]
    print(f"  section, rows with a scope            {rate(sum(r.key in coded for r in with_scope), len(with_scope))}")
    print(f"  … whose scope is more than a formula  {rate(sum(r.key in coded for r in says), len(says))}")
    alone = sum(coder.section(row.scope).section is not None for row in says)
    print(f"  … by scope alone, without the name    {rate(alone, len(says))}")
    return answers


def precision(answers: dict[str, Section]) -> None:
    """Share of right sections among those given, on the labelled rows."""
    with LABELS.open(encoding="utf-8") as file:
        labels = {row["key"]: row["section"] for row in csv.DictReader(line for line in file if not line.startswith("#"))}
    given = [(answers[key].section, label) for key, label in labels.items() if key in answers and answers[key].section]
    right = sum(str(section) in label for section, label in given)
    print(f"  section right, of those given         {rate(right, len(given))}   ({len(labels)} labelled)")


def speed(gazetteer: Gazetteer, coder: Sections, money: Currencies, half: list[Row]) -> None:
    """Microseconds of one processor a row."""
    for what, work in (
        ("towns", lambda row: gazetteer.place(row.address, None, row.code[2:8], row.name)),
        ("sections", lambda row: coder.section(row.scope, row.name)),
        ("capitals", lambda row: money.read(row.capital)),
    ):
        began = time.process_time()
        for row in half:
            work(row)
        print(f"  {what:<10} {(time.process_time() - began) / len(half) * 1e6:6.1f} µs a row")


def main() -> int:
    """Print the rates of both halves; 2 without a file to measure on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--region", default="520381")
    path = os.environ.get("BUREAU_TEST_REGISTRY_EXPORT")
    region = parser.parse_args().region
    if not path:
        print("BUREAU_TEST_REGISTRY_EXPORT names no export", file=sys.stderr)
        return 2
    everything = list(rows(Path(path)))
    gazetteer, coder, money = Gazetteer(region), Sections(), Currencies()
    for title, held_out in (("building half", False), ("held out", True)):
        half = [row for row in everything if row.held_out is held_out]
        print(f"{title}: {len(half)} rows")
        towns(gazetteer, half)
        answers = sections(coder, half)
        if held_out:
            precision(answers)
    written = [row.capital for row in everything if row.capital not in BLANK]
    unread = Counter(text for text in written if money.read(text) is None)
    read = len(written) - sum(unread.values())
    print(f"capital read                            {rate(read, len(written))}   unread: {dict(unread)}")
    speed(gazetteer, coder, money, everything)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
