"""Periods, places and what a cell holds: shared by all figures."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import product

from .catalogue import BANDS, CATALOGUE
from .units import Entity

CellKey = tuple[str, str, str, str, str]  # indicator, period, geography, breakdown type, breakdown
Place = tuple[str, str, str]  # geography, breakdown type, breakdown
Number = int | Decimal | Fraction
Attributes = dict[str, Iterable[str]]  # breakdown type → the members a unit is in


@dataclass(frozen=True)
class Cell:
    """One figure. `numerator` and `denominator` in the sources' units; `standard_error` as a float."""

    value: Decimal | None
    numerator: Fraction
    denominator: Fraction | None
    unit_count: int
    standard_error: float | None
    availability: str


Cells = dict[CellKey, Cell]


@dataclass(frozen=True)
class Period:
    name: str
    grain: str
    first: date
    last: date

    def __contains__(self, day: date | None) -> bool:
        return day is not None and self.first <= day <= self.last


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


def young(e: Entity, day: date) -> bool:
    return e.estdate <= day < months_later(e.estdate, 36)


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


@dataclass(frozen=True)
class Ground:
    """The city and its towns; `successors` has the towns that have ended, and in which their units are counted now."""

    region: str
    towns: tuple[str, ...]
    successors: Mapping[str, str] = field(default_factory=dict)

    @property
    def unknown_town(self) -> str:
        return f"{self.region}999"

    def all_places(self, indicator: str) -> list[Place]:
        """Every geography and member of every breakdown that the indicator has."""
        its = CATALOGUE[indicator]
        parts = [(kind, member) for kind in its.kinds for member in its.members(kind)]
        return [(geography, kind, member) for geography, (kind, member) in product((self.region, *self.towns), parts)]

    def cells(self, indicator: str, p: Period, empty: Cell, found: Mapping[Place, Cell]) -> Cells:
        """A cell of every place that the indicator has: what was found there, else the empty one."""
        cells = dict.fromkeys(((indicator, p.name, *place) for place in self.all_places(indicator)), empty)
        for place, cell in found.items():
            if (key := (indicator, p.name, *place)) in cells:  # a unit tells more breakdowns than some indicators have
                cells[key] = cell
        return cells

    def places(self, town: str, attributes: Attributes) -> list[Place]:
        """The places in which a unit of a town lies, in the town and in the city."""
        parts = [(kind, member) for kind, members in (("total", ("total",)), *attributes.items()) for member in members]
        return [(geography, kind, member) for geography, (kind, member) in product((self.region, self.now(town)), parts)]

    def now(self, town: str) -> str:
        """The town of the list in force that counts what lies in `town`."""
        return self.successors.get(town, town)


def of_entity(e: Entity) -> Attributes:
    return {"sector": (e.sector,), "industry": (e.section,), "founder_group": e.groups}


class Tally:
    """What each unit contributes to numerator and denominator, place by place."""

    def __init__(self) -> None:
        self._parts: dict[Place, dict[object, tuple[Number, Number]]] = defaultdict(dict)

    def add(self, places: Iterable[Place], unit: object, numerator: Number = 0, denominator: Number = 0) -> None:
        """Adds to what the unit contributes."""
        for place in places:
            n, d = self._parts[place].get(unit, (0, 0))
            self._parts[place][unit] = (n + numerator, d + denominator)  # type: ignore[operator]

    def once(self, places: Iterable[Place], unit: object, *, in_numerator: bool = True, in_denominator: bool = False) -> None:
        """The unit counts once, however often it is told; a denominator is counted where it is asked for."""
        for place in places:
            n, d = self._parts[place].get(unit, (0, 0))
            self._parts[place][unit] = (max(n, int(in_numerator)), max(d, int(in_denominator)))

    def sums(self, place: Place) -> tuple[Number, Number, int]:
        """Numerator, denominator and the number of units that contribute to either."""
        units = self._parts.get(place)
        if not units:
            return 0, 0, 0
        parts = units.values()
        return sum(n for n, _ in parts), sum(d for _, d in parts), sum(1 for n, d in parts if n or d)

    def counts(self, name: str, p: Period, ground: Ground, per: int = 1) -> Cells:
        """Counts and amounts: the numerator ÷ `per` (10000 for 万元), no denominator."""
        found = {place: self.sums(place) for place in self._parts}
        return ground.cells(name, p, NOTHING, {place: count(n, units, per) for place, (n, _, units) in found.items()})

    def rates(self, name: str, p: Period, ground: Ground, scale: int = 100) -> Cells:
        """Numerator ÷ denominator × scale."""
        found = {place: self.sums(place) for place in self._parts}
        return ground.cells(name, p, NO_RATE, {place: rate(n, d, units, scale) for place, (n, d, units) in found.items()})

    def over(self, name: str, p: Period, ground: Ground, denominator: Callable[[Place], Number | None], scale: int) -> Cells:
        """The numerators over denominators that are no sum of units."""
        cells = {}
        for place in ground.all_places(name):
            n, _, units = self.sums(place)
            cells[(name, p.name, *place)] = rate(n, denominator(place), units, scale)
        return cells


NOTHING = Cell(Decimal(0), Fraction(0), None, 0, None, "ok")
NO_RATE = Cell(None, Fraction(0), Fraction(0), 0, None, "no_denominator")


def count(total: Number, units: int, per: int = 1) -> Cell:
    exact = Fraction(total)
    return Cell(rounded(exact / per), exact, None, units, None, "ok")


def rate(numerator: Number, denominator: Number | None, units: int, scale: int = 100) -> Cell:
    exact = None if denominator is None else Fraction(denominator)
    if not exact:
        return Cell(None, Fraction(numerator), exact, units, None, "no_denominator")
    return Cell(rounded(Fraction(numerator) / exact * scale), Fraction(numerator), exact, units, None, "ok")
