"""Accounts: the postings that each unit ought to have, as a function of the register alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from .toy_fold import Entity, Spell

CITY = "city"
SCOPE = ("private", "individual", "cooperative")
BREAKDOWNS = ("total", "sector", "industry", "founder_group", "sex", "age_band")
BANDS = ((16, 24), (25, 34), (35, 44), (45, 54), (55, 999))
ENTITY_ACCOUNTS = ("entity.birth", "entity.migration", "entity.exit", "entity.purge")
PERSON_ACCOUNTS = ("founder.present", "job.new", "job.new_by_startups")

Unit = tuple[str, str]  # (unit type, id)


class Posting(NamedTuple):
    """All of a posting but its weight and build. `None` in grain, scope or applies_to: all of them."""

    account: str
    unit: Unit
    day: date
    geography: str
    sector: str = "unknown"
    industry: str = "unknown"
    groups: frozenset[str] = frozenset()
    sex: str = "unknown"
    birth_year: int | None = None
    grain: str | None = None
    scope: str | None = None
    applies_to: frozenset[str] | None = None


Balance = Counter[Posting]


@dataclass(frozen=True)
class Register:
    """What is known at K, with its links."""

    entities: Mapping[tuple[str, ...], Entity]
    spells: Mapping[tuple[str, ...], Spell]

    def employer(self, spell: Spell) -> Entity | None:
        """The entity with the spell's REGNO: in stock on its first day, then the latest start, then the smallest id."""
        found = [e for e in self.entities.values() if spell.regno is not None and e.regno == spell.regno]
        stocked = [e for e in found if e.start <= spell.start and (e.end is None or e.end > spell.start)]
        pool = stocked or found
        return min(pool, key=lambda e: (-e.start.toordinal(), e.entity), default=None)


@dataclass(frozen=True)
class Fact:
    """A person's presence at a finest cell from `day` (to `until`, for a stock)."""

    day: date
    until: date | None
    town: str
    sector: str
    industry: str
    groups: frozenset[str]
    sex: str
    birth_year: int | None


def founder_of(entity: Entity) -> Unit:
    return ("person", entity.founder) if entity.founder else ("person", f"of {entity.entity}")


def person_of(spell: Spell) -> Unit:
    return ("person", spell.person) if spell.person else ("person", "/".join(spell.key))


def sex_of(person: str) -> str:
    return "12"[sum(map(ord, person)) % 2]


def birth_of(person: str) -> int:
    return 1950 + sum(map(ord, person)) * 7 % 45


def band(birth_year: int | None, year: int) -> str:
    age = -1 if birth_year is None else year - birth_year
    return next((f"{low}-{high}" for low, high in BANDS if low <= age <= high), "unknown").replace("55-999", "55+")


def months_later(day: date, months: int) -> date:
    """The same day n months on, or the month's last day where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        if last <= day.day:
            try:
                return date(year, month + 1, last)
            except ValueError:
                continue
    raise AssertionError(day)


def young(entity: Entity, day: date) -> bool:
    return entity.estdate <= day < months_later(entity.estdate, 36)


def desired(register: Register, unit: Unit) -> Balance:
    """Every posting that the unit ought to have, with its weight."""
    kind, name = unit
    if kind == "entity":
        entity = register.entities.get((name,))
        return _entity(entity) if entity and entity.sector in SCOPE else Counter()
    owned = [e for e in register.entities.values() if e.sector in SCOPE and founder_of(e) == unit and e.start != e.end]
    jobs = [s for s in register.spells.values() if s.new and person_of(s) == unit]
    made = [s for s in jobs if s.form == 2 or _by_startup(register, s)]
    total: Balance = Counter()
    total.update(_distinct("founder.present", unit, [_presence(e) for e in owned], _stock))
    total.update(_distinct("job.new", unit, [_job(s) for s in jobs], _flow))
    total.update(_distinct("job.new_by_startups", unit, [_job(s) for s in made], _flow))
    return Counter({posting: weight for posting, weight in total.items() if weight})


def _by_startup(register: Register, spell: Spell) -> bool:
    employer = register.employer(spell)
    return employer is not None and employer.sector in SCOPE and young(employer, spell.start)


def _entity(e: Entity) -> Balance:
    def at(account: str, day: date, weight: int) -> None:
        cell = Posting(account, ("entity", e.entity), day, e.town, e.sector, e.industry, e.groups)
        balance[cell] += weight

    balance: Balance = Counter()
    at("entity.migration" if e.indate else "entity.birth", e.start, 1)
    if e.end and e.end == e.exit:
        at("entity.purge" if e.reason == "3" else "entity.exit", e.exit, 1)
    elif e.end:
        at("entity.migration", e.end, -1)
    return balance


def _presence(e: Entity) -> Fact:
    sex = sex_of(e.founder) if e.founder else "unknown"
    return Fact(e.start, e.end, e.town, e.sector, e.industry, e.groups, sex, birth_of(e.founder) if e.founder else None)


def _job(s: Spell) -> Fact:
    return Fact(s.start, None, s.town, "unknown", "unknown", s.groups, s.sex, s.birth_year)


Steps = Counter[tuple[date, str | None]]  # change of the count: (day, grain)
Spread = Counter[tuple[date, str]]  # the same with each grain by itself


def _stock(facts: Iterable[Fact]) -> Steps:
    """The count of a person present at one or more of the facts: their intervals merged, +1 and -1 at the ends."""
    steps: Steps = Counter()
    reached: date | None = None
    for fact in sorted(facts, key=lambda f: (f.day, f.until or date.max)):
        until = fact.until or date.max
        if reached is None or fact.day > reached:
            steps[fact.day, None] += 1
            if until < date.max:
                steps[until, None] -= 1
        elif until > reached:
            steps[reached, None] += 1
            if until < date.max:
                steps[until, None] -= 1
        reached = until if reached is None else max(reached, until)
    return Counter({step: weight for step, weight in steps.items() if weight})


def period(day: date, grain: str) -> tuple[int, int]:
    return day.year, {"M": day.month, "Q": (day.month + 2) // 3, "Y": 0}[grain]


def _flow(facts: Iterable[Fact]) -> Steps:
    """One for each month, quarter and year with a fact, on its first day there; in one step where all three agree."""
    steps: Steps = Counter()
    seen: set[tuple[str, tuple[int, int]]] = set()
    for day in sorted({fact.day for fact in facts}):
        first = [grain for grain in "MQY" if (grain, period(day, grain)) not in seen]
        seen.update((grain, period(day, grain)) for grain in first)
        if first == ["M", "Q", "Y"]:
            steps[day, None] += 1
        else:
            steps.update((day, grain) for grain in first)
    return steps


def _members(fact: Fact, breakdown: str, flow: bool) -> list[object]:
    """The cells of one breakdown that the fact lies in; the birth year stands for a stock's band, which moves on."""
    if breakdown == "founder_group":
        return list(fact.groups)
    if breakdown == "age_band":
        return [band(fact.birth_year, fact.day.year) if flow else fact.birth_year]
    return ["total" if breakdown == "total" else getattr(fact, breakdown)]


def _distinct(account: str, unit: Unit, facts: list[Fact], count: Callable[[Iterable[Fact]], Steps]) -> Balance:
    """Base postings at the finest cells, then corrections for the town's cells, then for the city's."""
    flow = count is _flow
    finest: dict[tuple[object, ...], list[Fact]] = defaultdict(list)
    for fact in facts:
        finest[fact.town, fact.sector, fact.industry, fact.groups, fact.sex, fact.birth_year].append(fact)
    balance: Balance = Counter()
    for same in finest.values():
        for (day, grain), weight in count(same).items():
            balance[_posting(account, unit, day, same[0])._replace(grain=grain)] += weight
    for town in sorted({fact.town for fact in facts}):
        balance.update(_corrections(account, unit, [f for f in facts if f.town == town], balance, town, count, flow))
    if len({fact.town for fact in facts}) > 1:
        balance.update(_corrections(account, unit, facts, balance, CITY, count, flow))
    return balance


def _posting(account: str, unit: Unit, day: date, fact: Fact) -> Posting:
    return Posting(account, unit, day, fact.town, fact.sector, fact.industry, fact.groups, fact.sex, fact.birth_year)


def _corrections(
    account: str,
    unit: Unit,
    facts: list[Fact],
    sofar: Balance,
    geography: str,
    count: Callable[[Iterable[Fact]], Steps],
    flow: bool,
) -> Balance:
    """What brings each cell of one geography to its distinct count, equal parts of breakdowns in one posting."""
    packed: dict[tuple[date, str | None, int, int], dict[str, tuple[Fact, object]]] = defaultdict(dict)
    for breakdown in BREAKDOWNS:
        cells: dict[object, list[Fact]] = defaultdict(list)
        for fact in facts:
            for member in _members(fact, breakdown, flow):
                cells[member].append(fact)
        for member, inside in cells.items():
            missing = _spread(count(inside))
            missing.subtract(_standing(sofar, geography, breakdown, member, flow))
            for (day, grain), weight in _gather(missing).items():
                turn = 0
                while breakdown in packed[day, grain, weight, turn]:
                    turn += 1
                on_the_day = next((fact for fact in inside if fact.day == day), inside[0])
                packed[day, grain, weight, turn][breakdown] = (on_the_day, member)
    balance: Balance = Counter()
    for (day, grain, weight, _), parts in packed.items():
        attributes: dict[str, object] = {}
        for breakdown, (fact, member) in parts.items():
            if breakdown in ("sector", "industry", "sex"):
                attributes[breakdown] = member
            elif breakdown == "founder_group":
                attributes["groups"] = frozenset([member])
            elif breakdown == "age_band":
                attributes["birth_year"] = fact.birth_year
        scope = "city" if geography == CITY else None
        key = Posting(account, unit, day, geography, grain=grain, scope=scope, applies_to=frozenset(parts))
        balance[key._replace(**attributes)] += weight  # type: ignore[arg-type]
    return balance


def _spread(steps: Steps) -> Spread:
    """Steps by day and single grain, so that they can be compared."""
    spread: Spread = Counter()
    for (day, grain), weight in steps.items():
        for one in "MQY" if grain is None else grain:
            spread[day, one] += weight
    return spread


def _standing(sofar: Balance, geography: str, breakdown: str, member: object, flow: bool) -> Spread:
    spread: Spread = Counter()
    for p, weight in sofar.items():
        if geography not in (CITY, p.geography) or (p.applies_to is not None and breakdown not in p.applies_to):
            continue
        here = Fact(p.day, None, p.geography, p.sector, p.industry, p.groups, p.sex, p.birth_year)
        if member in _members(here, breakdown, flow):
            for one in "MQY" if p.grain is None else p.grain:
                spread[p.day, one] += weight
    return spread


def _gather(spread: Spread) -> Steps:
    """The same with all three grains of a day in one step where they agree."""
    days: dict[date, dict[str, int]] = defaultdict(dict)
    for (day, grain), weight in spread.items():
        if weight:
            days[day][grain] = weight
    steps: Steps = Counter()
    for day, by in days.items():
        if len(by) == 3 and len(set(by.values())) == 1:
            steps[day, None] = by["M"]
        else:
            for grain, weight in by.items():
                steps[day, grain] += weight
    return steps
