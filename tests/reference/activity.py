"""Active entities, births, deaths, churn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from .fold import Facts
from .frame import Cells, Ground, Period, Tally, of_entity
from .links import Links
from .units import Entity


class Evidence:
    """The years in which an entity shows activity: a voucher with revenue whose period touches it, or an insured spell."""

    def __init__(self, known: Facts, links: Links) -> None:
        self._years: dict[str, set[int]] = defaultdict(set)
        for v in known.vouchers:
            if v.counts and v.revenue > 0 and v.first and v.last and (e := links.of_voucher(v)):
                self._years[e.pripid].update(range(v.first.year, v.last.year + 1))
        for s in known.spells:
            # an open spell lasts until K (ruling 24), and begins no later
            if s.form == "1" and (e := links.of_spell(s)):
                self._years[e.pripid].update(range(s.start.year, (s.last or known.k).year + 1))

    def active(self, e: Entity, year: int) -> bool:
        """Evidence in the year, and in stock on any day of it (ruling 39)."""
        stood = e.start <= date(year, 12, 31) and (e.end is None or e.end > max(date(year, 1, 1), e.start))
        return stood and self.shown(e, year)

    def shown(self, e: Entity, year: int) -> bool:
        return year in self._years.get(e.pripid, ())


def dies(e: Entity, p: Period, evidence: Evidence) -> bool:
    """An exit of an active entity that is not purge, merger or split, and no evidence in the two years after (ruling 36)."""
    year = p.last.year
    gone = e.exit in p and e.exit == e.end and e.reason not in ("3", "4", "5")
    return gone and not evidence.shown(e, year + 1) and not evidence.shown(e, year + 2)


def demography(startups: Iterable[Entity], evidence: Evidence, p: Period, ground: Ground) -> Cells:
    stock, births, deaths, churn = Tally(), Tally(), Tally(), Tally()
    for e in startups:
        if not evidence.active(e, p.last.year):
            continue
        places = ground.places(e.town, of_entity(e))
        born, dead = int(e.born_here and e.estdate in p), int(dies(e, p, evidence))
        stock.add(places, e.pripid, 1)
        births.add(places, e.pripid, born, 1)
        deaths.add(places, e.pripid, dead, 1)
        churn.add(places, e.pripid, born + dead, 1)
    return {
        **stock.counts("ENT_ACTIVE", p, ground),
        **births.rates("ENT_BIRTH_RATE", p, ground),
        **deaths.rates("ENT_DEATH_RATE", p, ground),
        **churn.rates("ENT_CHURN", p, ground),
    }
