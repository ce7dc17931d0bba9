"""Vouchers of both tax offices for 2009 on: firms by month or quarter, larger households by quarter, small ones by half-year."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from warehouse.synth.days import DAY, compact, month_end
from warehouse.synth.deliver import Deliveries
from warehouse.synth.entities import Entity
from warehouse.synth.people import typo
from warehouse.synth.rng import stream

FIRST = date(2009, 1, 1)
SERVICES = frozenset(("67", "66", "52", "53", "49", "72", "74", "82", "83", "92", "84", "62"))
CENT = Decimal("0.01")
RELIEF_CAP = Decimal(8000)  # 元 a household a year (S01)
RATES = {"10101": "0.03", "10102": "0.10", "10104": "0.025", "10103": "0.05", "10105": "0.01", "10109": "0.07", "10110": "0.03"}


def money(value: Decimal) -> Decimal:
    """Rounded to cents."""
    return value.quantize(CENT, ROUND_HALF_UP)


class Taxes:
    """Delivers the vouchers of one shard."""

    def __init__(self, seed: int, shard: int, last: date, entities: list[Entity], out: Deliveries) -> None:
        self._rng, self._shard, self._last, self._out = stream(seed, shard, "taxes"), shard, last, out
        self._serial = 0
        self._relieved: dict[tuple[str, int], Decimal] = {}
        for entity in entities:
            if entity.closes > FIRST:
                self._entity(entity)

    def _entity(self, e: Entity) -> None:
        rng = self._rng
        firm = e.sector != "individual"
        if rng.random() > (0.85 if firm else 0.8):
            return
        large = firm or rng.random() < 0.12
        months = 1 if firm and e.noise % 2 else 3 if large else 12 if rng.random() < 0.4 else 6
        local = e.trade[0][:2] in SERVICES
        turnover = Decimal(int(rng.lognormvariate(11.0 if firm else 8.6, 0.7))) * months
        payer, regno = self._payer(e), "" if not firm and rng.random() < 0.3 else e.regno
        for start, end in periods(max(e.indate or e.est, FIRST), min(e.closes, self._last), months):
            revenue = money(turnover * Decimal(int(rng.uniform(70, 135))) / 100)
            taxed = large or rng.random() < 0.2  # below the threshold a household declares and pays nothing
            self._period(e, payer, regno, start, end, revenue, firm, local, taxed)

    def _period(
        self, e: Entity, payer: str, regno: str, start: date, end: date, revenue: Decimal, firm: bool, local: bool, taxed: bool
    ) -> None:
        main = "10103" if local else "10101"
        due = money(revenue * Decimal(RATES[main])) if taxed else Decimal("0.00")
        office = "tax_local" if local else "tax_national"
        relief = self._voucher(office, e, payer, regno, main, start, end, revenue, due)
        if taxed and e.noise % 4 == 0:
            base = due - relief
            self._voucher("tax_local", e, payer, regno, "10109", start, end, base, money(base * Decimal(RATES["10109"])))
        if firm and e.noise % 3 == 0:
            self._voucher("tax_national", e, payer, regno, "10104", start, end, revenue, money(revenue * Decimal(RATES["10104"])))

    def _voucher(
        self, office: str, e: Entity, payer: str, regno: str, kind: str, start: date, end: date, base: Decimal, due: Decimal
    ) -> Decimal:
        rng = self._rng
        # One in five pays late: so vouchers come in every night of a month.
        paid_on = end + timedelta(days=rng.randrange(20, 170) if rng.random() < 0.2 else rng.randrange(2, 20))
        code, relief = self._relief(e, kind, end, due)
        known = paid_on + timedelta(days=int(rng.expovariate(0.5)))
        if known > self._last:
            return relief
        dice = rng.random()
        name = typo(rng, e.name) if dice < 0.003 else e.name
        void, correction = ("Y" if 0.01 < dice < 0.014 else "N"), "2" if 0.02 < dice < 0.023 else "0"
        cells = (payer, regno, name, kind, compact(start), compact(end))
        self._put(office, known, cells, base, due, relief, code, paid_on, void, correction)
        if correction == "2":
            self._put(office, known, cells, base + 100, due, relief, code, paid_on, "N", "1")
        return relief

    def _put(
        self,
        office: str,
        known: date,
        cells: tuple[str, ...],
        base: Decimal,
        due: Decimal,
        relief: Decimal,
        code: str,
        paid_on: date,
        void: str,
        correction: str,
    ) -> None:
        self._serial += 1
        number = f"{'G' if office == 'tax_national' else 'D'}{paid_on.year}{self._shard:02d}{self._serial:08d}"
        amounts = (f"{base:.2f}", f"{due:.2f}", f"{relief:.2f}", code, f"{due - relief:.2f}")
        self._out.put(office, known, (number, *cells, *amounts, compact(paid_on), void, correction))

    def _relief(self, e: Entity, kind: str, end: date, due: Decimal) -> tuple[str, Decimal]:
        if not due or (end - e.est).days > 3 * 365:
            return "", Decimal("0.00")
        if e.sector == "individual" and "03" in e.founder.group:
            left = RELIEF_CAP - self._relieved.get((e.pripid, end.year), Decimal(0))
            relief = min(left, due)
            self._relieved[e.pripid, end.year] = RELIEF_CAP - left + relief
            return ("S01", relief) if relief else ("", Decimal("0.00"))
        if kind == "10104" and e.noise % 5 == 0:
            return "S02", money(due / 2)
        if "01" in e.founder.group and e.noise % 2 == 0:
            return "S03", money(due / 2)
        return "", Decimal("0.00")

    def _payer(self, e: Entity) -> str:
        """Firms by region and organisation code; households by the owner's id, in the shapes in use."""
        if e.sector != "individual":
            return f"520381{self._shard:02d}{int(e.pripid[-7:]):07d}"
        if e.founder.old:
            return "L" + e.founder.short
        return ("L" + e.founder.ident, e.founder.ident + "01", e.founder.ident)[e.noise % 3]


def periods(first: date, last: date, months: int) -> list[tuple[date, date]]:
    """Tax periods of so many months, cut to the taxpayer's life; only those that have begun and ended."""
    start = date(first.year, (first.month - 1) // months * months + 1, 1)
    found = []
    while start <= last:
        end = start
        for _ in range(months):
            end = month_end(end) + DAY
        end -= DAY
        if end <= last:
            found.append((max(start, first), end))
        start = end + DAY
    return found
