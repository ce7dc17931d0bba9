"""The register of one shard: cohorts since 1992 whose hazards lead to the stock and net growth of domain.md."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from warehouse.synth.check_digits import check15
from warehouse.synth.days import compact, dashed, later, within, working_day
from warehouse.synth.deliver import Deliveries
from warehouse.synth.people import Person, Registry, wrong_check
from warehouse.synth.places import (
    BRANDS,
    CITY,
    FARM_TRADES,
    FIRM_TRADES,
    HOUSE_TRADES,
    KIND,
    REGION,
    STREETS,
    TOWN_NAMES,
    UNIT_TOWNS,
    VILLAGES,
)
from warehouse.synth.rng import Weighted, rounded, stream

FIRST_YEAR = 1992
HAZARD = (0.016, 0.063, 0.095, 0.085, 0.08, 0.08, 0.08)  # 工商总局 2013, by year of life
LATER_HAZARD = 0.05
PURGES = (date(2004, 11, 10), date(2008, 9, 10), date(2010, 9, 15))
PURGE_SHARE = {2004: 0.02, 2008: 0.012, 2010: 0.007}


@dataclass(frozen=True)
class Sector:
    """Calibration at scale 1: stock at the close of 2009, net growth of 2010, yearly growth of foundings before."""

    name: str
    stock: float
    net: float
    growth: float
    types: Weighted[str]


SECTORS = (
    Sector("individual", 8600, 1255, 1.13, Weighted([("9500", 1.0)])),
    Sector("private", 430, 64, 1.12, Weighted([("1130", 60), ("1150", 12), ("1151", 5), ("4530", 6), ("4540", 17)])),
    Sector("cooperative", 28, 11, 1.5, Weighted([("9100", 1.0)])),
    Sector("other", 60, 2, 1.02, Weighted([("2100", 40), ("3100", 20), ("3200", 20), ("1110", 8), ("1120", 4), ("1200", 8)])),
)


@dataclass(slots=True)
class Entity:
    """One registered unit with all that will ever be known of it; what is known when is said by `changes`."""

    pripid: str
    regno: str
    sector: str
    enttype: str
    name: str
    est: date
    founder: Person
    trade: tuple[str, str]
    town: str
    dom: str
    capital: str
    employees: int
    end: date | None = None
    reason: str = ""
    revoked: bool = False
    indate: date | None = None
    left: date | None = None
    known: date = date.min
    end_known: date = date.max
    blank_town: bool = False
    blank_industry: bool = False
    blank_cert: bool = False
    bad_cert: bool = False
    unit: str = ""
    noise: int = 0
    changes: list[tuple[date, int]] = field(default_factory=list)

    def alive(self, day: date) -> bool:
        """In stock at the close of a day."""
        ends = [d for d in (self.end, self.left) if d]
        return (self.indate or self.est) <= day and (not ends or min(ends) > day)

    @property
    def closes(self) -> date:
        """The day it ends, or the last of all days."""
        return min(self.end or date.max, self.left or date.max)


def survival(age: float) -> float:
    """Share of a cohort alive at an age in years."""
    alive = 1.0
    for year in range(int(age)):
        alive *= 1 - (HAZARD[year] if year < len(HAZARD) else LATER_HAZARD)
    hazard = HAZARD[int(age)] if int(age) < len(HAZARD) else LATER_HAZARD
    return float(alive * (1 - hazard * (age - int(age))))


def _mean_survival(from_age: int) -> float:
    """Of a cohort founded evenly over a year, at the end of the year when it is `from_age` to `from_age` + 1 old."""
    return sum(survival(from_age + (n + 0.5) / 8) for n in range(8)) / 8


def births(sector: Sector, last_year: int) -> dict[int, float]:
    """Expected foundings by year at scale 1."""
    weights = {year: sector.growth ** (year - 2009) for year in range(FIRST_YEAR, 2010)}
    purged = PURGE_SHARE[2008] * 0.8 if sector.name == "individual" else 0.0
    stock = sum(weight * _mean_survival(2009 - year) for year, weight in weights.items()) * (1 - purged)
    result = {year: weight * sector.stock / stock for year, weight in weights.items()}
    exits = sum(born * (_mean_survival(2009 - y) - _mean_survival(2010 - y)) for y, born in result.items())
    exits += sector.stock * PURGE_SHARE[2010] * 0.7 if sector.name == "individual" else 0
    for year in range(2010, last_year + 1):
        result[year] = (sector.net + exits) / _mean_survival(0) * 1.02 ** (year - 2010)
    return result


def lifetime(rng: random.Random) -> float:
    """Years from founding to the end; 60 when it outlives the series."""
    year = 0
    while year < 60:
        if rng.random() < (HAZARD[year] if year < len(HAZARD) else LATER_HAZARD):
            return year + rng.random()
        year += 1
    return 60.0


class Register:
    """Makes the entities of one shard."""

    def __init__(self, seed: int, shard: int, size: float, last: date, people: Registry) -> None:
        self._rng, self._shard, self._size, self._last = stream(seed, shard, "entities"), shard, size, last
        self._people = people
        self._serial = 0
        self.entities: list[Entity] = []
        for sector in SECTORS:
            for year, expected in births(sector, last.year).items():
                for _ in range(rounded(self._rng, expected * size)):
                    entity = self._found(sector, year)
                    if entity:
                        self.entities.append(entity)

    def _found(self, sector: Sector, year: int) -> Entity | None:
        rng = self._rng
        est = working_day(within(rng, date(year, 1, 4), date(year, 12, 31)))
        ends = later(est, lifetime(rng))
        reason, revoked = self._reason(rng, sector)
        if sector.name == "individual":
            for sweep in PURGES:
                if later(est, 3) < sweep < ends and rng.random() < PURGE_SHARE[sweep.year]:
                    ends, reason, revoked = sweep, "3", True
                    break
        ends = working_day(max(ends, est + timedelta(days=3)))
        # Paper records of what ended before the register became electronic were mostly never typed in.
        if est > self._last or (ends.year < 2005 and rng.random() < 0.8):
            return None
        return self._entity(sector, est, ends if ends <= self._last else None, reason, revoked)

    def _reason(self, rng: random.Random, sector: Sector) -> tuple[str, bool]:
        dice = rng.random()
        if sector.name != "individual" and dice < 0.04:
            return rng.choice("45"), False
        if dice < 0.12:
            return "2", True
        return ("" if dice < 0.13 else "1"), False

    def _entity(self, sector: Sector, est: date, end: date | None, reason: str, revoked: bool) -> Entity:
        rng, self._serial = self._rng, self._serial + 1
        town = UNIT_TOWNS.draw(rng)
        founder = self._founder(rng, sector, est)
        enttype = sector.types.draw(rng)
        code, trade, scope = self._trade(rng, sector)
        entity = Entity(
            pripid=f"{REGION}{self._shard:03d}{self._serial:07d}",
            regno=self._regno(rng, sector, est),
            sector=sector.name,
            enttype=enttype,
            name=self._name(rng, sector, enttype, founder, town, trade),
            est=est,
            founder=founder,
            trade=(code, scope),
            town=town,
            dom=address(rng, town),
            capital=self._capital(rng, sector),
            employees=1 + int(rng.expovariate(0.9)) if sector.name == "individual" else 3 + int(rng.expovariate(0.08)),
            end=end,
            reason=reason if end else "",
            revoked=revoked,
        )
        self._known(rng, entity)
        return entity

    def _known(self, rng: random.Random, entity: Entity) -> None:
        """When the office's system had it, and what it has wrong."""
        if rng.random() < 0.004 and entity.est < date(2010, 6, 1):
            entity.indate = working_day(min(later(entity.est, 0.2 + rng.random()), self._last))
            if entity.end and entity.end <= entity.indate:
                entity.indate = None
        if rng.random() < 0.003 and entity.end is None and later(entity.indate or entity.est, 0.1) < self._last:
            entity.left = working_day(within(rng, (entity.indate or entity.est) + timedelta(days=20), self._last))
        entity.known = (entity.indate or entity.est) + timedelta(days=int(rng.expovariate(1.2)))
        if entity.end or entity.left:
            entity.end_known = max(entity.known, entity.closes) + timedelta(days=int(rng.expovariate(0.4)))
        dice = rng.random()
        entity.blank_town, entity.blank_industry = dice < 0.03, 0.03 < dice < 0.07
        entity.blank_cert, entity.bad_cert = 0.07 < dice < 0.085, 0.085 < dice < 0.087
        entity.noise = int(rng.random() * 1000)
        entity.unit = f"{self._shard:02d}{int(entity.pripid[-7:]):06d}"
        # A change of address, capital or staff a year: whole rows come again.
        if rng.random() < 0.12 and entity.end is None:
            entity.changes.append((within(rng, max(entity.known, date(2010, 1, 4)), max(entity.known, self._last)), 1))

    def _founder(self, rng: random.Random, sector: Sector, est: date) -> Person:
        if rng.random() < 0.07 and self.entities:
            return rng.choice(self.entities).founder
        group = "04" if sector.name == "cooperative" else None
        return self._people.person(est.year, group)

    def _trade(self, rng: random.Random, sector: Sector) -> tuple[str, str, str]:
        if sector.name == "cooperative":
            return rng.choice(FARM_TRADES)
        chosen = (HOUSE_TRADES if sector.name == "individual" else FIRM_TRADES).draw(rng)
        return chosen[:3]

    def _regno(self, rng: random.Random, sector: Sector, est: date) -> str:
        number, house = self._serial, sector.name == "individual"
        if sector.name == "cooperative":
            return f"{REGION}NA{self._shard * 10_000 + number % 10_000:06d}X"
        if est.year < 2007 and number < 10_000 and rng.random() < 0.25:
            return f"{REGION}{3 if house else 2}{self._shard * 10_000 + number:06d}"
        regno = check15(f"{REGION}{(60_000_000 if house else 0) + self._shard * 300_000 + number:08d}")
        return regno[:14] + str((int(regno[14]) + 1) % 10) if rng.random() < 0.002 else regno

    def _name(self, rng: random.Random, sector: Sector, enttype: str, founder: Person, town: str, trade: str) -> str:
        brand = "".join(rng.sample(BRANDS, 2))
        if sector.name == "individual":
            own = founder.name if rng.random() < 0.35 else brand
            return f"{CITY}{TOWN_NAMES[town].rstrip('街道镇乡')}{own}{trade}"
        if sector.name == "cooperative":
            return f"{CITY}{brand}{trade}农民专业合作社"
        suffix = {"2100": "分公司", "4530": "（普通合伙）", "4540": "", "3100": "", "3200": ""}.get(enttype, "有限公司")
        return f"{CITY}{brand}{trade}{suffix}"

    def _capital(self, rng: random.Random, sector: Sector) -> str:
        if sector.name == "individual":
            return f"{rng.choice((0.5, 1, 2, 3, 5, 8, 10)):.2f}"
        return f"{rng.choice((3, 10, 30, 50, 100, 200, 500)) + rng.choice((0, 0, 0.5, 0.8)):.4f}"


def address(rng: random.Random, town: str) -> str:
    """An address that names its town in full."""
    if KIND[town] == "A":
        return f"贵州省{CITY}{TOWN_NAMES[town]}办事处{rng.choice(STREETS)}{rng.randrange(1, 300)}号"
    return f"贵州省{CITY}{TOWN_NAMES[town]}{rng.choice(VILLAGES)}{rng.randrange(1, 12)}组"


FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def registration_row(e: Entity, day: date) -> list[str]:
    """The entity as the office knows it on a day, in the layout's order."""
    ended = day >= e.end_known
    can = e.end if ended and e.end and not e.revoked else None
    rev = e.end if ended and e.end and e.revoked else None
    left = e.left if ended else None
    changed = sum(1 for when, _ in e.changes if when <= day)
    cert = "" if e.blank_cert else wrong_check(e.founder.ident) if e.bad_cert else e.founder.ident
    scope = e.trade[1]
    if e.noise < 4:
        scope = scope.replace("、", "、\n", 1)  # a line break typed into the field
    employees = str(e.employees + changed)
    shown = dashed if e.noise % 20 == 0 else compact
    return [
        e.pripid,
        f" {e.regno} " if 10 <= e.noise < 13 else e.regno,
        "",
        e.name,
        e.enttype,
        shown(e.est),
        shown(e.est),
        "3" if can else "2" if rev else "4" if left else "1",
        shown(can),
        shown(rev),
        e.reason if can or rev else "",
        shown(e.indate),
        shown(left),
        "2002",
        "" if e.blank_industry else e.trade[0],
        e.capital,
        "",
        e.founder.name,
        cert,
        e.founder.group,
        "1" if e.noise >= 970 else "0",
        "" if e.blank_town else e.town,
        f"贵州省{CITY}" if e.blank_town and e.noise < 80 else e.dom,
        scope,
        employees.translate(FULL_WIDTH) if 20 <= e.noise < 24 else employees,
    ]


def deliver_register(entities: list[Entity], deliveries: Deliveries) -> None:
    """The first night's full listing, then whole rows of what is new or changed."""
    for e in entities:
        days = {deliveries.night_of(day) for day in (e.known, e.end_known, *(max(e.known, d) for d, _ in e.changes))}
        for night in sorted(day for day in days if day):
            deliveries.put("registrations", night, registration_row(e, night))
