"""Rules that no single row can break: between rows, against another source, and against what came before.

Each is one statement that counts what it looked at and what failed. All of them warn: the rows are kept (ruling 10). Nothing to
look at counts 0, and then nothing is said of the delivery.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from time import perf_counter

from psycopg import sql

from expectations.facts import DeliveryFacts
from expectations.keys import warn_statement
from expectations.predicates import literal, quoted
from expectations.standing import Before, Conn
from ingest.ddl import failures_name, partition_name
from ingest.rule_specs import BetweenRowsSpec, ReferenceSpec
from ingest.spec import Occasional, SourceSpec, Window

NO_GAP = "delivery.no_gap"
GRACE_DAYS = 30


@dataclass(frozen=True)
class Question:
    """A rule's statement in parts: the common tables, behind them what counts `(checked, failed)`, and what names the failing
    rows by `row_id` (None: they are no rows)."""

    rule: str
    tables: str
    counts: str
    rows: str | None = None


def count_across(
    connection: Conn, spec: SourceSpec, delivery: DeliveryFacts, past: Before
) -> tuple[dict[str, tuple[int, int]], dict[str, float]]:
    """`(checked, failed)` of each rule, and its seconds. Adds the failing rows to those that the delivery is warned of."""
    counts, seconds = {}, {}
    for one in _questions(connection, spec, delivery, past):
        started = perf_counter()
        # from the project's own specs, not from a delivery
        row = connection.execute(sql.SQL(f"{one.tables} {one.counts}")).fetchone()
        counts[one.rule] = (int(row[0]), int(row[1])) if row else (0, 0)
        if counts[one.rule][1] and one.rows:
            connection.execute(sql.SQL(warn_statement(spec, delivery.delivery_id, one.rule, f"{one.tables} {one.rows}")))
        seconds[one.rule] = perf_counter() - started
    return counts, seconds


def _questions(connection: Conn, spec: SourceSpec, delivery: DeliveryFacts, past: Before) -> Iterator[Question]:
    for rule in spec.between_rows:
        yield between_rows(spec, rule, delivery, past)
    for reference in spec.references:
        there = connection.execute("select to_regclass(%s)", [f"raw.{reference.source}"]).fetchone() != (None,)
        yield known(spec, reference, delivery, past) if there else Question(reference.id, "", _NOTHING)
    if promises_days(spec):
        yield no_gap(spec, delivery, past)


_NOTHING = "select 0 as checked, 0 as failed"


def between_rows(spec: SourceSpec, rule: BetweenRowsSpec, delivery: DeliveryFacts, past: Before) -> Question:
    """Groups that the delivery touches (it has a row in them that the rule asks), and those of them that break the rule.

    Beside it stand the rows of other deliveries, those of a later day too when it is late: all versions of the keys that ever
    were in one of the groups, of which the last in the fold's order counts.
    """
    columns = ", ".join(["row_id", "delivery_id", *map(quoted, spec.raw_columns)])
    key = ", ".join(map(quoted, spec.key))
    group = f"array[{', '.join(f'({part})::text' for part in rule.per)}]"  # blanks are equal in it
    others = (*past.folded, *past.later)
    order = (*past.folded, delivery.delivery_id, *past.later)
    tables = (
        f"with delivered as ({_kept(spec, delivery, columns)}), "
        f"touched as (select distinct {group} as g from delivered where {rule.only}{_not_replaced(spec, past)}), "
        f"other as not materialized (select {columns} from raw.{quoted(spec.name)} "
        f"where delivery_id = any({_numbers(others)}){_left_standing(spec, delivery, past)}), "
        f"candidate as (select * from delivered union all select * from other "
        f"where ({key}) in (select {key} from other where {group} in (select g from touched))), "
        f"standing as (select distinct on ({key}) * from candidate "
        f"order by {key}, array_position({_numbers(order)}, delivery_id) desc, row_id desc), "
        f"judged as (select {group} as g, ({rule.predicate}) is false as broken from standing "
        f"where {rule.only} and {group} in (select g from touched) group by {group})"
    )
    return Question(
        rule.id,
        tables,
        "select count(*) as checked, count(*) filter (where broken) as failed from judged",
        f"select row_id from delivered where {rule.only} and {group} in (select g from judged where broken)",
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


def _not_replaced(spec: SourceSpec, past: Before) -> str:
    """The condition on rows of a late delivery that a later full one has left standing."""
    if not past.later or spec.full_replaces != "same_first_key":
        return ""
    first = quoted(spec.key[0])
    later = f"raw.{quoted(spec.name)} where delivery_id = any({_numbers(past.later)}) and {first} is not null"
    return f" and {first} not in (select {first} from {later})"


def known(spec: SourceSpec, rule: ReferenceSpec, delivery: DeliveryFacts, past: Before) -> Question:
    """Rows that name a number of the other source, and those whose number it does not know. Asked are the delivery's, and of a
    delta those of the deliveries before it that were too young when the last of them came and stand still."""
    column, day, other = quoted(rule.column), quoted(rule.day), f"raw.{quoted(rule.source)}"
    wanted = f"row_id, {column} as number, {day} as day"
    tables, asked = "with ", _kept(spec, delivery, wanted)
    if past.kind == "delta" and past.last_day is not None:
        tables += f"{_young(spec, delivery, past, wanted, past.last_day)}, "
        asked += " union all select row_id, number, day from young where row_id not in (select row_id from said_again)"
    accepted = f"select delivery_id from ledger.delivery where source = {literal(rule.source)} and status = 'accepted'"
    of_age = f"number is not null and raw.as_date(day) <= {_of_age(delivery.business_date)}"
    tables += (
        f"asked as ({asked}), "
        f"named as (select number, count(*) as n from asked where {of_age} group by number), "
        f"found as (select distinct o.{quoted(rule.to)} as number from {other} as o "
        f"inner join named as n on o.{quoted(rule.to)} = n.number where o.delivery_id in ({accepted})), "
        "strange as (select number, n from named left join found as f using (number) "
        f"where f.number is null and exists (select from {other})), "
        f"judged as (select sum(n) as n from named where exists (select from {other}))"
    )
    return Question(
        rule.id,
        tables,
        "select coalesce((select n from judged), 0) as checked, coalesce((select sum(n) from strange), 0) as failed",
        f"select row_id from asked where {of_age} and number in (select number from strange)",
    )


def _young(spec: SourceSpec, delivery: DeliveryFacts, past: Before, wanted: str, since: date) -> str:
    """Tables: `young`, rows of the deliveries before that have come of age since the last of them (of `since`), and `said_again`,
    those of them whose key a later row has."""
    key = f"array[{', '.join(map(quoted, spec.key))}]"  # a blank in it is a value
    source = f"raw.{quoted(spec.name)} where delivery_id = any({_numbers(past.recent)})"
    order = _numbers((*past.recent, delivery.delivery_id))
    place = f"array_position({order}, delivery_id) as place"
    return (
        f"recent as not materialized (select {wanted}, {key} as key, {place} from {source}), "
        f"young as materialized (select * from recent "
        f"where raw.as_date(day) > {_of_age(since)} and raw.as_date(day) <= {_of_age(delivery.business_date)}), "
        "said_again as (select y.row_id from young as y inner join (select key, row_id, place from recent "
        f"union all {_kept(spec, delivery, f'{key} as key, row_id, {place}')}) as s "
        "on y.key = s.key and (s.place, s.row_id) > (y.place, y.row_id))"
    )


def _of_age(day: date) -> str:
    """The last day, as SQL, of which the other source has had time to deliver by a business date."""
    return f"date {literal(day.isoformat())} - {GRACE_DAYS}"


def no_gap(spec: SourceSpec, delivery: DeliveryFacts, past: Before) -> Question:
    """Promised days (of windows: their last days) between the delivery before and this one, and those without an accepted
    delivery."""
    if past.last_day is None:
        return Question(NO_GAP, "", _NOTHING)
    first = "e.business_date"
    if isinstance(spec.calendar, Window):
        month, day = spec.calendar.start.split("-")
        first = f"make_date(extract(year from e.business_date)::integer, {int(month)}, {int(day)})"
    return Question(
        NO_GAP,
        "",
        "select count(*) as checked, count(*) filter (where not exists (select from ledger.delivery as d "
        f"where d.source = e.source and d.region = e.region and d.business_date between {first} and e.business_date "
        "and d.status in ('accepted', 'loading'))) as failed from ledger.expected_delivery as e "
        f"where e.source = {literal(spec.name)} and e.region = {literal(delivery.region)} "
        f"and e.business_date > date {literal(past.last_day.isoformat())} "
        f"and e.business_date <= date {literal(delivery.business_date.isoformat())}",
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
