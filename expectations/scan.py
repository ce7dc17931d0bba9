"""One statement asks every row every rule. No row leaves the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from psycopg import Connection, sql

from expectations.predicates import literal
from expectations.rules import UNSPLIT, Rule
from ingest.ddl import counts_name, failures_name, partition_name, warned_name
from ingest.spec import SourceSpec

SCHEMA = "raw"
_BITS = 62
"""Rules in one bigint of a row's `broken`."""


@dataclass(frozen=True)
class Scanned:
    """By row rule and fault how many rows failed, and the seconds it took."""

    failed: dict[str, int]
    seconds: float


def scan(connection: Connection[Any], spec: SourceSpec, delivery_id: int, rules: Sequence[Rule]) -> Scanned:
    """Write `raw.<source>__d<id>__failures`, a row for each row to quarantine, and `…__warned`, one for each to warn of, with
    every reason. What an earlier try left is replaced. The caller's transaction makes it whole."""
    partition = partition_name(spec, delivery_id)
    names = {
        "partition": sql.Identifier(SCHEMA, partition),
        "failures": sql.Identifier(SCHEMA, failures_name(spec, delivery_id)),
        "warned": sql.Identifier(SCHEMA, warned_name(spec, delivery_id)),
        "counts": sql.Identifier(SCHEMA, counts_name(spec, delivery_id)),
        "findings": sql.Identifier(SCHEMA, f"{partition}__findings"),
        "kinds": sql.Identifier(SCHEMA, f"{partition}__kinds"),
    }
    connection.execute("set local jit = off")  # compiling a hundred predicates takes longer than asking them
    connection.execute(sql.SQL("drop table if exists {failures}, {warned}, {counts}").format(**names))
    started = perf_counter()
    connection.execute(rows_statement(rules).format(**names))
    connection.execute(kinds_statement(rules).format(**names))
    connection.execute(_statement(_TOLD.format(table="failures", reasons="reasons")).format(**names))
    connection.execute(_statement(_TOLD.format(table="warned", reasons="warnings")).format(**names))
    failed = dict(connection.execute(_statement(_FAILED).format(**names)).fetchall())
    connection.execute(sql.SQL("drop table {findings}, {kinds}").format(**names))
    asked = [rule.id for rule in rules if rule.kind in ("row", "fault")]
    return Scanned({rule: int(failed.get(rule, 0)) for rule in dict.fromkeys([*asked, *failed])}, perf_counter() - started)


def write_counts(connection: Connection[Any], spec: SourceSpec, delivery_id: int, counts: Mapping[str, tuple[int, int]]) -> None:
    """Leave `raw.<source>__d<id>__counts`, a row a rule, for the engine to judge."""
    table = sql.Identifier(SCHEMA, counts_name(spec, delivery_id))
    connection.execute(
        sql.SQL("create table {} (rule text not null, checked bigint not null, failed bigint not null)").format(table)
    )
    connection.execute(
        sql.SQL("insert into {} (rule, checked, failed) select * from unnest(%s::text[], %s::bigint[], %s::bigint[])").format(
            table
        ),
        [list(counts), [checked for checked, _ in counts.values()], [failed for _, failed in counts.values()]],
    )


def rows_statement(rules: Sequence[Rule]) -> sql.SQL:
    """The pass over the rows: each row with a fault or a broken rule, the rules as bits of `broken`, in their order.
    `{partition}` and `{findings}` are to be filled in. A table made by a query may be filled by several processes; one that is
    inserted into may not."""
    words = [
        " | ".join(f"case when {rule.sql} then {1 << place} else 0::bigint end" for place, rule in enumerate(part))
        for part in _words(_asked(rules))
    ]
    made = ", ".join(f"{word} as word_{number}" for number, word in enumerate(words))
    names = [f"word_{number}" for number in range(len(words))]
    # `offset 0`: a rule is asked where the subquery says so and once, not again for the filter
    return _statement(
        f"create unlogged table {{findings}} as select row_id, faults, array[{', '.join(names)}] as broken "
        f"from (select row_id, faults, {made} from {{partition}} offset 0) as asked "
        f"where cardinality(faults) > 0 or {' or '.join(f'{name} <> 0' for name in names)}"
    )


def kinds_statement(rules: Sequence[Rule]) -> sql.SQL:
    """Rows break the same few sets of rules: each set spelt out once, with its number of rows, and by severity."""
    names = ", ".join(literal(rule.id) for rule in _asked(rules))
    by_severity = ", ".join(
        f"array(select distinct rule from unnest(rules) as r (rule) where rule = any(array[{_of(rules, severity)}]::text[]) "
        f"order by rule) as {name}"
        for severity, name in (("quarantine", "reasons"), ("warn", "warnings"))
    )
    return _statement(
        f"create unlogged table {{kinds}} as select *, {by_severity} from ("
        f"select faults, broken, count(*) as n, case when faults @> array[{literal(UNSPLIT)}] then faults else faults || array("
        f"select id from unnest(array[{names}]::text[]) with ordinality as r (id, place) "
        f"where (broken[1 + (place - 1) / {_BITS}] >> ((place - 1) % {_BITS})::integer) & 1 = 1"
        ") end as rules from {findings} group by faults, broken) as sets"
    )


_TOLD = (
    "create table {{{table}}} as select row_id, {reasons} as reasons from {{findings}} "
    "inner join {{kinds}} using (faults, broken) where cardinality({reasons}) > 0"
)
_FAILED = "select rule, sum(n) from {kinds}, lateral (select distinct unnest(rules)) as r (rule) group by rule"


def _of(rules: Sequence[Rule], severity: str) -> str:
    return ", ".join(literal(rule.id) for rule in rules if rule.kind in ("row", "fault") and rule.severity == severity)


def _words(asked: Sequence[Rule]) -> list[Sequence[Rule]]:
    return [asked[start : start + _BITS] for start in range(0, len(asked), _BITS)]


def _asked(rules: Sequence[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule.kind == "row"]


def _statement(text: str) -> sql.SQL:
    """Only the tables' names are left to fill in: other braces stand for themselves."""
    for name in ("partition", "failures", "warned", "findings", "kinds"):
        text = text.replace(f"{{{name}}}", f"\0{name}\1")
    text = text.replace("{", "{{").replace("}", "}}").replace("\0", "{").replace("\1", "}")
    return sql.SQL(text)  # made from the project's own specs, not from a delivery
