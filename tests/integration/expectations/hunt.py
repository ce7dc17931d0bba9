"""Minimal broken deliveries, one a rule, found from the spec: candidates are delivered for real and asked every rule by itself.

A delivery of the matrix is then that row alone (for rules between rows or against history: the fewest rows it takes).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from psycopg import sql

from expectations import DeliveryFacts, rules_of
from expectations.rules import Rule
from ingest.accept import Refusal, Verdict, accept
from ingest.context import LoadContext
from ingest.ddl import partition_name
from ingest.spec import SourceSpec
from ingest.take_in import take_in
from tests.extracts import DAY, write_data, write_manifest
from tests.integration.expectations.candidates import REGNO, Row, candidates, uscc


@dataclass(frozen=True)
class Tried:
    """A row, in how many cells it differs from a good one, and the rules on it alone that it breaks."""

    cells: Row
    changes: int
    broken: frozenset[str]


@dataclass(frozen=True)
class Tries:
    """All rows that were tried, and groups of good rows by the rules between rows that they break."""

    rows: tuple[Tried, ...]
    groups: dict[str, tuple[Row, ...]]

    def breaking(self, rule: str) -> Row:
        """The row with the fewest changes that breaks this rule and no other. LookupError when there is none."""
        alone = [one for one in self.rows if one.broken == {rule}]
        if not alone:
            near = min((one.broken for one in self.rows if rule in one.broken), key=len, default=frozenset())
            raise LookupError(f"{rule}: no row breaks it alone; the nearest breaks {sorted(near)}")
        return min(alone, key=lambda one: one.changes).cells

    @property
    def needs_lead(self) -> bool:
        """Whether a good row may break a rule between rows by standing alone."""
        return any(len(rows) == 1 for rows in self.groups.values())

    def sound(self) -> list[Row]:
        """Rows that break nothing, the least changed first."""
        return [one.cells for one in sorted(self.rows, key=lambda one: one.changes) if not one.broken]


def deliver(ctx: LoadContext, spec: SourceSpec, rows: Sequence[Row], day: date = DAY, kind: str = "") -> DeliveryFacts:
    """Write the rows as the department would, and take them in."""
    path = Path(ctx.inbox) / spec.department / f"{spec.name}_{ctx.region}_{day:%Y%m%d}_01.{spec.extension}"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_data(spec, [list(row) for row in rows], path, day)
    write_manifest(spec, path, day, 1, kind or spec.kinds[0], len(rows), {}, {})
    numbers = take_in(ctx, spec, day)
    assert len(numbers) == 1, f"{spec.name}: what was delivered is refused whole"
    return DeliveryFacts(numbers[0], ctx.region, day, len(rows))


def hunt(ctx: LoadContext, spec: SourceSpec) -> Tries:
    """Try everything; what was delivered for it is refused."""
    tried = _asked(ctx, spec, list(candidates(spec, DAY)))
    tried = [replace(one, changes=sum(map(str.__ne__, one.cells, tried[0].cells))) for one in tried]
    return Tries(tuple(tried), _groups(ctx, spec, tried))


def _asked(ctx: LoadContext, spec: SourceSpec, rows: Sequence[Row]) -> list[Tried]:
    facts = deliver(ctx, spec, rows)
    rules = [rule for rule in rules_of(spec, DAY, ctx.region) if rule.kind == "row"]
    tests = ", ".join(f"({rule.sql}) is true" for rule in rules)
    table = sql.Identifier("raw", partition_name(spec, facts.delivery_id))
    with ctx.connect() as connection:
        found = connection.execute(
            sql.SQL("select faults, array[") + sql.SQL(tests) + sql.SQL("] from {} order by row_id").format(table)
        ).fetchall()
    _forget(ctx, spec, facts)
    return [
        Tried(row, 0, frozenset(faults) | _named(rules, failed, faults))
        for row, (faults, failed) in zip(rows, found, strict=True)
    ]


def _named(rules: Sequence[Rule], failed: Iterable[bool], faults: list[str]) -> frozenset[str]:
    if "row.field_count" in faults:
        return frozenset()
    return frozenset(rule.id for rule, one in zip(rules, failed, strict=True) if one)


def _groups(ctx: LoadContext, spec: SourceSpec, tried: Sequence[Tried]) -> dict[str, tuple[Row, ...]]:
    """For each rule between rows the fewest and least changed good rows that break it and no other."""
    if not spec.between_rows:
        return {}
    place = {column.name: index for index, column in enumerate(spec.columns)}
    first, per = spec.between_rows[0].columns[0], {part for rule in spec.between_rows for part in rule.per}
    second = next((name for name in spec.key if name not in per and spec.column(name).type in ("text", "integer")), None)
    base = tried[0].cells
    sound = [one for one in tried if not one.broken and one.changes and one.cells[place[first]] == base[place[first]]]
    groups: list[tuple[Row, ...]] = [(one.cells,) for one in sound]
    if second is not None:
        groups += [(base, _with(one.cells, place[second], f"9{index:03d}")) for index, one in enumerate(sound)]
    numbered = [[_with(row, place[first], f"{number:015d}") for row in rows] for number, rows in enumerate(groups, start=10**12)]
    facts = deliver(ctx, spec, [row for rows in numbered for row in rows])
    table = sql.Identifier("raw", partition_name(spec, facts.delivery_id))
    broken: dict[str, set[str]] = {}
    with ctx.connect() as connection:
        for rule in spec.between_rows:
            assert rule.columns[0] == first, "what tells the groups apart"
            asked = f"where {rule.only} group by {', '.join(rule.per)} having ({rule.predicate}) is false"
            statement = sql.SQL(f"select min({first}) from {{}} {asked}").format(table)
            for (name,) in connection.execute(statement).fetchall():
                broken.setdefault(name, set()).add(rule.id)
    _forget(ctx, spec, facts)
    weight = {one.cells: one.changes for one in sound}
    found = {}
    for rule in spec.between_rows:
        alone = [index for index in range(len(groups)) if broken.get(f"{index + 10**12:015d}") == {rule.id}]
        assert alone, f"{rule.id}: no group of rows breaks it alone"
        best = min(alone, key=lambda index: (len(groups[index]), weight.get(groups[index][0], 0)))
        found[rule.id] = tuple(numbered[best])
    return found


def _with(row: Row, place: int, text: str) -> Row:
    return (*row[:place], text, *row[place + 1 :])


def _forget(ctx: LoadContext, spec: SourceSpec, facts: DeliveryFacts) -> None:
    accept(ctx, spec, facts.delivery_id, Verdict((Refusal("tried", "", "it has served"),)))


def with_key(spec: SourceSpec, row: Row, number: int) -> Row:
    """The row under another key; of a sample in one of two primary sampling units, as a stratum has to have."""
    place = {column.name: index for index, column in enumerate(spec.columns)}
    if "psu" in place:
        row = _with(row, place["psu"], f"0{1 + number % 2}")
    if "geo" in place:  # of a year and a place: there are not so many years
        row = _with(row, place["geo"], ("520381", "520381001", "520381002", "520381003")[number // 60])
        number %= 60
    types = {spec.column(name).type: name for name in reversed(spec.key)}
    if "text" in types:
        return _with(row, place[types["text"]], f"K{number}")
    if "uscc" in types:
        return _with(row, place[types["uscc"]], uscc(number))
    return _with(row, place[types["integer"]], str(int(spec.column(types["integer"]).min or 0) + number))


__all__ = ["REGNO", "Row", "Tried", "Tries", "deliver", "hunt", "with_key"]
