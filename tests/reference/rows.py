"""The rules on rows of the register, employment, survey and population; a row that breaks one raises Bad."""

from __future__ import annotations

import re
from datetime import date

from stdnum.cn import uscc  # type: ignore[import-untyped, unused-ignore]

from .cells import (
    Raw,
    code,
    codes,
    common,
    decimal,
    group_codes,
    integer,
    need,
    past_date,
    required,
    resident,
    section_2017,
    sections,
    town_code,
    towns,
)
from .units import Answer, Entity, Population, Spell


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
        enttype=row["ENTTYPE"],
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
        last=end,
        reason=reason,
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
    status = code(required(row["STATUS"]), codes("survey_status"))
    motive = code(row["MOTIVE"], codes("motive"))
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
        status=status,
        motive=motive if status in ("2", "3", "4") else "",
        answers=tuple(int(code(row[s], "12345")) for s in ("S1", "S2", "S3") if row[s]),
    )


def population(row: Raw, region: str, day: date) -> Population:
    common(row)
    year = integer(required(row["YEAR"]))
    assert year is not None
    for column in ("RESIDENT", "AGE1664", "AGE1864"):
        integer(row[column])
    code(row["STATUS"], codes("population_status"))
    place = required(row["GEO"])
    return Population(
        year=year,
        geography=place if place == region else code(place, towns(region, day)),
        urban_labour=integer(row["URBANLABOUR"]),
        age_15_64=integer(row["AGE1564"]),
        age_15_60=integer(row["AGE1560"]),
    )
