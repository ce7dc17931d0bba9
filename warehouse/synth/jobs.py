"""Employment spells: insured workers, self-employed founders, flexible workers; 城镇新增就业 near 3,500 a year at scale 1."""

import random
from datetime import date, timedelta

from warehouse.synth.days import compact, later, within
from warehouse.synth.deliver import Deliveries
from warehouse.synth.entities import Entity
from warehouse.synth.people import Person, Registry, typo, wrong_check
from warehouse.synth.places import UNIT_TOWNS
from warehouse.synth.rng import Weighted, rounded, stream

BACKGROUND = 6000  # spells from before the office's system, still there
NEW_URBAN, MOVES = 3600, 1700  # a year
FIRST_YEAR = 2005
FORM = Weighted([("self", 0.20), ("young", 0.24), ("old", 0.14), ("public", 0.22), ("flexible", 0.20)])
MOVE_FORM = Weighted([("young", 0.12), ("old", 0.48), ("public", 0.40)])


class Jobs:
    """Delivers the spells of one shard."""

    def __init__(
        self, seed: int, shard: int, size: float, last: date, people: Registry, entities: list[Entity], out: Deliveries
    ) -> None:
        self._rng, self._shard, self._last = stream(seed, shard, "jobs"), shard, last
        self._people, self._out = people, out
        self._serial = 0
        self._by_year = _by_year(entities, last.year)
        self._free: list[tuple[date, Person, str]] = []
        self._used: set[str] = set()
        for _ in range(rounded(self._rng, BACKGROUND * size)):
            start = within(self._rng, date(1984, 7, 1), date(FIRST_YEAR - 1, 12, 31))
            self._spell(start, "old" if self._rng.random() < 0.3 else "public", new_urban=False)
        for year in range(FIRST_YEAR, last.year + 1):
            for _ in range(rounded(self._rng, NEW_URBAN * size)):
                self._spell(within(self._rng, date(year, 1, 1), date(year, 12, 31)), FORM.draw(self._rng), new_urban=True)
            for _ in range(rounded(self._rng, MOVES * size)):
                self._spell(within(self._rng, date(year, 1, 1), date(year, 12, 31)), MOVE_FORM.draw(self._rng), new_urban=False)

    def _employer(self, form: str, start: date) -> Entity | None:
        """An entity that has workers, in stock on the day; young ones are under 36 months."""
        rng, years = (
            self._rng,
            range(start.year - 2, start.year + 1) if form in ("young", "self") else range(1992, start.year - 3),
        )
        pools = [pool for year in years if (pool := self._by_year.get(year))]
        for _ in range(8 if pools else 0):
            chosen = rng.choice(rng.choice(pools))
            if chosen.alive(start) and chosen.closes > start and (form == "self" or chosen.employees > 1):
                return chosen
        return None

    def _spell(self, start: date, form: str, new_urban: bool) -> None:
        rng = self._rng
        employer = self._employer(form, start) if form not in ("public", "flexible") else None
        if start > self._last or (employer is None and form == "self"):
            return
        person, number = self._who(start, form, employer)
        if person.birth.year > start.year - 16:
            return
        end, reason = self._ends(rng, start, employer, person)
        if end is None or end > self._last:
            end, reason = None, ""
        elif form != "self":
            self._free.append((end, person, number))
        known = start + timedelta(days=int(rng.expovariate(0.25)))
        row = self._row(start, form, new_urban, person, number, employer)
        if end is None:
            self._out.put("employment", known, _closed(row, None, ""))
            return
        end_known = max(known, end) + timedelta(days=int(rng.expovariate(0.25)))
        nights = {self._out.night_of(known): "", self._out.night_of(end_known): reason}
        for night, why in nights.items():
            if night:
                self._out.put("employment", night, _closed(row, end if why else None, why))

    def _who(self, start: date, form: str, employer: Entity | None) -> tuple[Person, str]:
        rng = self._rng
        if form == "self" and employer and employer.pripid not in self._used:
            self._used.add(employer.pripid)
            return employer.founder, self._number()
        if self._free and rng.random() < 0.3:
            place = rng.randrange(len(self._free))
            if self._free[place][0] < start:
                self._free[place], self._free[-1] = self._free[-1], self._free[place]
                _, person, number = self._free.pop()
                return person, number
        return self._people.person(start.year), self._number()

    def _number(self) -> str:
        self._serial += 1
        return f"5203{self._shard:02d}{self._serial:08d}"

    def _ends(self, rng: random.Random, start: date, employer: Entity | None, person: Person) -> tuple[date | None, str]:
        """Leaving, retiring, dying, or the employer's end, whichever is first."""
        ends = [(later(start, 0.2 + rng.expovariate(0.11)), "3" if rng.random() < 0.85 else "4")]
        retires = date(person.birth.year + (60 if person.sex == "1" else 52), person.birth.month, 1)
        if retires > start:
            ends.append((retires, "1"))
        if rng.random() < 0.02:
            ends.append((later(start, rng.random() * 12), "2"))
        if employer and employer.closes < date.max:
            ends.append((employer.closes, "3"))
        return min(ends)

    def _row(self, start: date, form: str, new_urban: bool, person: Person, number: str, employer: Entity | None) -> list[str]:
        rng, dice = self._rng, self._rng.random()
        ident = person.short if person.old and dice < 0.5 else person.ident
        if dice > 0.995:
            ident = ""
        elif dice > 0.994:
            ident = wrong_check(person.ident)
        if employer:
            unit, regno, name, town = employer.unit, employer.regno, employer.name, employer.town
            unit = "" if form == "self" and rng.random() < 0.5 else unit
        else:
            office = rng.randrange(400)
            unit, regno, town = ("" if form == "flexible" else f"G{office:05d}"), "", UNIT_TOWNS.draw(rng)
            name = "" if form == "flexible" else f"赤水市第{office + 1}事业单位"
        return [
            number,
            ident,
            typo(rng, person.name) if 0.6 < dice < 0.603 else person.name,
            person.sex,
            compact(person.birth),
            unit,
            regno if form == "self" or rng.random() < 0.98 else "",
            typo(rng, name) if name and 0.7 < dice < 0.703 else name,
            compact(start),
            "",
            "1",
            {"self": "2", "flexible": "3"}.get(form, "1"),
            "1" if new_urban else "0",
            "",
            person.group,
            "" if 0.8 < dice < 0.805 else town,
        ]


def _by_year(entities: list[Entity], last: int) -> dict[int, list[Entity]]:
    pools: dict[int, list[Entity]] = {year: [] for year in range(1992, last + 1)}
    for entity in entities:
        if entity.sector != "other" or entity.employees > 3:
            # A firm has as many places as it has workers, so it is drawn more often.
            pools[entity.est.year] += [entity] * min(1 + entity.employees // 3, 12)
    return pools


def _closed(row: list[str], end: date | None, reason: str) -> list[str]:
    done = [*row]
    done[9], done[10], done[13] = compact(end), "1" if end is None else "3", reason
    return done
