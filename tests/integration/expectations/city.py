"""Nights of a clean synthetic city, as far as checking goes: earlier nights only teach, the last ones are judged whole.

A night that teaches is loaded, measured and accepted by the product's own functions; what is left out is the judgement, of which
history keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from expectations import DeliveryFacts, checking
from expectations.checkpoint import Checkpoint
from expectations.predicates import Lists, Place, literal, quoted
from expectations.standing import before
from expectations.usual import Measure, bands_of, history, measure, measures_of
from ingest import ledger
from ingest.accept import Verdict, accept
from ingest.calendar import BusinessDays, write_promises
from ingest.context import LoadContext
from ingest.ddl import partition_name
from ingest.spec import SourceSpec, all_specs
from ingest.take_in import take_in

SPECS = dict(sorted(all_specs().items(), key=lambda item: item[0] != "registrations"))
"""The register first: numbers of the first night's other deliveries are then asked for in it."""
LISTS = Lists.from_seeds()
MOST = 30
"""How many times its rows a delivery may come to: a range that reaches farther says nothing, and nothing is planted."""


@dataclass
class City:
    """Deliveries lie in `folder/<business date>/`; `warned` collects what was not right, `judged` which rules said anything."""

    ctx: LoadContext
    folder: Path
    checks: dict[str, Checkpoint]
    warned: list[tuple[str, date, str, Any]] = field(default_factory=list)
    judged: set[str] = field(default_factory=set)

    def place(self, day: date) -> Place:
        """Where and when the deliveries of a day are from."""
        return Place(self.ctx.region, day, LISTS)

    def loaded(self, spec: SourceSpec, day: date) -> DeliveryFacts | None:
        """The source's delivery of the day, loaded; None when there is none."""
        with self.ctx.connect() as connection, connection.transaction():
            write_promises(connection, spec, self.ctx.region, day, BusinessDays(), ended=False)
        numbers = take_in(replace(self.ctx, inbox=str(self.folder / day.isoformat())), spec, day)
        if not numbers:
            return None
        with self.ctx.connect() as connection:
            found = ledger.delivery(connection, numbers[0])
        assert found is not None and found.rows_in_file is not None
        return DeliveryFacts(numbers[0], self.ctx.region, day, found.rows_in_file)

    def teach(self, day: date) -> None:
        """A night that is measured and accepted."""
        for spec in SPECS.values():
            if (facts := self.loaded(spec, day)) is not None:
                with self.ctx.connect() as connection, connection.transaction():
                    observed = measure(connection, spec, facts, measures_of(spec, self.place(day)), self.place(day))
                accept(self.ctx, spec, facts.delivery_id, Verdict(measures=observed))

    def judge(self, day: date) -> None:
        """A night as it is."""
        for spec in SPECS.values():
            if (facts := self.loaded(spec, day)) is not None:
                verdict = self.checks[spec.name].check(facts)
                self.judged |= {one.rule for one in verdict.checks if one.judged}
                self.warned += [
                    (spec.name, day, one.rule, (one.checked, one.failed, one.detail, one.observed, one.lower, one.upper))
                    for one in verdict.checks
                    if not one.passed
                ]
                accept(self.ctx, spec, facts.delivery_id, verdict)

    def find_drifts(self, day: date) -> tuple[set[str], list[str]]:
        """Plant in each delivery of a night drifts of all kinds, each at three times its band. The kinds that could be planted,
        and what was not found."""
        planted, missed = set(), []
        for spec in SPECS.values():
            if (facts := self.loaded(spec, day)) is None:
                continue
            targets = list(self._targets(spec, facts))
            name = f"raw.{partition_name(spec, facts.delivery_id)}"
            with self.ctx.connect() as connection:
                for one, target in targets:
                    facts = replace(facts, rows=_drift(connection, spec, facts, one, target, name))
            broken = {one.rule for one in self.checks[spec.name].check(facts).checks if not one.passed}
            planted |= {one.rule.rpartition(".")[2] for one, _ in targets}
            missed += [f"{spec.name} {one.name}" for one, _ in targets if one.rule not in broken]
        return planted, missed

    def _targets(self, spec: SourceSpec, facts: DeliveryFacts) -> list[tuple[Measure, float]]:
        """A drift for each column, and where its measure comes to: of rows first, of dates next."""
        place = self.place(facts.business_date)
        measures = measures_of(spec, place)
        with self.ctx.connect() as connection, connection.transaction():
            observed = measure(connection, spec, facts, measures, place)
            bands = bands_of(measures, history(connection, spec, facts, before(connection, spec, facts)), facts.rows)
        found: dict[str, tuple[Measure, float]] = {}
        for one in measures:
            of = re.split(r"[.=]", one.name)[0]
            if of in found or one.name not in bands or one.name not in observed:
                continue
            middle = (bands[one.name].lower + bands[one.name].upper) / 2
            reach = 3 * (bands[one.name].upper - bands[one.name].lower) / 2
            target = middle - reach if one.scale == "share" and middle + reach > 1 else middle + reach
            if one.scale == "share" and not 0 <= target <= 1:
                continue  # nothing can lie so far out
            if (
                one.scale == "share"
                and of in {c.name for c in spec.columns if c.type in ("code", "decimal", "geography")}
                and "=" not in one.name
            ):
                continue
            if one.scale == "count" and target > MOST * facts.rows:
                continue
            found[of] = one, target
        return sorted(found.values(), key=lambda item: ("count", "days", "share", "sum").index(item[0].scale))


def _drift(
    connection: psycopg.Connection[Any], spec: SourceSpec, facts: DeliveryFacts, one: Measure, target: float, name: str
) -> int:
    """Change the rows so that the measure comes to `target`; their number afterwards."""
    column, _, code = one.name.removesuffix(".blank").removesuffix(".sum").partition("=")
    if one.scale == "count":
        more = round(target) - facts.rows
        columns = ", ".join(map(quoted, ["delivery_id", *spec.raw_columns, "faults"]))
        connection.execute(
            sql.SQL(
                f"insert into {name} (row_id, {columns}) select row_id + n * 1000000, {columns} "
                f"from {name}, generate_series(1, {more // facts.rows + 1}) as n order by n, row_id limit {more}"
            )
        )
        return facts.rows + more
    if one.scale == "days":
        latest = literal(date.fromordinal(facts.business_date.toordinal() - round(target)).isoformat())
        dates = [c.name for c in spec.columns if c.type == "date" and c.not_after_business_date]
        changed = ", ".join(f"{c} = case when {c} > {latest} then {latest} else {c} end" for c in dates)
        connection.execute(sql.SQL(f"update {name} set {changed}"))
    elif one.scale == "sum":
        connection.execute(sql.SQL(f"update {name} set {column} = {round(target / facts.rows + 0.01, 2)}"))
    else:
        # So many rows have the code, or are blank
        value, other = (literal(code), "''") if code else ("null", f"coalesce({column}, '1')")
        connection.execute(
            sql.SQL(
                f"update {name} as t set {column} = case when place <= {round(target * facts.rows)} then {value} "
                f"when {column} is not distinct from {value} then {other} else {column} end "
                f"from (select row_id, row_number() over (order by row_id) as place from {name}) as r where r.row_id = t.row_id"
            )
        )
    return facts.rows


@contextmanager
def city(ctx: LoadContext, folder: Path) -> Iterator[City]:
    """A city whose nights lie in the folder."""
    with ExitStack() as stack:
        yield City(ctx, folder, {name: stack.enter_context(checking(ctx.conninfo, spec)) for name, spec in SPECS.items()})
