"""One statement asks every row every rule. No row leaves the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from psycopg import Connection, sql

from expectations.predicates import literal
from expectations.rules import UNSPLIT, Rule
from ingest.ddl import counts_name, failures_name, partition_name
from ingest.spec import SourceSpec

SCHEMA = "raw"


@dataclass(frozen=True)
class Scanned:
    """By row rule and fault how many rows failed, and the seconds it took."""

    failed: dict[str, int]
    seconds: float


def scan(connection: Connection[Any], spec: SourceSpec, delivery_id: int, rules: Sequence[Rule]) -> Scanned:
    """Write `raw.<source>__d<id>__failures`: a row for each row to quarantine, with every reason. What an earlier try left is
    replaced. The caller's transaction makes it whole."""
    partition = partition_name(spec, delivery_id)
    names = {
        "partition": sql.Identifier(SCHEMA, partition),
        "failures": sql.Identifier(SCHEMA, failures_name(spec, delivery_id)),
        "counts": sql.Identifier(SCHEMA, counts_name(spec, delivery_id)),
        "findings": sql.Identifier(SCHEMA, f"{partition}__findings"),
    }
    connection.execute("set local jit = off")  # compiling a hundred predicates takes longer than asking them
    connection.execute(sql.SQL("drop table if exists {failures}, {counts}").format(**names))
    started = perf_counter()
    connection.execute(rows_statement(rules).format(**names))
    connection.execute(failures_statement(rules).format(**names))
    failed = dict(connection.execute(_FAILED.format(**names)).fetchall())
    connection.execute(sql.SQL("drop table {findings}").format(**names))
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
    """The pass over the rows: each row that breaks a rule, with all that it breaks. `{partition}` and `{findings}` are to be
    filled in. A table made by a query may be filled by several processes; one that is inserted into may not."""
    asked = [rule for rule in rules if rule.kind == "row"]
    # A row is asked in WHERE; only of a failing one the array of its rules is made
    any_rule = " or ".join(f"({rule.sql})" for rule in asked)
    broken = ", ".join(f"case when {rule.sql} then {literal(rule.id)} end" for rule in asked)
    return _statement(
        f"create unlogged table {{findings}} as select row_id, case when faults @> array[{literal(UNSPLIT)}] then faults"
        f" else faults || array_remove(array[{broken}]::text[], null) end as rules"
        f" from {{partition}} where cardinality(faults) > 0 or {any_rule}"
    )


def failures_statement(rules: Sequence[Rule]) -> sql.SQL:
    """The rows to put aside. Rows break the same few sets of rules: each set is sorted out once."""
    heavy = ", ".join(literal(rule.id) for rule in rules if rule.kind in ("row", "fault") and rule.severity == "quarantine")
    return _statement(
        "create table {failures} as with kinds as materialized ("
        "  select rules, array("
        f"    select distinct rule from unnest(rules) as r (rule) where rule = any(array[{heavy}]::text[]) order by rule"
        "  ) as reasons from (select distinct rules from {findings}) as sets"
        ") select row_id, reasons from {findings} inner join kinds using (rules) where cardinality(reasons) > 0"
    )


_FAILED = sql.SQL(
    "select rule, sum(n) from (select rules, count(*) as n from {findings} group by rules) as sets, "
    "lateral (select distinct unnest(rules)) as r (rule) group by rule"
)


def _statement(text: str) -> sql.SQL:
    """Only the tables' names are left to fill in: other braces stand for themselves."""
    for name in ("partition", "failures", "findings"):
        text = text.replace(f"{{{name}}}", f"\0{name}\1")
    text = text.replace("{", "{{").replace("}", "}}").replace("\0", "{").replace("\1", "}")
    return sql.SQL(text)  # made from the project's own specs, not from a delivery
