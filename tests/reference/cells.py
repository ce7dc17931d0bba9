"""The rules on single cells, and the code lists they ask: a cell that breaks its rule raises Bad."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds"
Raw = Mapping[str, str]


class Bad(Exception):
    """The row breaks a rule."""


@dataclass(frozen=True)
class Person:
    """A resident id in its 18 characters, with the birth year and sex that it tells (None, `unknown` when faulty)."""

    number: str
    birth_year: int | None
    sex: str


@cache
def seed(name: str) -> tuple[dict[str, str], ...]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


@cache
def codes(code_list: str) -> dict[str, str]:
    return {row["code"]: row["attribute"] for row in seed("code_list") if row["list"] == code_list}


@cache
def towns(region: str, day: date) -> dict[str, str]:
    """Towns of the region in force on the day, the unknown one included: code → name."""
    return {
        row["geography"]: row["name_zh"]
        for row in seed("geography")
        if row["parent"] == region
        and (row["valid_from"] or "0000") <= day.isoformat()
        and (row["valid_to"] or "9999") >= day.isoformat()
    }


@cache
def successors(region: str, day: date) -> dict[str, str]:
    """Towns that have ended by the day → the town in force that counts their units, the unknown one without a successor."""
    listed, following = towns(region, day), {row["geography"]: row["successor"] for row in seed("geography")}
    found = {}
    for row in seed("geography"):
        if row["parent"] == region and row["valid_to"] and row["valid_to"] < day.isoformat():
            town = following[row["geography"]]
            while town and town not in listed:
                town = following[town]
            found[row["geography"]] = town or f"{region}999"
    return found


@cache
def sections() -> dict[tuple[str, str], str]:
    """(standard, division) → section of that standard."""
    return {(row["standard"], row["division"]): row["section"] for row in seed("industry_section")}


def section_2017(standard: str, division: str) -> str:
    """The section under the version 2017 of a division of another version."""
    letter = sections()[standard, division]
    return {"F": "G", "G": "I", "H": "F", "I": "H"}.get(letter, letter) if standard == "2002" else letter


def need(condition: bool) -> None:
    if not condition:
        raise Bad


def common(row: Raw) -> None:
    need(all(len(cell) <= 4000 and "\0" not in cell for cell in row.values()))


def parse_date(cell: str) -> date | None:
    if not cell:
        return None
    found = re.fullmatch(r"(\d{4})(-?)(\d{2})\2(\d{2})", cell, re.ASCII)
    need(found is not None)
    assert found is not None
    try:
        return date(int(found[1]), int(found[3]), int(found[4]))
    except ValueError as error:
        raise Bad from error


def past_date(cell: str, business_date: date) -> date | None:
    day = parse_date(cell)
    need(day is None or day <= business_date)
    return day


def required(cell: str, length: int = 4000) -> str:
    need(0 < len(cell) <= length)
    return cell


def decimal(cell: str, places: int) -> Decimal | None:
    need(not cell or re.fullmatch(rf"\+?\d+(\.\d{{1,{places}}})?", cell, re.ASCII) is not None)
    return Decimal(cell) if cell else None


def integer(cell: str) -> int | None:
    number = decimal(cell, 1) if "." not in cell else decimal("bad", 1)
    return None if number is None else int(number)


def code(cell: str, allowed: object) -> str:
    need(not cell or cell in allowed)  # type: ignore[operator]
    return cell


def group_codes(cell: str) -> frozenset[str]:
    found = frozenset(part.strip() for part in cell.split(";")) if cell else frozenset(["07"])
    need(found <= codes("founder_group").keys())
    return found


def town_code(cell: str, region: str, business_date: date) -> str:
    return code(cell, towns(region, business_date)) or f"{region}999"


def resident(cell: str) -> Person | None:
    """The person of an id: 15 digits become 18; what is no id makes the row bad."""
    if not cell:
        return None
    number = cell.upper()
    if re.fullmatch(r"\d{15}", number, re.ASCII):
        number = number[:6] + "19" + number[6:]
        number += check_character(number)
    need(re.fullmatch(r"\d{17}[\dX]", number, re.ASCII) is not None)
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return Person(number, None, "unknown")
    if check_character(number[:17]) != number[17]:
        return Person(number, None, "unknown")
    return Person(number, born.year, "1" if int(number[16]) % 2 else "2")


def check_character(digits: str) -> str:
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(digits))
    return "10X98765432"[total % 11]


def taxpayer(cell: str) -> str | None:
    """The resident id in a taxpayer's number, if it holds one (ruling 20)."""
    if cell.startswith("L"):
        person = resident(required(cell[1:]))
        assert person is not None
        return person.number
    need(len(cell) in (0, 15, 18, 20))
    number = cell[:18].upper()
    if len(number) < 18 or not re.fullmatch(r"\d{17}[\dX]", number, re.ASCII):
        return None
    person = resident(number)
    return number if person and person.birth_year is not None else None
