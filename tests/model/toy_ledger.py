"""The toy ledger: deliveries, a register, an append-only list of postings, and builds that may fail anywhere.

What the SQL has to do is what `Ledger.build` does, in its order:

1. the units touched by what enters or leaves the fold are written down: those of the changed rows as they were and as
   they will be, closed over the links of both in the register as it still stands (a new link has a changed row at one
   of its ends), and added to those that an unpublished build has left;
2. the register is brought to the fold at K;
3. account by account the difference between what a touched unit ought to have and its balance is appended;
4. the build is published: only then are the touched units forgotten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import cast

from .toy_accounts import (
    ENTITY_ACCOUNTS,
    PERSON_ACCOUNTS,
    Balance,
    Posting,
    Register,
    Unit,
    desired,
    founder_of,
    person_of,
)
from .toy_fold import Delivery, Entity, Key, Row, Spell, fold, fold_key, in_force

FAILURES = ("touched", "register", *ENTITY_ACCOUNTS, *PERSON_ACCOUNTS, "postings")


class BuildFailed(Exception):
    """The build was stopped on purpose."""


def register_at(deliveries: Iterable[Delivery], k: date) -> Register:
    """The register that the fold at k says, from scratch."""
    ordered = in_force(deliveries, k)
    entities = cast("dict[Key, Entity]", fold("reg", ordered))
    return Register(entities, cast("dict[Key, Spell]", fold("emp", ordered)))


def units_of(register: Register) -> set[Unit]:
    """All units that may have postings."""
    units: set[Unit] = {("entity", e.entity) for e in register.entities.values()}
    units.update(founder_of(e) for e in register.entities.values())
    return units | {person_of(s) for s in register.spells.values()}


def recompute(deliveries: Iterable[Delivery], k: date) -> Balance:
    """The balance that ought to stand at k, from scratch: what a proof compares with."""
    register = register_at(deliveries, k)
    total: Balance = Counter()
    for unit in units_of(register):
        total.update(desired(register, unit))
    return total


@dataclass
class Ledger:
    """The state that outlives a build. `postings` only grows; figures people see stop at build `published`."""

    deliveries: list[Delivery] = field(default_factory=list)
    entities: dict[Key, Entity] = field(default_factory=dict)
    spells: dict[Key, Spell] = field(default_factory=dict)
    inputs: list[Delivery] = field(default_factory=list)  # of the register as it stands
    touched: set[Unit] = field(default_factory=set)
    postings: list[tuple[int, Posting, int]] = field(default_factory=list)  # (build, posting, weight)
    builds: int = 0
    published: int = 0
    k: date = date.min

    def accept(self, delivery: Delivery) -> None:
        """A delivery has come, whenever its business date was. A second one of the same day and sequence is none."""
        slot = (delivery.source, delivery.business_date, delivery.sequence)
        if all((d.source, d.business_date, d.sequence) != slot for d in self.deliveries if not d.refused):
            self.deliveries.append(delivery)

    def balance(self, upto: int | None = None) -> Balance:
        """What stands after build `upto` (by default: after all, failed ones included)."""
        total: Balance = Counter()
        for build, posting, weight in self.postings:
            if upto is None or build <= upto:
                total[posting] += weight
        return Counter({posting: weight for posting, weight in total.items() if weight})

    def build(self, k: date, fail_after: str | None = None) -> None:
        """One build at knowledge day k; `fail_after` names the step (of FAILURES) after which it is killed."""
        if k < self.k:
            raise ValueError("the knowledge day never goes back")
        self.builds += 1
        self.k = k
        ordered = in_force(self.deliveries, k)
        changes = self._changes(ordered)
        register = Register(self.entities, self.spells)
        self.touched |= _closed(register, changes)
        _die("touched", fail_after)
        self._apply(changes, ordered)
        _die("register", fail_after)
        for account in (*ENTITY_ACCOUNTS, *PERSON_ACCOUNTS):
            self._post(register, account)
            _die(account, fail_after)
        _die("postings", fail_after)
        self.published = self.builds
        self.touched = set()

    def _changes(self, ordered: list[Delivery]) -> dict[tuple[str, Key], tuple[Row | None, Row | None]]:
        """Rows before and after, of the keys that deliveries entering or leaving the fold speak of."""
        moved = [d for d in ordered if d not in self.inputs] + [d for d in self.inputs if d not in ordered]
        changes: dict[tuple[str, Key], tuple[Row | None, Row | None]] = {}
        for d in moved:
            table: dict[Key, Row] = dict(self.entities if d.source == "reg" else self.spells)
            # A full delivery speaks of every key: of those before it, which it ends, and of those it alone kept away.
            same = [other for other in (*ordered, *self.inputs) if other.source == d.source]
            everyone = {key for other in same for key in other.spoken()}
            for key in d.spoken() | (everyone if d.kind == "full" else set()):
                before, after = table.get(key), fold_key(d.source, key, ordered)
                if before != after:
                    changes[d.source, key] = (before, after)
        return changes

    def _apply(self, changes: dict[tuple[str, Key], tuple[Row | None, Row | None]], ordered: list[Delivery]) -> None:
        for (_, key), (before, after) in changes.items():
            kept = before if after is None else after
            table = cast("dict[Key, Row]", self.entities if isinstance(kept, Entity) else self.spells)
            if after is None:
                table.pop(key, None)
            else:
                table[key] = after
        self.inputs = ordered

    def _post(self, register: Register, account: str) -> None:
        standing = self.balance()
        for unit in sorted(self.touched):
            wanted = {p: w for p, w in desired(register, unit).items() if p.account == account}
            have = {p: w for p, w in standing.items() if p.account == account and p.unit == unit}
            for posting in {**wanted, **have}:
                if difference := wanted.get(posting, 0) - have.get(posting, 0):
                    self.postings.append((self.builds, posting, difference))


def _die(step: str, fail_after: str | None) -> None:
    if step == fail_after:
        raise BuildFailed(step)


def _closed(register: Register, changes: dict[tuple[str, Key], tuple[Row | None, Row | None]]) -> set[Unit]:
    """The units of the changed rows, as they were and as they will be, and those linked to them in this register."""
    units: set[Unit] = set()
    for row in {row for pair in changes.values() for row in pair if row is not None}:
        if isinstance(row, Entity):
            units |= {("entity", row.entity), founder_of(row)}
            units |= {person_of(s) for s in register.spells.values() if s.regno is not None and s.regno == row.regno}
        else:
            units.add(person_of(row))
    return units
