"""Rules that no single row can break: between rows, against another source, and against what came before.

Each is one statement that counts what it looked at and what failed. All of them warn: the rows are kept (ruling 10). Nothing to
look at counts 0, and then nothing is said of the delivery.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

from psycopg import sql

from expectations.facts import DeliveryFacts
from expectations.predicates import literal, quoted
from expectations.standing import Before, Conn
from ingest.ddl import failures_name, partition_name
from ingest.rule_specs import BetweenRowsSpec, ReferenceSpec
from ingest.spec import Occasional, SourceSpec, Window

NO_GAP = "delivery.no_gap"
GRACE_DAYS = 30
NOTHING = "select 0 as checked, 0 as failed"


def count_across(
    connection: Conn, spec: SourceSpec, delivery: DeliveryFacts, past: Before
) -> tuple[dict[str, tuple[int, int]], dict[str, float]]:
    """`(checked, failed)` of each rule, and its seconds."""
    counts, seconds = {}, {}
    for rule, statement in _statements(connection, spec, delivery, past):
        started = perf_counter()
        row = connection.execute(sql.SQL(statement)).fetchone()  # from the project's own specs, not from a delivery
        counts[rule] = (int(row[0]), int(row[1])) if row else (0, 0)
        seconds[rule] = perf_counter() - started
    return counts, seconds


def _statements(connection: Conn, spec: SourceSpec, delivery: DeliveryFacts, past: Before) -> Iterator[tuple[str, str]]:
    for rule in spec.between_rows:
        yield rule.id, between_rows(spec, rule, delivery, past)
    for reference in spec.references:
        there = connection.execute("select to_regclass(%s)", [f"raw.{reference.source}"]).fetchone() != (None,)
        yield reference.id, known(spec, reference, delivery) if there else NOTHING
    if promises_days(spec):
        yield NO_GAP, no_gap(spec, delivery, past)


def between_rows(spec: SourceSpec, rule: BetweenRowsSpec, delivery: DeliveryFacts, past: Before) -> str:
    """Groups that the delivery touches, and those of them that break the rule. What earlier deliveries said stands beside them;
    where a full one replaces everything, only of keys that it has in a row that is put aside (ruling 4)."""
    columns = ", ".join(["row_id", "delivery_id", *map(quoted, spec.raw_columns)])
    key = ", ".join(map(quoted, spec.key))
    first = rule.per[0]
    groups = ", ".join(rule.per)
    stands = f"{first} in (select one from touched)"
    if past.kind == "full" and spec.full_replaces == "everything":
        stands += f" and ({key}) in ({_put_aside(spec, delivery, key)})"
    return (
        f"with delivered as ({_kept(spec, delivery, columns)}), touched as (select distinct {first} as one from delivered), "
        f"candidate as (select * from delivered union all select {columns} from raw.{quoted(spec.name)} "
        f"where delivery_id = any({_numbers(past.folded)}) and {stands}), "
        f"standing as (select distinct on ({key}) * from candidate "
        f"order by {key}, array_position({_numbers((*past.folded, delivery.delivery_id))}, delivery_id) desc, row_id desc), "
        f"judged as (select ({rule.predicate}) is false as broken from standing where {rule.only} group by {groups}) "
        "select count(*) as checked, count(*) filter (where broken) as failed from judged"
    )


def known(spec: SourceSpec, rule: ReferenceSpec, delivery: DeliveryFacts) -> str:
    """Rows that name a number of the other source, and those whose number it does not know."""
    column, day = quoted(rule.column), f"date {literal(delivery.business_date.isoformat())} - {GRACE_DAYS}"
    other = f"raw.{quoted(rule.source)}"
    return (
        f"with delivered as ({_kept(spec, delivery, f'{column}, {quoted(rule.day)}')}), "
        f"named as (select {column} as number, count(*) as n from delivered "
        f"where {column} is not null and raw.as_date({quoted(rule.day)}) <= {day} group by {column}), "
        f"found as (select distinct o.{quoted(rule.to)} as number from {other} as o "
        f"inner join named as n on o.{quoted(rule.to)} = n.number) "
        "select coalesce(sum(n), 0) as checked, coalesce(sum(n) filter (where f.number is null), 0) as failed "
        f"from named left join found as f using (number) where exists (select from {other})"
    )


def no_gap(spec: SourceSpec, delivery: DeliveryFacts, past: Before) -> str:
    """Promised days (of windows: their last days) between the delivery before and this one, and those without an accepted
    delivery."""
    if past.last_day is None:
        return NOTHING
    first = "e.business_date"
    if isinstance(spec.calendar, Window):
        month, day = spec.calendar.start.split("-")
        first = f"make_date(extract(year from e.business_date)::integer, {int(month)}, {int(day)})"
    return (
        "select count(*) as checked, count(*) filter (where not exists (select from ledger.delivery as d "
        f"where d.source = e.source and d.region = e.region and d.business_date between {first} and e.business_date "
        "and d.status in ('accepted', 'loading'))) as failed from ledger.expected_delivery as e "
        f"where e.source = {literal(spec.name)} and e.region = {literal(delivery.region)} "
        f"and e.business_date > date {literal(past.last_day.isoformat())} "
        f"and e.business_date <= date {literal(delivery.business_date.isoformat())}"
    )


def promises_days(spec: SourceSpec) -> bool:
    """Whether deliveries are promised for days or windows, so that one without a delivery is a gap."""
    return not isinstance(spec.calendar, Occasional)


def _kept(spec: SourceSpec, delivery: DeliveryFacts, columns: str) -> str:
    """The delivery's rows that are not put aside."""
    return f"select {columns} from {_rows(spec, delivery)} as t where not exists ({_failures(spec, delivery)})"


def _put_aside(spec: SourceSpec, delivery: DeliveryFacts, columns: str) -> str:
    """The delivery's rows that are."""
    return f"select {columns} from {_rows(spec, delivery)} as t where exists ({_failures(spec, delivery)})"


def _rows(spec: SourceSpec, delivery: DeliveryFacts) -> str:
    return f"raw.{partition_name(spec, delivery.delivery_id)}"


def _failures(spec: SourceSpec, delivery: DeliveryFacts) -> str:
    return f"select from raw.{failures_name(spec, delivery.delivery_id)} as f where f.row_id = t.row_id"


def _numbers(deliveries: tuple[int, ...]) -> str:
    return f"array[{', '.join(map(str, deliveries))}]::integer[]"
