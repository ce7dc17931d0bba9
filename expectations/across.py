"""Rules that no single row can break: between rows, against another source, and against what came before.

Each is one statement that counts what it looked at and what failed. All of them warn: the rows are kept (ruling 10). Nothing to
look at counts 0, and then nothing is said of the delivery.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
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
        yield reference.id, known(spec, reference, delivery, past) if there else NOTHING
    if promises_days(spec):
        yield NO_GAP, no_gap(spec, delivery, past)


def between_rows(spec: SourceSpec, rule: BetweenRowsSpec, delivery: DeliveryFacts, past: Before) -> str:
    """Groups that the delivery touches (it has a row in them that the rule asks), and those of them that break the rule.

    Beside it stand the rows of other deliveries, those of a later day too when it is late: all versions of the keys that ever
    were in one of the groups, of which the last in the fold's order counts.
    """
    columns = ", ".join(["row_id", "delivery_id", *map(quoted, spec.raw_columns)])
    key = ", ".join(map(quoted, spec.key))
    group = f"array[{', '.join(f'({part})::text' for part in rule.per)}]"  # blanks are equal in it
    others = (*past.folded, *past.later)
    order = (*past.folded, delivery.delivery_id, *past.later)
    return (
        f"with delivered as ({_kept(spec, delivery, columns)}), "
        f"touched as (select distinct {group} as g from delivered where {rule.only}), "
        f"other as not materialized (select {columns} from raw.{quoted(spec.name)} "
        f"where delivery_id = any({_numbers(others)}){_left_standing(spec, delivery, past)}), "
        f"candidate as (select * from delivered union all select * from other "
        f"where ({key}) in (select {key} from other where {group} in (select g from touched))), "
        f"standing as (select distinct on ({key}) * from candidate "
        f"order by {key}, array_position({_numbers(order)}, delivery_id) desc, row_id desc), "
        f"judged as (select ({rule.predicate}) is false as broken from standing "
        f"where {rule.only} and {group} in (select g from touched) group by {group}) "
        "select count(*) as checked, count(*) filter (where broken) as failed from judged"
    )


def _left_standing(spec: SourceSpec, delivery: DeliveryFacts, past: Before) -> str:
    """The condition on rows of earlier deliveries that a full one does not replace: those of keys that it has in a row that is
    put aside (ruling 4), and where it replaces what it contains, the rest."""
    if past.kind != "full":
        return ""
    key = ", ".join(map(quoted, spec.key))
    stands = f"({key}) in ({_put_aside(spec, delivery, key)})"
    if spec.full_replaces == "same_first_key":
        first = quoted(spec.key[0])
        stands += f" or {first} not in (select {first} from {_rows(spec, delivery)} where {first} is not null)"
    return f" and (delivery_id = any({_numbers(past.later)}) or {stands})"


def known(spec: SourceSpec, rule: ReferenceSpec, delivery: DeliveryFacts, past: Before) -> str:
    """Rows that name a number of the other source, and those whose number it does not know. Asked are the delivery's, and those
    of the deliveries before it that were too young when the last of them came; each row is so asked once."""
    column, day = quoted(rule.column), quoted(rule.day)
    other = f"raw.{quoted(rule.source)}"
    asked = f"{_kept(spec, delivery, f'{column}, {day}')}"
    if past.last_day is not None:
        asked += (
            f" union all select {column}, {day} from raw.{quoted(spec.name)} where delivery_id = any({_numbers(past.recent)}) "
            f"and raw.as_date({day}) > {_of_age(past.last_day)}"
        )
    accepted = f"select delivery_id from ledger.delivery where source = {literal(rule.source)} and status = 'accepted'"
    return (
        f"with asked as ({asked}), "
        f"named as (select {column} as number, count(*) as n from asked "
        f"where {column} is not null and raw.as_date({day}) <= {_of_age(delivery.business_date)} group by {column}), "
        f"found as (select distinct o.{quoted(rule.to)} as number from {other} as o "
        f"inner join named as n on o.{quoted(rule.to)} = n.number where o.delivery_id in ({accepted})) "
        "select coalesce(sum(n), 0) as checked, coalesce(sum(n) filter (where f.number is null), 0) as failed "
        f"from named left join found as f using (number) where exists (select from {other})"
    )


def _of_age(day: date) -> str:
    """The last day, as SQL, of which the other source has had time to deliver by a business date."""
    return f"date {literal(day.isoformat())} - {GRACE_DAYS}"


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
