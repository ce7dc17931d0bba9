"""Every cell of the indicators, counted in plain loops from what is known at K."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path

from .cells import towns
from .fold import Facts, facts
from .rows import Answer, Entity, Spell

CellKey = tuple[str, str, str, str, str]  # indicator, period, geography, breakdown type, breakdown
Place = tuple[str, str, str]  # geography, breakdown type, breakdown
SECTORS = ("private", "individual", "cooperative")
BANDS = ("16-24", "25-34", "35-44", "45-54", "55+")
MEMBERS = {
    "total": ("total",),
    "sector": SECTORS,
    "industry": (*"ABCDEFGHIJKLMNOPQRST", "unknown"),
    "founder_group": ("01", "02", "03", "04", "05", "06", "07"),
    "sex": ("1", "2", "unknown"),
    "age_band": (*BANDS, "unknown"),
}
OF_ENTITIES = ("total", "sector", "industry", "founder_group")
OF_ONE_SECTOR = ("total", "industry", "founder_group")
OF_FOUNDERS = ("total", "sector", "industry", "sex", "age_band", "founder_group")
OF_PERSONS = ("total", "sex", "age_band", "founder_group")


@dataclass(frozen=True)
class Cell:
    """One figure. `numerator` and `denominator` in the sources' units; `standard_error` as a float."""

    value: Decimal | None
    numerator: Fraction
    denominator: Fraction | None
    unit_count: int
    standard_error: float | None
    availability: str


@dataclass(frozen=True)
class Period:
    name: str
    grain: str
    first: date
    last: date


def periods(begin: int, k: date) -> Iterator[Period]:
    """Months, quarters and years from January of `begin` whose last day is not after k."""
    for year in range(begin, k.year + 1):
        for grain, length in (("M", 1), ("Q", 3), ("Y", 12)):
            for n in range(12 // length):
                month = n * length + length
                first, last = date(year, n * length + 1, 1), date(year, month, monthrange(year, month)[1])
                name = {"M": f"{year}-{month:02}", "Q": f"{year}-Q{n + 1}", "Y": str(year)}[grain]
                if last <= k:
                    yield Period(name, grain, first, last)


def months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def age_band(year: int, birth_year: int | None) -> str:
    return band(None if birth_year is None else year - birth_year)


def band(age: int | None) -> str:
    if age is None or age < 16:
        return "unknown"
    return BANDS[0] if age <= 24 else BANDS[1] if age <= 34 else BANDS[2] if age <= 44 else BANDS[3] if age <= 54 else BANDS[4]


def rounded(value: Fraction, places: int = 12) -> Decimal:
    """Half up (away from zero), as numeric rounds."""
    scaled = abs(value) * 10**places
    whole = int(scaled + Fraction(1, 2))
    return (Decimal(whole if value >= 0 else -whole) / Decimal(10**places)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def compute(inbox: Path, k: date, region: str = "520381", received: set[str] | None = None) -> dict[CellKey, Cell]:
    """Every cell at knowledge day k of the deliveries in the inbox (of those named in `received` alone, when given)."""
    known = facts(inbox, k, region, received)
    places = (region, *towns(region, k))
    cells: dict[CellKey, Cell] = {}
    for period in periods(2009, k):
        cells.update(_entities(known, period, region, places))
        cells.update(_jobs(known, period, region, places))
        if period.grain == "Y":
            cells.update(_survival(known, period, region, places))
            cells.update(_founders(known, period, region, places))
            cells.update(_satisfaction(known, period, region, places))
    return cells


def _all_places(geographies: Iterable[str], types: Iterable[str]) -> Iterator[Place]:
    for geography, kind in product(geographies, types):
        for member in MEMBERS[kind]:
            yield geography, kind, member


def _places(region: str, town: str, attributes: dict[str, Iterable[str]]) -> Iterator[Place]:
    for geography, (kind, members) in product((region, town), attributes.items()):
        for member in members:
            yield geography, kind, member


def _of_entity(e: Entity) -> dict[str, Iterable[str]]:
    return {"total": ("total",), "sector": (e.sector,), "industry": (e.section,), "founder_group": e.groups}


def _startups(known: Facts) -> list[Entity]:
    return [e for e in known.entities if e.sector in SECTORS]


def _entities(known: Facts, p: Period, region: str, geographies: tuple[str, ...]) -> dict[CellKey, Cell]:
    before = p.first - timedelta(days=1)

    def within(day: date | None) -> int:
        return int(day is not None and p.first <= day <= p.last)

    def exited(e: Entity) -> int:
        return within(e.exit) if e.exit == e.end else 0

    def net(e: Entity) -> int:
        return e.stocked(p.last) - e.stocked(before)

    def moved(e: Entity) -> int:
        return within(e.indate) - (within(e.outdate) if e.outdate == e.end and e.exit != e.outdate else 0)

    formulas: dict[str, Callable[[Entity], int]] = {
        "ENT_STK": lambda e: e.stocked(p.last),
        "ENT_NET": net,
        "ENT_NEW": lambda e: within(e.estdate) if e.indate is None else 0,
        "ENT_EXIT": lambda e: exited(e) if e.reason != "3" else 0,
        "ENT_PURGE": lambda e: exited(e) if e.reason == "3" else 0,
        "ENT_MIG": moved,
    }
    one_sector = {"_PRIV": "private", "_IND": "individual"}
    sums: dict[CellKey, list[int]] = {}
    for name in formulas:
        sums.update({(name, p.name, *place): [0, 0] for place in _all_places(geographies, OF_ENTITIES)})
    for name, suffix in product(("ENT_STK", "ENT_NET"), one_sector):
        sums.update({(name + suffix, p.name, *place): [0, 0] for place in _all_places(geographies, OF_ONE_SECTOR)})
    for e in _startups(known):
        given = [(name, weight) for name, formula in formulas.items() if (weight := formula(e))]
        if not given:
            continue
        where = list(_places(region, e.town, _of_entity(e)))
        for name, weight in given:
            _add(sums, name, p, where, weight)
            for suffix, sector in one_sector.items():
                if sector == e.sector and name in ("ENT_STK", "ENT_NET"):
                    _add(sums, name + suffix, p, [place for place in where if place[1] != "sector"], weight)
    return {key: Cell(Decimal(total), Fraction(total), None, units, None, "ok") for key, (total, units) in sums.items()}


def _add(sums: dict[CellKey, list[int]], name: str, p: Period, where: Iterable[Place], weight: int) -> None:
    for place in where:
        cell = sums[(name, p.name, *place)]
        cell[0] += weight
        cell[1] += 1


def _rate(numerator: Fraction, denominator: Fraction | None, units: int) -> Cell:
    if not denominator:
        return Cell(None, numerator, denominator, units, None, "no_denominator")
    return Cell(rounded(numerator / denominator * 100), numerator, denominator, units, None, "ok")


def _survival(known: Facts, p: Period, region: str, geographies: tuple[str, ...]) -> dict[CellKey, Cell]:
    cohort: dict[Place, int] = defaultdict(int)
    alive: dict[Place, int] = defaultdict(int)
    for e in _startups(known):
        anniversary = months_later(e.estdate, 12)
        if e.indate is not None or not p.first <= anniversary <= p.last:
            continue
        survives = e.exit is None or e.exit > anniversary or e.reason in ("4", "5")
        for place in _places(region, e.town, _of_entity(e)):
            cohort[place] += 1
            alive[place] += survives
    return {
        ("SURV_LEGAL_1", p.name, *place): _rate(Fraction(alive[place]), Fraction(cohort[place]), cohort[place])
        for place in _all_places(geographies, OF_ENTITIES)
    }


def _founders(known: Facts, p: Period, region: str, geographies: tuple[str, ...]) -> dict[CellKey, Cell]:
    labour = {x.geography: x.urban_labour for x in known.population if x.year == p.last.year}
    people: dict[Place, set[str]] = defaultdict(set)
    for e in _startups(known):
        if not e.stocked(p.last):
            continue
        f = e.founder
        own = _of_entity(e)
        own["sex"] = (f.sex if f else "unknown",)
        own["age_band"] = (age_band(p.last.year, f.birth_year if f else None),)
        for place in _places(region, e.town, own):
            people[place].add(f.number if f else f"of entity {e.pripid}")
    cells = {}
    for place in _all_places(geographies, OF_FOUNDERS):
        known_labour = labour.get(place[0]) if place[1] in ("total", "sector", "industry") else None
        denominator = None if known_labour is None or place[0] == f"{region}999" else Fraction(known_labour)
        count = len(people[place])
        cells["ACT_IDX", p.name, *place] = _rate(Fraction(count), denominator, count)
    return cells


def _employers(known: Facts) -> dict[str, list[Entity]]:
    found: dict[str, list[Entity]] = defaultdict(list)
    for e in known.entities:
        found[e.regno].append(e)
    return found


def _qualifies(s: Spell, employers: dict[str, list[Entity]]) -> bool:
    if s.form == "2":
        return True
    candidates = employers.get(s.regno, []) if s.regno else []
    if not candidates:
        return False
    employer = min(candidates, key=lambda e: (not e.stocked(s.start), -e.start.toordinal(), e.pripid))
    return employer.sector in SECTORS and employer.estdate <= s.start < months_later(employer.estdate, 36)


def _jobs(known: Facts, p: Period, region: str, geographies: tuple[str, ...]) -> dict[CellKey, Cell]:
    everyone: dict[Place, set[object]] = defaultdict(set)
    by_startups: dict[Place, set[object]] = defaultdict(set)
    employers = _employers(known)
    for s in known.spells:
        if not s.new or not p.first <= s.start <= p.last:
            continue
        person: object = s.person.number if s.person else s.key
        own: dict[str, Iterable[str]] = {"total": ("total",), "sex": (s.sex,), "founder_group": s.groups}
        own["age_band"] = (age_band(p.last.year, s.birth_year),)
        qualified = _qualifies(s, employers)
        for place in _places(region, s.town, own):
            everyone[place].add(person)
            if qualified:
                by_startups[place].add(person)
    return {
        ("JOB_CONTR", p.name, *place): _rate(
            Fraction(len(by_startups[place])), Fraction(len(everyone[place])), len(everyone[place])
        )
        for place in _all_places(geographies, OF_PERSONS)
    }


def _satisfaction(known: Facts, p: Period, region: str, geographies: tuple[str, ...]) -> dict[CellKey, Cell]:
    wave = [a for a in known.answers if a.wave == p.last.year]
    psus: dict[str, set[str]] = defaultdict(set)
    for a in wave:
        psus[a.stratum].add(a.psu)
    members: dict[Place, list[Answer]] = defaultdict(list)
    for a in wave:
        own: dict[str, Iterable[str]] = {"total": ("total",), "sex": (a.sex,), "founder_group": a.groups}
        own["age_band"] = (band(a.age),)
        if a.answers:
            for place in _places(region, a.town, own):
                members[place].append(a)
    return {("SAT_IDX", p.name, *place): _mean(members[place], psus) for place in _all_places(geographies, OF_PERSONS)}


def score(a: Answer) -> Fraction:
    """Mean of the answers on 0…100, rounded half up to 12 decimals."""
    return Fraction(rounded(Fraction(sum(25 * (x - 1) for x in a.answers), len(a.answers))))


def _mean(members: list[Answer], psus: dict[str, set[str]]) -> Cell:
    weights = sum((Fraction(a.weight) for a in members), Fraction(0))
    total = sum((Fraction(a.weight) * score(a) for a in members), Fraction(0))
    if not weights:
        return Cell(None, total, weights, 0, None, "no_denominator")
    mean = total / weights
    residuals: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for a in members:
        residuals[a.stratum, a.psu] += Fraction(a.weight) * (score(a) - mean) / weights
    variance = Fraction(0)
    for stratum, units in psus.items():
        n = len(units)
        if n > 1:
            z = [residuals.get((stratum, psu), Fraction(0)) for psu in units]
            centre = sum(z, Fraction(0)) / n
            variance += Fraction(n, n - 1) * sum(((x - centre) ** 2 for x in z), Fraction(0))
    return Cell(rounded(mean), total, weights, len(members), float(variance) ** 0.5, "ok")
