"""What is known at K of each source: the fold of the deliveries that count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from .cells import Bad
from .files import File, deliveries
from .reading import KEYS, READ, key_of
from .units import Answer, Course, Entity, LoanEvent, Population, Spell, Voucher

Key = tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """The rows that stand at k. The same number in both tax offices is two vouchers."""

    k: date
    entities: list[Entity]
    spells: list[Spell]
    vouchers: list[Voucher]
    loan_events: list[LoanEvent]
    courses: list[Course]
    answers: list[Answer]
    population: list[Population]


def facts(inbox: Path, k: date, region: str, received: set[str] | None = None) -> Facts:
    """Reads and folds all sources."""
    files = in_force(deliveries(inbox, region, received), k)
    rows: dict[str, list[Any]] = {
        source: list(_fold((f for f in files if f.source == source), region).values()) for source in KEYS
    }
    return Facts(
        k=k,
        entities=rows["registrations"],
        spells=rows["employment"],
        vouchers=rows["tax_national"] + rows["tax_local"],
        loan_events=rows["loans"],
        courses=rows["training"],
        answers=rows["survey"],
        population=rows["population"],
    )


def in_force(files: Iterable[File], k: date) -> list[File]:
    """Of each source and business date up to K the highest sequence, in order of the dates."""
    best: dict[tuple[str, date], File] = {}
    for file in sorted(files, key=lambda f: f.sequence):
        if file.business_date <= k:
            best[file.source, file.business_date] = file
    return sorted(best.values(), key=lambda f: f.business_date)


def _fold(files: Iterable[File], region: str) -> dict[Key, Any]:
    state: dict[Key, Any] = {}
    for file in files:
        good, bad = _rows(file, region)
        if file.kind == "full":
            waves = {key[0] for key in (*good, *bad)}
            gone = {key for key in state if file.source != "survey" or key[0] in waves}
            state = {key: row for key, row in state.items() if key not in gone or key in bad}
        state.update(good)
    return state


def _rows(file: File, region: str) -> tuple[dict[Key, Any], set[Key]]:
    """The typed rows by key, the last of a key counting, and the readable keys of the quarantined rows."""
    good: dict[Key, Any] = {}
    bad: set[Key] = set()
    for raw in file.rows:
        if raw is None:
            continue
        key = key_of(file.source, raw)
        try:
            row = READ[file.source](raw, region, file.business_date)
        except Bad:
            if key is not None:
                bad.add(key)
            continue
        assert key is not None
        good[key] = row
    return good, bad
