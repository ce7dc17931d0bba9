"""The rules on rows, written out once more: each function gives the typed row, or None where the row is quarantined."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from stdnum.cn import uscc  # type: ignore[import-untyped, unused-ignore]

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


@dataclass(frozen=True)
class Entity:
    pripid: str
    regno: str
    sector: str
    estdate: date
    indate: date | None
    outdate: date | None
    exit: date | None
    reason: str | None
    section: str
    founder: Person | None
    groups: frozenset[str]
    town: str

    @cached_property
    def start(self) -> date:
        return self.indate or self.estdate

    @cached_property
    def end(self) -> date | None:
        return min((d for d in (self.exit, self.outdate) if d is not None), default=None)

    def stocked(self, day: date) -> bool:
        return self.start <= day and (self.end is None or self.end > day)


@dataclass(frozen=True)
class Spell:
    key: tuple[str, ...]
    person: Person | None
    sex: str
    birth_year: int | None
    regno: str
    start: date
    form: str
    new: bool
    groups: frozenset[str]
    town: str


@dataclass(frozen=True)
class Answer:
    wave: int
    sample: str
    stratum: str
    psu: str
    weight: Decimal
    town: str
    age: int | None
    sex: str
    groups: frozenset[str]
    answers: tuple[int, ...]


@dataclass(frozen=True)
class Population:
    year: int
    geography: str
    urban_labour: int | None


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


def registration(row: Raw, region: str, day: date) -> Entity:
    """Ruling by ruling what a row of the register must be."""
    common(row)
    need(re.fullmatch(r"\d{15}|\d{13}|.*NA.*", required(row["REGNO"]), re.ASCII) is not None)
    need(not row["UNISCID"] or bool(uscc.is_valid(row["UNISCID"])))
    required(row["ENTNAME"])
    est = past_date(required(row["ESTDATE"]), day)
    assert est is not None
    need(est >= date(1949, 10, 1))
    past_date(row["APPRDATE"], day)
    candate, revdate, indate, outdate = (past_date(row[c], day) for c in ("CANDATE", "REVDATE", "INDATE", "OUTDATE"))
    needed = {"2": revdate, "3": candate, "4": outdate, "1": est}[code(required(row["REGSTATE"]), codes("reg_state"))]
    need(needed is not None)
    need(indate is None or indate >= est)
    start = indate or est
    need(all(d is None or d >= start for d in (candate, revdate)))
    need(outdate is None or outdate >= est)
    reason = code(row["EXITREASON"], codes("exit_reason"))
    standard = code(row["INDUSTRYSTD"], codes("industry_standard"))
    need(re.fullmatch(r"(\d{4})?", row["INDUSTRYCO"], re.ASCII) is not None)
    division = row["INDUSTRYCO"][:2]
    need(not (standard and division) or (standard, division) in sections())
    decimal(row["REGCAP"], 4)
    need(re.fullmatch(r"(\d{3})?", row["REGCAPCUR"], re.ASCII) is not None)
    code(row["SECONDVENTURE"], "01")
    integer(row["EMPNUM"])
    exit_day = min((d for d in (candate, revdate) if d), default=None)
    return Entity(
        pripid=required(row["PRIPID"], 36),
        regno=row["REGNO"],
        sector=codes("entity_type")[code(required(row["ENTTYPE"]), codes("entity_type"))],
        estdate=est,
        indate=indate,
        outdate=outdate if outdate and outdate >= start else None,
        exit=exit_day,
        reason=reason if exit_day and reason else None,
        section=section_2017(standard, division) if standard and division else "unknown",
        founder=resident(row["LEREPCERNO"]),
        groups=group_codes(row["FOUNDERGROUP"]),
        town=entity_town(row, region, day),
    )


def entity_town(row: Raw, region: str, day: date) -> str:
    """TOWN, else the one town whose whole name is in DOM."""
    if row["TOWN"]:
        return town_code(row["TOWN"], region, day)
    unknown = f"{region}999"
    named = [town for town, name in towns(region, day).items() if town != unknown and name in row["DOM"]]
    return named[0] if len(named) == 1 else unknown


def employment(row: Raw, region: str, day: date) -> Spell:
    common(row)
    start, end = past_date(required(row["AAE030"]), day), past_date(row["AAE031"], day)
    assert start is not None
    need(end is None or end >= start)
    code(row["AAC008"], codes("insurance_state"))
    form = code(row["ACC031"], codes("employment_form"))
    need(bool(row["AAB001"]) or form in ("2", "3"))
    reason = code(row["ACC033"], codes("termination_reason"))
    need(end is None or bool(reason))
    person = resident(row["AAC002"])
    born = past_date(row["AAC006"], day)
    own = code(row["AAC004"], codes("sex"))
    return Spell(
        key=(required(row["AAC001"]), row["AAB001"], start.isoformat()),
        person=person,
        sex=own or (person.sex if person else "unknown"),
        birth_year=born.year if born else person.birth_year if person else None,
        regno=row["AAB003"],
        start=start,
        form=form,
        new=code(row["ACC032"], "01") == "1",
        groups=group_codes(row["ACC034"]),
        town=town_code(row["TOWN"], region, day),
    )


def survey(row: Raw, region: str, day: date) -> Answer:
    common(row)
    wave, weight = integer(required(row["WAVE"])), decimal(required(row["WEIGHT"]), 6)
    assert wave is not None and weight is not None
    need(weight > 0)
    code(required(row["STATUS"]), codes("survey_status"))
    code(row["MOTIVE"], codes("motive"))
    integer(row["JOBS"])
    age = integer(row["AGE"])
    need(age is None or age <= 130)
    return Answer(
        wave=wave,
        sample=required(row["SAMPLEID"]),
        stratum=required(row["STRATUM"]),
        psu=required(row["PSU"]),
        weight=weight,
        town=town_code(row["TOWN"], region, day),
        age=age,
        sex=code(row["SEX"], codes("sex")) or "unknown",
        groups=group_codes(row["GROUP"]),
        answers=tuple(int(code(row[s], "12345")) for s in ("S1", "S2", "S3") if row[s]),
    )


def population(row: Raw, region: str, day: date) -> Population:
    common(row)
    year = integer(required(row["YEAR"]))
    assert year is not None
    for column in ("RESIDENT", "AGE1564", "AGE1560", "AGE1664", "AGE1864"):
        integer(row[column])
    code(row["STATUS"], codes("population_status"))
    place = required(row["GEO"])
    return Population(year, place if place == region else code(place, towns(region, day)), integer(row["URBANLABOUR"]))


READ: dict[str, Any] = {
    "registrations": registration, "employment": employment, "survey": survey, "population": population,
}  # fmt: skip
KEYS = {
    "registrations": ("PRIPID",), "employment": ("AAC001", "AAB001", "AAE030"), "survey": ("WAVE", "SAMPLEID"),
    "population": ("YEAR", "GEO"),
}  # fmt: skip


def key_of(source: str, row: Raw) -> tuple[str, ...] | None:
    """The key as far as it can be read; dates and numbers in one spelling."""
    parts = []
    for column in KEYS[source]:
        cell = row[column]
        if column == "AAE030":
            try:
                day = parse_date(cell)
            except Bad:
                return None
            cell = day.isoformat() if day else ""
        if not cell and column != "AAB001":
            return None
        parts.append(cell)
    return tuple(parts)
