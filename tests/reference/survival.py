"""Survival and hazard of the cohorts born here."""

from __future__ import annotations

from collections.abc import Iterable

from .activity import Evidence
from .frame import Cells, Ground, Period, Tally, months_later, of_entity
from .units import Entity

MERGED = ("4", "5")


def gone_by(e: Entity, years: int) -> bool:
    """An exit on or before the anniversary, of whatever reason."""
    return e.exit is not None and e.exit <= months_later(e.estdate, 12 * years)


def survival(startups: list[Entity], evidence: Evidence, p: Period, ground: Ground) -> Cells:
    cells: Cells = {}
    for k in range(1, 6):
        legal, active = Tally(), Tally()
        for e in _cohort(startups, k, p):
            survives = not gone_by(e, k) or e.reason in MERGED
            places = ground.places(e.town, of_entity(e))
            legal.add(places, e.pripid, int(survives), 1)
            active.add(places, e.pripid, int(survives and evidence.active(e, p.last.year)), 1)
        cells |= legal.rates(f"SURV_LEGAL_{k}", p, ground)
        cells |= active.rates(f"SURV_ACT_{k}", p, ground)
    return cells


def hazard(startups: list[Entity], p: Period, ground: Ground) -> Cells:
    """At risk are those without an exit by the anniversary before; in the first year everybody (ruling 37)."""
    cells: Cells = {}
    for k in range(1, 8):
        tally = Tally()
        for e in _cohort(startups, k, p):
            if k == 1 or not gone_by(e, k - 1):
                dies = gone_by(e, k) and e.reason not in MERGED
                tally.add(ground.places(e.town, of_entity(e)), e.pripid, int(dies), 1)
        cells |= tally.rates(f"HAZ_{k}", p, ground)
    return cells


def _cohort(startups: Iterable[Entity], k: int, p: Period) -> list[Entity]:
    """Born here, k-th anniversary in the period."""
    return [e for e in startups if e.born_here and months_later(e.estdate, 12 * k) in p]
