"""Figures twice: summed from a balance of postings, and counted by brute force from the register."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Iterator, Set
from datetime import date, timedelta
from typing import NamedTuple

from .toy_accounts import (
    BANDS,
    CITY,
    SCOPE,
    Balance,
    Posting,
    Register,
    Unit,
    band,
    birth_of,
    founder_of,
    person_of,
    sex_of,
    young,
)
from .toy_fold import Entity, Spell

TOWNS = ("T1", "T2", "T3")
MEMBERS = {
    "total": ("total",),
    "sector": SCOPE,
    "industry": ("A", "B"),
    "founder_group": ("01", "02", "03"),
    "sex": ("1", "2", "unknown"),
    "age_band": (*(f"{low}-{high}" for low, high in BANDS[:-1]), "55+", "unknown"),
}
ENTITY_CELLS = ("total", "sector", "industry", "founder_group")
JOB_CELLS = ("total", "sex", "age_band", "founder_group")
NET = {"entity.birth": 1, "entity.migration": 1, "entity.exit": -1, "entity.purge": -1}
FORMULAS: dict[str, tuple[str, dict[str, int], tuple[str, ...]]] = {
    "ENT_STK": ("stock", NET, ENTITY_CELLS),
    "ENT_NET": ("flow", NET, ENTITY_CELLS),
    "ENT_NEW": ("flow", {"entity.birth": 1}, ENTITY_CELLS),
    "ENT_MIG": ("flow", {"entity.migration": 1}, ENTITY_CELLS),
    "ENT_EXIT": ("flow", {"entity.exit": 1}, ENTITY_CELLS),
    "ENT_PURGE": ("flow", {"entity.purge": 1}, ENTITY_CELLS),
    "FOUNDERS": ("stock", {"founder.present": 1}, tuple(MEMBERS)),
    "JOB_ALL": ("flow", {"job.new": 1}, JOB_CELLS),
    "JOB_STARTUP": ("flow", {"job.new_by_startups": 1}, JOB_CELLS),
}


class Cell(NamedTuple):
    indicator: str
    grain: str
    first: date
    last: date
    geography: str
    breakdown: str
    member: str


def cells(year: int) -> Iterator[Cell]:
    """Every cell of one year."""
    spans = [(g, n, m * n + 1, m * n + n) for g, n in (("M", 1), ("Q", 3), ("Y", 12)) for m in range(12 // n)]
    for indicator, (_, _, breakdowns) in FORMULAS.items():
        for grain, _, one, two in spans:
            first, last = date(year, one, 1), date(year, two, monthrange(year, two)[1])
            for geography in (CITY, *TOWNS):
                for breakdown in breakdowns:
                    for member in MEMBERS[breakdown]:
                        yield Cell(indicator, grain, first, last, geography, breakdown, member)


def _inside(posting: Posting, cell: Cell) -> bool:
    if posting.scope == "city" and cell.geography != CITY:
        return False
    if cell.geography not in (CITY, posting.geography) or posting.grain not in (None, cell.grain):
        return False
    if posting.applies_to is not None and cell.breakdown not in posting.applies_to:
        return False
    if cell.breakdown == "founder_group":
        return cell.member in posting.groups
    if cell.breakdown == "age_band":
        return band(posting.birth_year, cell.last.year) == cell.member
    return cell.breakdown == "total" or getattr(posting, cell.breakdown) == cell.member


def from_postings(balance: Balance, cell: Cell) -> tuple[int, int]:
    """(value, unit_count) of a cell: the sum of its postings, and the units whose own sum is not zero."""
    kind, signs, _ = FORMULAS[cell.indicator]
    units: Counter[Unit] = Counter()
    for posting, weight in balance.items():
        timely = posting.day <= cell.last and (kind == "stock" or posting.day >= cell.first)
        if posting.account in signs and timely and _inside(posting, cell):
            units[posting.unit] += weight * signs[posting.account]
    return sum(units.values()), sum(1 for weight in units.values() if weight)


def by_hand(register: Register, cell: Cell) -> tuple[int, int]:
    """(value, unit_count) of a cell, counted from the register as the definitions say."""
    kept = [e for e in register.entities.values() if e.sector in SCOPE and _entity_in(e, cell)]
    before = cell.first - timedelta(days=1)
    now, then = {e.entity for e in kept if _stocked(e, cell.last)}, {e.entity for e in kept if _stocked(e, before)}

    def within(day: date | None) -> bool:
        return day is not None and cell.first <= day <= cell.last

    gone = {e.entity: e for e in kept if e.exit and e.exit == e.end and within(e.exit)}
    born = {e.entity for e in kept if e.indate is None and within(e.estdate)}
    came = {e.entity for e in kept if within(e.indate)}
    left = {e.entity for e in kept if within(e.outdate) and e.outdate == e.end and e.exit != e.outdate}
    purged = {key for key, e in gone.items() if e.reason == "3"}
    match cell.indicator:
        case "ENT_STK":
            return len(now), len(now)
        case "ENT_NET":
            return len(now) - len(then), len(now ^ then)
        case "ENT_NEW":
            return len(born), len(born)
        case "ENT_MIG":
            return len(came) - len(left), len(came ^ left)
        case "ENT_EXIT":
            return len(gone.keys() - purged), len(gone.keys() - purged)
        case "ENT_PURGE":
            return len(purged), len(purged)
        case "FOUNDERS":
            people = {founder_of(e) for e in register.entities.values() if _founder_in(e, cell)}
            return len(people), len(people)
        case _:
            spells = [s for s in register.spells.values() if s.new and within(s.start) and _spell_in(s, cell)]
            if cell.indicator == "JOB_STARTUP":
                spells = [s for s in spells if s.form == 2 or _at_startup(register, s)]
            people = {person_of(s) for s in spells}
            return len(people), len(people)


def _stocked(e: Entity, day: date) -> bool:
    return e.start <= day and (e.end is None or e.end > day)


def _at_startup(register: Register, s: Spell) -> bool:
    employer = register.employer(s)
    return employer is not None and employer.sector in SCOPE and young(employer, s.start)


def _entity_in(e: Entity, cell: Cell) -> bool:
    if cell.geography not in (CITY, e.town):
        return False
    own = {"total": ("total",), "sector": (e.sector,), "industry": (e.industry,), "founder_group": tuple(e.groups)}
    return cell.member in own.get(cell.breakdown, ())


def _founder_in(e: Entity, cell: Cell) -> bool:
    if e.sector not in SCOPE or not _stocked(e, cell.last):
        return False
    if cell.breakdown == "sex":
        member = sex_of(e.founder) if e.founder else "unknown"
    elif cell.breakdown == "age_band":
        member = band(birth_of(e.founder) if e.founder else None, cell.last.year)
    else:
        return _entity_in(e, cell)
    return cell.geography in (CITY, e.town) and cell.member == member


def _spell_in(s: Spell, cell: Cell) -> bool:
    if cell.geography not in (CITY, s.town):
        return False
    own: dict[str, Set[str]] = {"total": {"total"}, "sex": {s.sex}, "founder_group": s.groups}
    own["age_band"] = {band(s.birth_year, s.start.year)}
    return cell.member in own[cell.breakdown]
