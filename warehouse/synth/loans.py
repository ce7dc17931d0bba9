"""Small secured loans as ledger events: nothing before the 放款, never more repaid than lent."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from warehouse.synth.days import dashed, later, months_after, within, working_day
from warehouse.synth.deliver import Deliveries
from warehouse.synth.entities import Entity
from warehouse.synth.people import Person
from warehouse.synth.places import BANKS, GUARANTOR
from warehouse.synth.rng import rounded, stream

CONTRACTS = {2008: 120, 2009: 170, 2010: 230}


class Loans:
    """Delivers the contracts of one shard."""

    def __init__(self, seed: int, shard: int, size: float, last: date, entities: list[Entity], out: Deliveries) -> None:
        self._rng, self._shard, self._last, self._out = stream(seed, shard, "loans"), shard, last, out
        self._serial = 0
        for year in range(2008, last.year + 1):
            pool = [e for e in entities if e.est.year in (year, year - 1) and e.sector != "other"]
            for _ in range(rounded(self._rng, CONTRACTS.get(year, 240) * size) if pool else 0):
                entity = self._rng.choice(pool)
                day = working_day(within(self._rng, max(date(year, 1, 4), entity.est), date(year, 12, 31)))
                if entity.closes > day:
                    self.contract(entity.founder, entity, day)

    def contract(self, person: Person, entity: Entity | None, day: date) -> None:
        """All events of a contract that starts on a day."""
        rng, self._serial = self._rng, self._serial + 1
        firm = entity is not None and entity.sector == "private" and rng.random() < 0.3
        amount = Decimal(rng.choice((200000, 500000, 1000000)) if firm else rng.choice((20000, 30000, 50000, 80000, 100000)))
        kind = "劳动密集型小企业" if firm else rng.choice(("微利", "微利", "非微利"))
        due = months_after(day, rng.choice((12, 24, 24)))
        number, self._event = f"CS{day.year}{self._shard:02d}{self._serial:06d}", 0
        fixed = [person.name, person.ident if rng.random() > 0.01 else "", person.group]
        fixed += [entity.regno if entity and rng.random() < 0.9 else "", rng.choice(BANKS), GUARANTOR, kind]
        rate = "8.3100" if rng.random() < 0.8 else "8.4000"

        def put(what: str, when: date, money: Decimal, until: date | None = None) -> None:
            if when <= self._last:
                self._event += 1
                known = when + timedelta(days=int(rng.expovariate(0.6)))
                row = [number, str(self._event), what, dashed(when), f"{money:.2f}", *fixed, rate, dashed(until)]
                self._out.put("loans", known, row)

        put("放款", day, amount, due)
        self._life(rng.random(), day, due, amount, kind, put)

    def _life(self, dice: float, day: date, due: date, amount: Decimal, kind: str, put: Callable[..., None]) -> None:
        """Quarterly subsidy and part repayments, then the end: on time, in an extension, or by the guarantor."""
        rng, left, when = self._rng, amount, later(day, 0.25)
        while when < due:
            if kind == "微利":
                put("贴息", when, (left * Decimal("0.0208")).quantize(Decimal("0.01")))
            if rng.random() < 0.3 and left > amount / 4:
                put("还款", when, amount / 10)
                left -= amount / 10
            when = later(when, 0.25)
        if dice < 0.88:
            put("还款", due - timedelta(days=rng.randrange(0, 9)), left)
        elif dice < 0.94:
            new_due = months_after(due, 6)
            put("展期", due - timedelta(days=3), Decimal(0), new_due)
            put("还款", new_due, left)
        else:
            put("逾期", due + timedelta(days=1), left)
            put("还款", due + timedelta(days=40), left / 2)
            put("代偿", due + timedelta(days=100), left / 2)
            put("追偿", due + timedelta(days=200), left / 10)
