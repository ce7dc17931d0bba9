"""What a row of each source says once it is read: the typed rows from which everything is counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from .cells import Person


@dataclass(frozen=True)
class Entity:
    pripid: str
    regno: str
    enttype: str
    sector: str
    estdate: date
    indate: date | None
    outdate: date | None
    exit: date | None
    reason: str | None
    section: str
    founder: Person | None
    groups: frozenset[str]
    town: str

    @cached_property
    def start(self) -> date:
        return self.indate or self.estdate

    @cached_property
    def end(self) -> date | None:
        return min((d for d in (self.exit, self.outdate) if d is not None), default=None)

    @property
    def born_here(self) -> bool:
        return self.indate is None

    @property
    def founder_key(self) -> str:
        """The founder, or one of the entity's own when no id is known."""
        return self.founder.number if self.founder else f"of entity {self.pripid}"

    def stocked(self, day: date) -> bool:
        return self.start <= day and (self.end is None or self.end > day)


@dataclass(frozen=True)
class Spell:
    """`last`: the end that is written; an open spell has none."""

    key: tuple[str, ...]
    person: Person | None
    sex: str
    birth_year: int | None
    regno: str
    start: date
    last: date | None
    reason: str
    form: str
    new: bool
    groups: frozenset[str]
    town: str

    @property
    def person_key(self) -> object:
        """The person; a spell without an id is one of its own."""
        return self.person.number if self.person else self.key

    def touches(self, first: date, last: date, k: date) -> bool:
        """Covers a day of [first, last], as far as is known at k."""
        return self.start <= last and first <= (self.last or k)


@dataclass(frozen=True)
class Answer:
    wave: int
    sample: str
    stratum: str
    psu: str
    weight: Decimal
    town: str
    age: int | None
    sex: str
    groups: frozenset[str]
    status: str
    motive: str
    answers: tuple[int, ...]


@dataclass(frozen=True)
class Population:
    year: int
    geography: str
    urban_labour: int | None
    age_15_64: int | None
    age_15_60: int | None


@dataclass(frozen=True)
class Voucher:
    """`payer`: the resident id in the taxpayer's number; amounts in yuan, blank is 0; `counts`: neither void nor 被更正."""

    regno: str
    payer: str | None
    first: date | None
    last: date | None
    revenue: Decimal
    relief: Decimal
    relief_code: str
    paid: Decimal
    paid_on: date | None
    counts: bool


@dataclass(frozen=True)
class LoanEvent:
    contract: str
    number: int
    event: str
    day: date | None
    amount: Decimal
    borrower: Person | None
    groups: frozenset[str]
    regno: str
    due: date | None


@dataclass(frozen=True)
class Course:
    person: Person
    groups: frozenset[str]
    last: date | None
    result: str
    venture: date | None
    town: str
