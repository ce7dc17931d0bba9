"""What validating registrations is measured against: the same predicates by hand, and Great Expectations as it comes."""

from __future__ import annotations

import time
from typing import Any

import psycopg
from psycopg import sql

from bench.validation_rows import DAY, REGION, Made, conninfo
from expectations import rules_of
from expectations.predicates import Lists
from ingest.ddl import partition_name
from ingest.spec import load_spec
from warehouse.settings import Settings


def floor(settings: Settings, made: Made) -> dict[str, float]:
    """Seconds of the statements that a person would write, each returning counts alone: the predicates in one pass (in which
    sums, blanks and newest dates are counted as well), a group-by of the keys, of the codes, and the keys against the earlier
    delivery's. `predicates` alone is the same pass without what is only held against history."""
    spec = load_spec("registrations")
    rules = rules_of(spec, DAY, REGION)
    table = f"raw.{partition_name(spec, made.number)}"
    tests = [f"count(*) filter (where {rule.sql})" for rule in rules if rule.kind == "row"]
    tests += [f"count(*) filter (where '{rule.id}' = any(faults))" for rule in rules if rule.kind == "fault"]
    codes = [column.name for column in spec.columns if column.type == "code"]
    sets = ", ".join(f"({name})" for name in codes)
    learned = [f"count({column.name})" for column in spec.columns if not column.required and column.type != "code"]
    for column in spec.columns:
        if column.not_after_business_date:
            learned.append(f"max(case when raw.is_date({column.name}) then {column.name} end)")
        if column.type == "decimal":
            learned.append(f"sum(raw.as_decimal({column.name}))")
    statements = {
        "predicates": f"select count(*), {', '.join(tests)} from {table}",
        "predicates and sums": f"select count(*), {', '.join([*tests, *learned])} from {table}",
        "codes": f"select {', '.join(codes)}, count(*) from {table} group by grouping sets ({sets})",
        "keys": f"select count(*), sum(n) from (select count(*) as n from {table} group by pripid) as keys",
        "keys kept": f"select count(*) from (select distinct pripid from raw.registrations) as k where not exists "
        f"(select from {table} as n where n.pripid = k.pripid)",
    }
    found = {}
    with psycopg.connect(conninfo(settings), autocommit=True) as connection:
        for name, statement in statements.items():
            started = time.perf_counter()
            connection.execute(sql.SQL(statement)).fetchall()
            found[name] = time.perf_counter() - started
    return found


def vanilla(settings: Settings, made: Made, engine: str, every: bool) -> dict[str, Any]:
    """Seconds of Great Expectations with `result_format` COMPLETE and the rows' numbers, over the rules on rows and keys.

    Its own expectations where it has them, else one of the caller's on SQL, as its documentation shows; pandas is asked only
    those that it has itself. On SQL the engine's COMPLETE ends its list of rows at `partial_unexpected_count`, which is 20 unless
    told: with `every` it is told the number of rows, and each expectation must have named each of its failing rows. Also how many
    expectations there were, how many of them failed, how many failing rows they counted and how many they named.
    """
    import great_expectations as gx

    from bench.validation_vanilla import suite_of

    spec = load_spec("registrations")
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    table = partition_name(spec, made.number)
    rules = rules_of(spec, DAY, REGION, Lists.from_seeds())
    suite = context.suites.add(suite_of(spec, rules, made.rows, only_own=engine == "pandas"))
    if engine == "sql":
        from expectations.engine import _url

        source = context.data_sources.add_postgres("bench", connection_string=_url(conninfo(settings)))
        batch = source.add_table_asset("rows", table_name=table, schema_name="raw").add_batch_definition_whole_table("all")
        parameters: dict[str, Any] = {}
    else:
        source = context.data_sources.add_pandas("bench")
        batch = source.add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
        parameters = {"dataframe": _frame(settings, table)}
    validation = context.validation_definitions.add(gx.ValidationDefinition(name="bench", data=batch, suite=suite))
    asked: dict[str, Any] = {"result_format": "COMPLETE", "unexpected_index_column_names": ["row_id"]}
    if every:
        asked["partial_unexpected_count"] = made.rows
    started = time.perf_counter()
    result = validation.run(result_format=asked, batch_parameters=parameters)
    seconds = time.perf_counter() - started
    raised = [
        one.expectation_config.type
        for one in result.results
        if any(record.get("raised_exception") for record in _records(one.exception_info))
    ]
    assert not raised, raised
    counted = {one.expectation_config.id: int(one.result.get("unexpected_count", 0)) for one in result.results}
    named = {one.expectation_config.id: len(one.result.get("unexpected_index_list") or ()) for one in result.results}
    assert not every or named == counted, "not every failing row was named"
    return {
        "seconds": seconds,
        "asked": len(result.results),
        "failed": sum(not one.success for one in result.results),
        "counted": sum(counted.values()),
        "named": sum(named.values()),
    }


def _records(info: dict[str, Any] | None) -> list[dict[str, Any]]:
    return [] if not info else [info] if "raised_exception" in info else list(info.values())


def _frame(settings: Settings, table: str) -> Any:
    import pandas as pd

    with psycopg.connect(conninfo(settings)) as connection:
        cursor = connection.execute(sql.SQL("select * from {}").format(sql.Identifier("raw", table)))
        return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description or []])
