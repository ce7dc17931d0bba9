"""Two statements read the partition: one asks every row every rule, one looks for repeated keys. No row leaves the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from psycopg import Connection, sql

from expectations.predicates import literal
from expectations.rules import KEY_REPEATED, UNSPLIT, Rule
from ingest.ddl import counts_name, failures_name, partition_name
from ingest.spec import SourceSpec

SCHEMA = "raw"


@dataclass(frozen=True)
class Scanned:
    """Seconds of the pass over the rows and of the one over the keys."""

    rows_seconds: float
    keys_seconds: float


def scan(connection: Connection[Any], spec: SourceSpec, delivery_id: int, rules: Sequence[Rule]) -> Scanned:
    """Write `raw.<source>__d<id>__failures` (a row for each row to quarantine, with every reason) and `…__counts` (a row for each
    row rule and the repeated keys). What an earlier try left is replaced. The caller's transaction makes it whole."""
    names = {
        "partition": sql.Identifier(SCHEMA, partition_name(spec, delivery_id)),
        "failures": sql.Identifier(SCHEMA, failures_name(spec, delivery_id)),
        "counts": sql.Identifier(SCHEMA, counts_name(spec, delivery_id)),
    }
    connection.execute("set local jit = off")  # compiling a hundred predicates takes longer than asking them
    connection.execute(sql.SQL("drop table if exists {failures}, {counts}").format(**names))
    connection.execute(sql.SQL("create table {failures} (row_id bigint not null, reasons text[] not null)").format(**names))
    connection.execute(
        sql.SQL("create table {counts} (rule text not null, checked bigint not null, failed bigint not null)").format(**names)
    )
    started = perf_counter()
    connection.execute(rows_statement(rules).format(**names))
    between = perf_counter()
    connection.execute(keys_statement(spec).format(**names))
    return Scanned(between - started, perf_counter() - between)


def rows_statement(rules: Sequence[Rule]) -> sql.SQL:
    """The pass over the rows; `{partition}`, `{failures}` and `{counts}` are to be filled in."""
    asked = [rule for rule in rules if rule.kind == "row"]
    counted = [rule for rule in rules if rule.kind in ("row", "fault")]
    # A row is asked in WHERE; only of a failing one the array of its rules is made
    any_rule = " or ".join(f"({rule.sql})" for rule in asked)
    broken = ", ".join(f"case when {rule.sql} then {literal(rule.id)} end" for rule in asked)
    heavy = ", ".join(literal(rule.id) for rule in counted if rule.severity == "quarantine")
    listed = ", ".join(f"({literal(rule.id)})" for rule in counted)
    return _statement(
        "with failing as materialized ("
        f"  select row_id, case when faults @> array[{literal(UNSPLIT)}] then faults"
        f"    else faults || array_remove(array[{broken}]::text[], null) end as rules"
        f"  from {{partition}} where cardinality(faults) > 0 or {any_rule}"
        "), reasons as ("
        "  select distinct row_id, rule from failing, unnest(rules) as rule"
        "), kept as ("
        "  insert into {failures} (row_id, reasons) select row_id, array_agg(rule order by rule) from reasons"
        f"  where rule = any(array[{heavy}]::text[]) group by row_id"
        "), per_rule as (select rule, count(*) as failed from reasons group by rule)"
        " insert into {counts} (rule, checked, failed)"
        " select coalesce(l.rule, p.rule), (select count(*) from {partition}), coalesce(p.failed, 0)"
        f" from (values {listed}) as l (rule) full join per_rule as p on p.rule = l.rule"
    )


def keys_statement(spec: SourceSpec) -> sql.SQL:
    """The pass over the keys: how many rows repeat a key that stands before. Rows with a missing key part are not judged, but a
    part that need not be given is a value when blank (ruling 19)."""
    key = ", ".join(f'"{name}"' for name in spec.key)
    readable = " and ".join(f'"{name}" is not null' for name in spec.key if spec.column(name).required) or "true"
    return _statement(
        f"insert into {{counts}} (rule, checked, failed) select {literal(KEY_REPEATED)}, coalesce(sum(n), 0), "
        f"coalesce(sum(n - 1), 0) from (select count(*) as n from {{partition}} where {readable} group by {key}) as keys"
    )


def _statement(text: str) -> sql.SQL:
    """Only the three tables' names are left to fill in: other braces stand for themselves."""
    for name in ("partition", "failures", "counts"):
        text = text.replace(f"{{{name}}}", f"\0{name}\1")
    text = text.replace("{", "{{").replace("}", "}}").replace("\0", "{").replace("\1", "}")
    return sql.SQL(text)  # made from the project's own specs, not from a delivery
