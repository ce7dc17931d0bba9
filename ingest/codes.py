"""Code lists, geography and industry sections: the dbt seeds, read as plain values.

`code_list.csv` (list, code, name_zh, name_en, attribute), `geography.csv` (geography, parent, level, name_zh, name_en,
valid_from, valid_to; ISO dates, blank = open; successor: of an ended unit, the one that took its place), `industry_section.csv`
(standard, division, section).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from ingest.errors import SpecError
from ingest.spec import ColumnSpec

SEEDS = Path(__file__).parent.parent / "dbt_project" / "seeds"


@dataclass(frozen=True)
class Code:
    """One code of a list."""

    code: str
    name_zh: str
    name_en: str
    attribute: str


@dataclass(frozen=True)
class Geography:
    """One unit in one vintage; `valid_to` is its last day, `successor` the unit that took its place, "" without one."""

    geography: str
    parent: str
    level: str
    name_zh: str
    name_en: str
    valid_from: date | None
    valid_to: date | None
    successor: str = ""

    def in_force(self, day: date) -> bool:
        """Whether the list of that day has it."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


def load_code_lists(seeds: Path = SEEDS) -> dict[str, tuple[Code, ...]]:
    """All code lists by name."""
    lists: dict[str, list[Code]] = {}
    for row in _rows(seeds / "code_list.csv"):
        lists.setdefault(row["list"], []).append(Code(row["code"], row["name_zh"], row["name_en"], row["attribute"]))
    return {name: tuple(codes) for name, codes in lists.items()}


def allowed_codes(column: ColumnSpec, lists: dict[str, tuple[Code, ...]]) -> tuple[str, ...]:
    """The codes that a `code` or `codes` column may hold. Raises SpecError for a list that is not there or empty."""
    if column.codes is not None:
        return column.codes
    codes = lists.get(column.list or "", ())
    if column.list_attribute is not None:
        codes = tuple(code for code in codes if code.attribute == column.list_attribute)
    if not codes:
        raise SpecError(f"code_list.csv: no codes for column {column.name} (list {column.list}, {column.list_attribute})")
    return tuple(code.code for code in codes)


def load_geography(seeds: Path = SEEDS) -> tuple[Geography, ...]:
    """Every unit of every vintage. Raises SpecError for a successor that is no unit beside it, that begins later, or that did not
    outlast it."""
    units = tuple(
        Geography(
            row["geography"],
            row["parent"],
            row["level"],
            row["name_zh"],
            row["name_en"],
            _day(row["valid_from"]),
            _day(row["valid_to"]),
            row["successor"],
        )
        for row in _rows(seeds / "geography.csv")
    )
    known = {unit.geography: unit for unit in units}
    for unit in units:
        if unit.successor and not _follows(known.get(unit.successor), unit):
            raise SpecError(f"geography.csv: {unit.geography}: {unit.successor} is no successor of it")
    return units


def _follows(successor: Geography | None, ended: Geography) -> bool:
    if successor is None or successor.parent != ended.parent or ended.valid_to is None:
        return False
    if successor.valid_from is not None and successor.valid_from > ended.valid_to + timedelta(days=1):
        return False  # for some days it would be nowhere
    return successor.valid_to is None or successor.valid_to > ended.valid_to


def allowed_geographies(column: ColumnSpec, units: tuple[Geography, ...], region: str, day: date) -> tuple[str, ...]:
    """Codes that a `geography` column of this region's delivery may hold on that business date."""
    return tuple(
        unit.geography
        for unit in units
        if unit.level in column.levels and unit.in_force(day) and region in (unit.geography, unit.parent)
    )


def load_industry_sections(seeds: Path = SEEDS) -> dict[tuple[str, str], str]:
    """(standard, division of two digits) → letter of the section in the same standard."""
    return {(row["standard"], row["division"]): row["section"] for row in _rows(seeds / "industry_section.csv")}


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    except FileNotFoundError:
        raise SpecError(f"{path.name}: there is no such seed in {path.parent}") from None


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
