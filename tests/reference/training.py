"""Training: who was trained, passed, founded something afterwards; how many of those who would found were trained."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from fractions import Fraction

from .catalogue import SECTORS
from .fold import Facts
from .frame import Attributes, Cells, Ground, Period, Tally, age_band, months_later
from .survey import of_answer
from .units import Course

PASSED = "合格"


def of_course(c: Course, year: int) -> Attributes:
    return {"sex": (c.person.sex,), "age_band": (age_band(year, c.person.birth_year),), "founder_group": c.groups}


def trained(known: Facts, p: Period, ground: Ground) -> Cells:
    everyone, with_result = Tally(), Tally()
    for c in known.courses:
        if c.last in p:
            places = ground.places(c.town, of_course(c, p.last.year))
            everyone.once(places, c.person.number)
            if c.result:
                with_result.once(places, c.person.number, in_numerator=c.result == PASSED, in_denominator=True)
    return {**everyone.counts("TRN_N", p, ground), **with_result.rates("TRN_PASS", p, ground)}


def success(known: Facts, p: Period, ground: Ground) -> Cells:
    """Those who passed from July before the year to June, and founded within six months (ruling 48)."""
    founded: dict[str, list[date]] = defaultdict(list)
    for e in known.entities:
        if e.sector in SECTORS and e.founder:
            founded[e.founder.number].append(e.estdate)
    year, tally = p.last.year, Tally()
    for c in known.courses:
        if c.result == PASSED and c.last and date(year - 1, 7, 1) <= c.last <= date(year, 6, 30):
            until = months_later(c.last, 6)
            ventures = [*founded[c.person.number], *([c.venture] if c.venture else [])]
            succeeds = any(c.last <= day <= until for day in ventures)
            places = ground.places(c.town, of_course(c, year))
            tally.once(places, c.person.number, in_numerator=succeeds, in_denominator=True)
    return tally.rates("TRN_SUCC", p, ground)


def coverage(known: Facts, p: Period, ground: Ground) -> Cells:
    """Trained persons of the year over the weights of those who intend or prepare to found."""
    tally = Tally()
    for c in known.courses:
        if c.last in p:
            tally.once(ground.places(c.town, of_course(c, p.last.year)), ("person", c.person.number))
    for a in known.answers:
        if a.wave == p.last.year and a.status in ("1", "2"):
            tally.add(ground.places(a.town, of_answer(a)), ("respondent", a.sample), 0, Fraction(a.weight))
    return tally.rates("TRN_COV", p, ground)
