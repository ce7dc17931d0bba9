"""Courses and who took them: about 1,200 a year at scale 1; some founded within half a year."""

from datetime import date, timedelta

from warehouse.synth.days import compact, within, working_day
from warehouse.synth.deliver import Deliveries
from warehouse.synth.entities import Entity
from warehouse.synth.people import Person, Registry
from warehouse.synth.places import SCHOOLS, UNIT_TOWNS
from warehouse.synth.rng import Weighted, rounded, stream

YEARLY, CLASS = 1200, 30
COURSES = Weighted([("SYB", 5.0), ("GYB", 3.0), ("IYB", 1.0), ("其他", 1.0)])


class Training:
    """Delivers the courses of one shard."""

    def __init__(
        self, seed: int, shard: int, size: float, last: date, people: Registry, entities: list[Entity], out: Deliveries
    ) -> None:
        self._rng, self._people, self._last, self._out = stream(seed, shard, "training"), people, last, out
        self._serial = 0
        for year in range(2009, last.year + 1):
            founded = [e for e in entities if e.sector == "individual" and (e.est.year == year or (e.est.year == year + 1))]
            for number in range(max(1, rounded(self._rng, YEARLY * size / CLASS))):
                self._course(f"CS{year}{shard:02d}{number + 1:04d}", year, founded, min(CLASS, rounded(self._rng, YEARLY * size)))

    def _course(self, number: str, year: int, founded: list[Entity], seats: int) -> None:
        rng = self._rng
        begins = working_day(within(rng, date(year, 1, 11), date(year, 12, 30)))
        ends = begins + timedelta(days=rng.choice((8, 11, 14)))
        school, course = rng.choice(SCHOOLS), COURSES.draw(rng)
        taken: set[str] = set()
        near = [e for e in founded if ends <= e.est <= ends + timedelta(days=150)]
        for _ in range(seats):
            entity = rng.choice(near) if near and rng.random() < 0.3 else None
            person = entity.founder if entity else self._people.person(year)
            if person.ident not in taken:
                taken.add(person.ident)
                self._seat([number, school, course], person, entity, begins, ends)

    def _seat(self, head: list[str], person: Person, entity: Entity | None, begins: date, ends: date) -> None:
        rng, self._serial = self._rng, self._serial + 1
        passed, town = rng.random() < 0.9, entity.town if entity else UNIT_TOWNS.draw(rng)
        who = [person.name, person.ident, person.group, compact(begins)]

        def put(known: date, done: bool, started: Entity | None) -> None:
            result = ("合格" if passed else "不合格") if done else ""
            paper = f"{head[0]}{self._serial:06d}" if done and passed else ""
            money = "600.00" if done and passed else ""
            after = [compact(started.est), started.regno, str(max(0, started.employees - 1))] if started else ["", "", ""]
            # A course that runs has no day of its end yet.
            self._out.put("training", known, [*head, *who, compact(ends) if done else "", result, paper, money, *after, town])

        first = self._out.nights[0]
        news: list[tuple[date, bool, Entity | None]] = [
            (begins + timedelta(days=2), False, None),
            (ends + timedelta(days=3), True, None),
        ]
        if entity and passed and rng.random() < 0.7 and entity.est <= self._last:
            news.append((max(entity.est, ends) + timedelta(days=9), True, entity))
        known = [item for item in news if item[0] <= first]
        for item in (known[-1:] if known else []) + [item for item in news if item[0] > first]:
            put(*item)
