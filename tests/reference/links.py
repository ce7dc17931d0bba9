"""Which entity a voucher, a spell or a contract belongs to (rulings 21 and 22)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from .units import Entity, Spell, Voucher


class Links:
    """Answers for the entities as they are known at K."""

    def __init__(self, entities: Iterable[Entity]) -> None:
        self._by_regno: dict[str, list[Entity]] = defaultdict(list)
        self._households: dict[str, list[Entity]] = defaultdict(list)
        for e in entities:
            self._by_regno[e.regno].append(e)
            if e.sector == "individual" and e.founder:
                self._households[e.founder.number].append(e)

    def of_spell(self, s: Spell) -> Entity | None:
        """The employer: by AAB003 alone."""
        return self.of_regno(s.regno, s.start)

    def of_voucher(self, v: Voucher) -> Entity | None:
        """By REGNO; when that is blank or found nowhere, the household of the id in the taxpayer's number."""
        return self.of_regno(v.regno, v.last) or _choice(self._households.get(v.payer or "", []), v.last)

    def of_regno(self, regno: str, day: date | None) -> Entity | None:
        return _choice(self._by_regno.get(regno, []) if regno else [], day)


def _choice(candidates: list[Entity], day: date | None) -> Entity | None:
    """The one in stock on the day, then the one with the latest start, then the smallest PRIPID."""

    def rank(e: Entity) -> tuple[bool, int, str]:
        in_stock = day is not None and e.stocked(day)
        return not in_stock, -e.start.toordinal(), e.pripid

    return min(candidates, key=rank, default=None)
