"""Deliveries on PostgreSQL, loaded as the night loads them, then checked."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from expectations import CheckError, DeliveryFacts, check, checking, rules_of
from expectations import checkpoint as checkpoint_module
from expectations.rules import Rule
from expectations.usual import Usual
from ingest.accept import Verdict, accept
from ingest.context import LoadContext
from ingest.ddl import failures_name, partition_name
from ingest.rows import ROW_BITS
from ingest.spec import SourceSpec, all_specs
from ingest.take_in import take_in
from tests.extracts import DAY, fixture_rows, write_extract

pytestmark = pytest.mark.integration
SPECS = all_specs()
Change = dict[str, Any]
EVERY = pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))


def loaded(ctx: LoadContext, spec: SourceSpec, rows: list[dict[str, str]]) -> DeliveryFacts:
    write_extract(spec, rows, Path(ctx.inbox), kind="full")
    (number,) = take_in(ctx, spec, DAY)
    return DeliveryFacts(number, ctx.region, DAY, len(rows))


def failures(ctx: LoadContext, spec: SourceSpec, number: int) -> dict[int, list[str]]:
    table = sql.Identifier("raw", failures_name(spec, number))
    with ctx.connect() as connection:
        found = connection.execute(sql.SQL("select row_id & 4294967295, reasons from {}").format(table)).fetchall()
    return dict(found)


def broken(verdict: Verdict) -> set[str]:
    return {result.rule for result in verdict.checks if not result.passed}


def add_rows(ctx: LoadContext, spec: SourceSpec, number: int, changes: list[Change]) -> None:
    """Copies of the delivery's first row, each with a key of its own and one change."""
    table = sql.Identifier("raw", partition_name(spec, number))
    columns = ["row_id", "delivery_id", *spec.raw_columns, "faults"]
    with ctx.connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("select * from {} order by row_id limit 1").format(table))
        good = dict(zip([c.name for c in cursor.description or []], cursor.fetchone() or (), strict=True))
        cursor.execute(sql.SQL("select max(row_id) from {}").format(table))
        last = (cursor.fetchone() or (0,))[0]
        for index, change in enumerate(changes, start=1):
            row = good | _other_key(spec, index) | change | {"row_id": last + index}
            cursor.execute(
                sql.SQL("insert into {} ({}) values ({})").format(
                    table,
                    sql.SQL(", ").join(map(sql.Identifier, columns)),
                    sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
                ),
                [row[name] for name in columns],
            )


def _other_key(spec: SourceSpec, index: int) -> Change:
    for name in spec.key:
        if spec.column(name).type in ("text", "integer") and name not in ("wave", "year"):
            return {name: str(9000 + index)}
    return {"year": str(1950 + index)}


@EVERY
def test_a_good_delivery_passes(ctx: LoadContext, spec: SourceSpec) -> None:
    delivery = loaded(ctx, spec, fixture_rows(spec.name, "good"))
    verdict = check(ctx.conninfo, spec, delivery)
    assert verdict.refusals == ()
    quarantine = {rule.id for rule in rules_of(spec, DAY, ctx.region) if rule.severity == "quarantine"}
    assert broken(verdict) & quarantine == set()
    assert failures(ctx, spec, delivery.delivery_id) == {}
    assert {result.rule for result in verdict.checks} == {rule.id for rule in rules_of(spec, DAY, ctx.region)}


@EVERY
def test_a_row_of_the_fixture_is_put_aside_for_what_it_breaks(ctx: LoadContext, spec: SourceSpec) -> None:
    bad = fixture_rows(spec.name, "bad")
    delivery = loaded(ctx, spec, bad)
    check(ctx.conninfo, spec, delivery)
    assert failures(ctx, spec, delivery.delivery_id) == {1 + i: [row["expect"]] for i, row in enumerate(bad)}


def test_accepting_follows_the_verdict(ctx: LoadContext) -> None:
    spec = SPECS["registrations"]
    good, bad = fixture_rows(spec.name, "good"), fixture_rows(spec.name, "bad")
    delivery = loaded(ctx, spec, good + bad)
    verdict = check(ctx.conninfo, spec, delivery)
    assert broken(check(ctx.conninfo, spec, delivery)) == broken(verdict) != set()  # it may be asked again
    outcome = accept(ctx, spec, delivery.delivery_id, verdict)
    assert (outcome.status, outcome.rows_accepted, outcome.rows_quarantined) == ("accepted", len(good), len(bad))
    with ctx.connect() as connection:
        left = connection.execute(
            "select tablename from pg_tables where schemaname = 'raw' and tablename ~ '__(failures|counts)$'"
        ).fetchall()
        written = connection.execute("select count(*) from ledger.check_result").fetchone()
    assert left == []
    assert written == (len(verdict.checks),)


@pytest.mark.parametrize(
    ("changed", "rule"),
    [({"rows": 1}, "delivery.rows"), ({"totals_differing": ("regcap",)}, "delivery.totals")],
)
def test_a_delivery_that_is_not_as_its_manifest_says_is_refused(ctx: LoadContext, changed: dict[str, Any], rule: str) -> None:
    spec = SPECS["registrations"]
    delivery = loaded(ctx, spec, fixture_rows(spec.name, "good"))
    facts = DeliveryFacts(**{**vars(delivery), **changed})
    verdict = check(ctx.conninfo, spec, facts)
    assert [refusal.rule for refusal in verdict.refusals] == [rule]
    assert accept(ctx, spec, delivery.delivery_id, verdict).status == "refused"


def test_a_column_too_many_refuses(ctx: LoadContext) -> None:
    spec = SPECS["population"]
    delivery = loaded(ctx, spec, fixture_rows(spec.name, "good"))
    with ctx.connect() as connection:
        table = sql.Identifier("raw", partition_name(spec, delivery.delivery_id))
        connection.execute(sql.SQL("alter table {} add column surprise text").format(table))
    assert [refusal.rule for refusal in check(ctx.conninfo, spec, delivery).refusals] == ["delivery.columns"]


def test_a_repeated_key_is_warned_of(ctx: LoadContext) -> None:
    spec = SPECS["registrations"]
    row = fixture_rows(spec.name, "good")[0]
    verdict = check(ctx.conninfo, spec, loaded(ctx, spec, [row, row, row]))
    (result,) = [r for r in verdict.checks if r.rule == "delivery.key_repeated"]
    assert (result.passed, result.checked, result.failed, result.severity) == (False, 3, 2, "warn")
    assert verdict.refusals == () and verdict.warnings == 1


def test_a_row_that_could_not_be_split_has_that_one_reason(ctx: LoadContext) -> None:
    spec = SPECS["registrations"]
    delivery = loaded(ctx, spec, fixture_rows(spec.name, "good")[:1])
    nothing: Change = dict.fromkeys(spec.raw_columns)
    add_rows(ctx, spec, delivery.delivery_id, [nothing | {"faults": ["row.field_count"]}])
    check(ctx.conninfo, spec, DeliveryFacts(delivery.delivery_id, ctx.region, DAY, 2))
    assert failures(ctx, spec, delivery.delivery_id) == {2: ["row.field_count"]}


PLANTED = "慕容绝无仅有"


def test_no_cell_is_in_results_logs_or_exceptions(
    ctx: LoadContext, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Planted after loading, in columns that loading would have masked, in a row that breaks rules there."""
    from great_expectations.validator.v1_validator import Validator

    spec = SPECS["registrations"]
    delivery = loaded(ctx, spec, fixture_rows(spec.name, "good")[:1])
    planted: Change = {name: PLANTED for name in spec.raw_columns if name != "pripid"}
    add_rows(ctx, spec, delivery.delivery_id, [planted])
    seen: list[str] = []
    run = Validator.validate_expectation_suite

    def watched(self: Any, suite: Any, parameters: Any = None) -> Any:
        result = run(self, suite, parameters)
        seen.append(json.dumps(result.to_json_dict(), ensure_ascii=False) + repr(result))
        return result

    caplog.set_level("DEBUG")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Validator, "validate_expectation_suite", watched)
        verdict = check(ctx.conninfo, spec, DeliveryFacts(delivery.delivery_id, ctx.region, DAY, 2))
    reasons = failures(ctx, spec, delivery.delivery_id)
    assert len(reasons[2]) > 10  # the planted row does break rules
    output = capfd.readouterr()
    everything = [*seen, repr(verdict), caplog.text, output.out, output.err, json.dumps(reasons)]
    assert len(seen) == 1 and "estdate.date" in seen[0]
    assert not any(PLANTED in text or ascii(PLANTED)[1:-1] in text for text in everything)


def test_an_expectation_that_raises_is_our_error(ctx: LoadContext) -> None:
    """The counts lack the rules of another day's spec: judging them must not look like a finding about the delivery."""
    spec = SPECS["population"]
    delivery = loaded(ctx, spec, fixture_rows(spec.name, "good"))
    rules = rules_of(spec, DAY, ctx.region)
    with psycopg.connect(ctx.conninfo) as connection:
        counts = {rule.id: (1, 0) for rule in rules if rule.id != "status.code"}
        checkpoint_module.write_counts(connection, spec, delivery.delivery_id, counts)
    usual = {rule.id: Usual({}, {}) for rule in rules}
    with checking(ctx.conninfo, spec) as checks, pytest.raises(CheckError, match=r"status\.code"):
        checks.judge(delivery, rules, usual)


def test_a_statement_that_fails_is_our_error_and_quotes_no_cell(ctx: LoadContext, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = SPECS["population"]
    delivery = loaded(ctx, spec, fixture_rows(spec.name, "good"))
    add_rows(ctx, spec, delivery.delivery_id, [{"resident": PLANTED}])
    raising = Rule("x.y", "warn", (), "resident::integer > 0", "en", "zh", "en", "zh")
    monkeypatch.setattr(checkpoint_module, "rules_of", lambda *_: (raising,))
    with pytest.raises(CheckError) as caught:
        check(ctx.conninfo, spec, delivery)
    assert PLANTED not in str(caught.value) and "22P02" in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_row_numbers_are_those_of_the_file(ctx: LoadContext) -> None:
    spec = SPECS["registrations"]
    delivery = loaded(ctx, spec, fixture_rows(spec.name, "bad"))
    check(ctx.conninfo, spec, delivery)
    assert set(failures(ctx, spec, delivery.delivery_id)) == set(range(1, delivery.rows + 1))
    assert date(2010, 12, 31) == DAY and ROW_BITS == 32
