"""What is divided by people: founders by the urban labour force, firms by those of an age."""

from __future__ import annotations

from collections.abc import Iterable

from .frame import Cells, Ground, Number, Period, Place, Tally, age_band, of_entity
from .units import Entity, Population

LIMITED = ("1130", "1150", "1151")


def founders(startups: Iterable[Entity], population: Iterable[Population], p: Period, ground: Ground) -> Cells:
    labour = _counted(((row.geography, row.urban_labour) for row in population if row.year == p.last.year), ground)
    tally = Tally()
    for e in startups:
        if e.stocked(p.last):
            f = e.founder
            own = of_entity(e)
            own["sex"] = (f.sex if f else "unknown",)
            own["age_band"] = (age_band(p.last.year, f.birth_year if f else None),)
            tally.once(ground.places(e.town, own), e.founder_key)

    def denominator(place: Place) -> Number | None:
        return _of(labour, place, ground) if place[1] in ("total", "sector", "industry") else None

    return tally.over("ACT_IDX", p, ground, denominator, 100)


def density(startups: Iterable[Entity], population: Iterable[Population], p: Period, ground: Ground) -> Cells:
    rows = [row for row in population if row.year == p.last.year]
    working = _counted(((row.geography, row.age_15_64) for row in rows), ground)
    to_sixty = _counted(((row.geography, row.age_15_60) for row in rows), ground)
    limited, private = Tally(), Tally()
    for e in startups:
        places = ground.places(e.town, {"industry": (e.section,)})
        if e.enttype in LIMITED and e.born_here and e.estdate in p:
            limited.add(places, e.pripid, 1)
        if e.sector == "private" and e.stocked(p.last):
            private.add(places, e.pripid, 1)
    return {
        **limited.over("DENS_LLC", p, ground, lambda place: _of(working, place, ground), 1000),
        **private.over("DENS_PRIV", p, ground, lambda place: _of(to_sixty, place, ground), 10_000),
    }


def _counted(rows: Iterable[tuple[str, int | None]], ground: Ground) -> dict[str, int]:
    """People of each geography as it is now; a town that took in another has the people of both."""
    people: dict[str, int] = {}
    for geography, count in rows:
        if count is not None:
            people[ground.now(geography)] = people.get(ground.now(geography), 0) + count
    return people


def _of(people: dict[str, int], place: Place, ground: Ground) -> int | None:
    """The geography's own row, undivided; the unknown town has none (ruling 30)."""
    return None if place[0] == ground.unknown_town else people.get(place[0])
