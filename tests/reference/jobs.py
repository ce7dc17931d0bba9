"""Jobs: new ones, and those at young entities."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from .catalogue import SECTORS
from .fold import Facts
from .frame import NO_RATE, NOTHING, Attributes, Cells, Ground, Period, Place, Tally, age_band, count, of_entity, rate, young
from .links import Links
from .units import Entity, Spell

Sets = dict[Place, set[object]]


def of_spell(s: Spell, year: int) -> Attributes:
    return {"sex": (s.sex,), "age_band": (age_band(year, s.birth_year),), "founder_group": s.groups}


def new_jobs(known: Facts, links: Links, p: Period, ground: Ground) -> Cells:
    """JOB_CONTR: the persons of new urban jobs, and of them those with a job of their own or at a young startup."""
    tally = Tally()
    for s in known.spells:
        if s.new and s.start in p:
            places = ground.places(s.town, of_spell(s, p.last.year))
            tally.once(places, s.person_key, in_numerator=_by_startups(s, links), in_denominator=True)
    return tally.rates("JOB_CONTR", p, ground)


def _by_startups(s: Spell, links: Links) -> bool:
    employer = links.of_spell(s)
    return s.form == "2" or (employer is not None and employer.sector in SECTORS and young(employer, s.start))


def net_jobs(known: Facts, p: Period, ground: Ground) -> Cells:
    """JOB_NEW_URB: persons of new jobs less persons whose spell of any kind ended by retirement or death."""
    begun: Sets = defaultdict(set)
    ended: Sets = defaultdict(set)
    for s in known.spells:
        places = ground.places(s.town, of_spell(s, p.last.year)) if s.start in p or s.last in p else []
        for place in places:
            if s.new and s.start in p:
                begun[place].add(s.person_key)
            if s.last in p and s.reason in ("1", "2"):
                ended[place].add(s.person_key)
    found = {}
    for place in begun.keys() | ended.keys():
        one, two = begun.get(place, set()), ended.get(place, set())
        found[place] = count(len(one) - len(two), len(one ^ two))
    return ground.cells("JOB_NEW_URB", p, NOTHING, found)


def jobs_at_young(known: Facts, links: Links, p: Period, ground: Ground) -> Cells:
    """JOB_YOUNG and JOB_MULT: insured on the last day at entities of startup scope in stock and young at its close."""
    day = p.last
    employers = {e.pripid: e for e in known.entities if e.sector in SECTORS and e.stocked(day) and young(e, day)}
    workers: Sets = defaultdict(set)
    founders: Sets = defaultdict(set)
    persons = Tally()
    for e in employers.values():
        for place in ground.places(e.town, of_entity(e)):
            founders[place].add(e.founder_key)
    for s, e in _insured(known, links, employers, day):
        for place in ground.places(e.town, of_entity(e)):
            workers[place].add(s.person_key)
        own = of_spell(s, day.year) | {"sector": (e.sector,), "industry": (e.section,)}
        persons.once(ground.places(e.town, own), s.person_key)
    cells = persons.counts("JOB_YOUNG", p, ground)
    if p.grain != "M":
        found = {}
        for place, heads in founders.items():
            others = workers.get(place, set()) - heads
            found[place] = rate(len(others), len(heads), len(others) + len(heads), 1)
        cells |= ground.cells("JOB_MULT", p, NO_RATE, found)
    return cells


def _insured(known: Facts, links: Links, employers: dict[str, Entity], day: date) -> list[tuple[Spell, Entity]]:
    found = []
    for s in known.spells:
        if s.form == "1" and s.touches(day, day, known.k):
            e = links.of_spell(s)
            if e is not None and e.pripid in employers:
                found.append((s, e))
    return found
