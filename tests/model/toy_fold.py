"""Deliveries and their fold at a knowledge day: which rows are known, and which deliveries say so.

Two sources stand in for all: `reg` (a row is an `Entity`, keyed by its id) and `emp` (a row is a `Spell`, keyed by
person number, employer number and first day).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

Key = tuple[str, ...]


@dataclass(frozen=True)
class Entity:
    """A registered entity: what one row of the register says of it."""

    entity: str
    founder: str | None
    regno: str
    town: str
    sector: str
    industry: str
    groups: frozenset[str]
    estdate: date
    indate: date | None = None
    exit: date | None = None
    outdate: date | None = None
    reason: str | None = None

    @property
    def key(self) -> Key:
        return (self.entity,)

    @property
    def start(self) -> date:
        return self.indate or self.estdate

    @property
    def leaving(self) -> date | None:
        """OUTDATE, unless it belongs to an earlier stay."""
        return self.outdate if self.outdate and self.outdate >= self.start else None

    @property
    def end(self) -> date | None:
        return min((d for d in (self.exit, self.leaving) if d), default=None)


@dataclass(frozen=True)
class Spell:
    """One job of one person."""

    number: str
    employer: str
    start: date
    person: str | None
    regno: str | None
    form: int
    new: bool
    town: str
    groups: frozenset[str]
    sex: str
    birth_year: int | None

    @property
    def key(self) -> Key:
        return (self.number, self.employer, self.start.isoformat())


Row = Entity | Spell


@dataclass(frozen=True)
class Delivery:
    """An accepted or refused file: `rows` in file order, `quarantined` the readable keys of its quarantined rows."""

    source: str
    business_date: date
    sequence: int
    kind: str  # full | delta
    rows: tuple[Row, ...]
    quarantined: frozenset[Key] = frozenset()
    refused: bool = False

    def spoken(self) -> set[Key]:
        """The keys that this delivery says something of."""
        return {row.key for row in self.rows} | self.quarantined

    def last(self, key: Key) -> Row | None:
        """The row that counts for a key: the later one in the file."""
        return next((row for row in reversed(self.rows) if row.key == key), None)


def in_force(deliveries: Iterable[Delivery], k: date) -> list[Delivery]:
    """The deliveries of the fold at k, in order: of each source and day the highest accepted sequence."""
    best: dict[tuple[str, date], Delivery] = {}
    for d in deliveries:
        if d.refused or d.business_date > k:
            continue
        slot = (d.source, d.business_date)
        if slot not in best or best[slot].sequence < d.sequence:
            best[slot] = d
    return sorted(best.values(), key=lambda d: (d.source, d.business_date))


def fold_key(source: str, key: Key, ordered: Iterable[Delivery]) -> Row | None:
    """What is known of one key: a row replaces, a quarantined one leaves what stood, a full without it ends."""
    known: Row | None = None
    for d in ordered:
        if d.source != source:
            continue
        row = d.last(key)
        if row is not None:
            known = row
        elif d.kind == "full" and key not in d.quarantined:
            known = None
    return known


def fold(source: str, ordered: Iterable[Delivery]) -> dict[Key, Row]:
    """The whole fold, delivery by delivery: written another way than `fold_key`, so that one checks the other."""
    state: dict[Key, Row] = {}
    for d in ordered:
        if d.source != source:
            continue
        if d.kind == "full":
            state = {key: row for key, row in state.items() if key in d.quarantined}
        state.update((row.key, row) for row in d.rows)
    return state
