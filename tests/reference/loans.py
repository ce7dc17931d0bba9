"""Loans: issued, outstanding, repaid when due, compensated, subsidised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .fold import Facts
from .frame import Cells, Ground, Period, Tally, age_band
from .links import Links
from .units import LoanEvent

LENT, REPAID, EXTENDED, COMPENSATED, SUBSIDY = "放款", "还款", "展期", "代偿", "贴息"


@dataclass(frozen=True)
class Contract:
    """A contract with a 放款, which gives its attributes; the events in the order of 事件日期 and 事件序号."""

    number: str
    issue: LoanEvent
    events: tuple[LoanEvent, ...]
    town: str

    def sum(self, event: str, first: date = date.min, last: date = date.max) -> Decimal:
        return sum((e.amount for e in self.events if e.event == event and e.day and first <= e.day <= last), Decimal(0))

    def balance(self, day: date) -> Decimal:
        return self.sum(LENT, last=day) - self.sum(REPAID, last=day) - self.sum(COMPENSATED, last=day)

    def due(self) -> date | None:
        """到期日 of the 放款, replaced by each 展期 made on or before the due date then in force (ruling 46)."""
        due = self.issue.due
        for e in self.events:
            if e.event == EXTENDED and e.day and e.due and due and e.day <= due:
                due = e.due
        return due


def contracts(known: Facts, links: Links, ground: Ground) -> list[Contract]:
    """Events without an accepted 放款 belong to no contract (ruling 10)."""
    by_number: dict[str, list[LoanEvent]] = defaultdict(list)
    for event in known.loan_events:
        by_number[event.contract].append(event)
    found = []
    for number, events in by_number.items():
        events.sort(key=lambda e: (e.day or date.max, e.number))
        issue = next((e for e in events if e.event == LENT), None)
        if issue is not None:
            entity = links.of_regno(issue.regno, issue.day)
            found.append(Contract(number, issue, tuple(events), entity.town if entity else ground.unknown_town))
    return found


def loans(all_contracts: Iterable[Contract], p: Period, ground: Ground) -> Cells:
    issued, number, balance, subsidies, repayment, compensation = (Tally() for _ in range(6))
    for c in all_contracts:
        borrower = c.issue.borrower
        places = ground.places(
            c.town,
            {
                "sex": (borrower.sex if borrower else "unknown",),
                "age_band": (age_band(p.last.year, borrower.birth_year if borrower else None),),
                "founder_group": c.issue.groups,
            },
        )
        left = c.balance(p.last)
        issued.add(places, c.number, c.sum(LENT, p.first, p.last))
        number.add(places, c.number, sum(1 for e in c.events if e.event == LENT and e.day in p))
        balance.add(places, c.number, left)
        if c.issue.due is not None:
            subsidies.add(places, c.number, c.sum(SUBSIDY, p.first, min(p.last, c.issue.due)))
        due = c.due()
        if due is not None and due in p:
            repayment.add(places, c.number, c.sum(REPAID, last=due), c.sum(LENT))
        compensation.add(places, c.number, c.sum(COMPENSATED, p.first, p.last), left)
    cells = {
        **issued.counts("LOAN_ISS", p, ground, 10_000),
        **number.counts("LOAN_ISS_N", p, ground),
        **balance.counts("LOAN_BAL", p, ground, 10_000),
        **subsidies.counts("LOAN_SUBS", p, ground),
    }
    if p.grain != "M":
        cells |= repayment.rates("LOAN_REPAY", p, ground)
    if p.grain == "Y":
        cells |= compensation.rates("LOAN_COMP", p, ground)
    return cells
