from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from ingest import ledger
from ingest.accept import Outcome, Refusal, Verdict, accept
from ingest.context import LoadContext
from ingest.errors import KeyMissing
from ingest.load import row_id
from ingest.spec import SourceSpec
from ingest.take_in import take_in
from tests.extracts import DAY, Rows, fixture_rows, resident_id, write_extract, write_manifest
from tests.integration.ingest.conftest import SPECS

pytestmark = pytest.mark.integration


def query(ctx: LoadContext, text: str) -> list[tuple[Any, ...]]:
    with ctx.connect() as connection:
        return connection.execute(text).fetchall()  # type: ignore[arg-type]


def night(ctx: LoadContext, spec: SourceSpec, up_to: date = DAY, verdict: Verdict | None = None) -> list[Outcome]:
    return [accept(ctx, spec, number, verdict or Verdict()) for number in take_in(ctx, spec, up_to)]


def statuses(ctx: LoadContext) -> list[tuple[Any, ...]]:
    return query(ctx, "select file_name, status from ledger.delivery order by delivery_id")


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_a_good_extract_is_accepted_whole(ctx: LoadContext, spec: SourceSpec) -> None:
    rows = fixture_rows(spec.name, "good")
    write_extract(spec, rows, Path(ctx.inbox))
    outcomes = night(ctx, spec)
    assert len(outcomes) == 1, query(ctx, "select status, reason from ledger.delivery")
    (outcome,) = outcomes
    assert (outcome.status, outcome.rows_in_file, outcome.rows_accepted, outcome.reason) == (
        "accepted",
        len(rows),
        len(rows),
        None,
    )
    with ctx.connect() as connection:
        for rule in spec.rules:
            broken = connection.execute(
                sql.SQL("select row_id from raw.{} where {}").format(
                    sql.Identifier(spec.name),
                    sql.SQL(rule.violation("date '2010-12-31'")),  # type: ignore[arg-type]
                )
            ).fetchall()
            assert broken == [], rule.id
    assert night(ctx, spec) == []
    assert len(statuses(ctx)) == 1


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_a_bad_row_breaks_exactly_the_rule_that_it_was_made_for(ctx: LoadContext, spec: SourceSpec) -> None:
    """Rules between columns, and faults of reading; the rules of single cells are the expectations' matter."""
    rows = fixture_rows(spec.name, "bad")
    write_extract(spec, rows, Path(ctx.inbox), kind="full")
    (number,) = take_in(ctx, spec, DAY)
    found: dict[int, set[str]] = {i: set() for i in range(1, len(rows) + 1)}
    with ctx.connect() as connection:
        for rule in (rule for rule in spec.rules if rule.severity == "quarantine"):
            broken = connection.execute(
                sql.SQL("select row_id & 4294967295 from raw.{} where {}").format(
                    sql.Identifier(f"{spec.name}__d{number}"),
                    sql.SQL(rule.violation("date '2010-12-31'")),  # type: ignore[arg-type]
                )
            ).fetchall()
            for (row,) in broken:
                found[row].add(rule.id)
        for row, faults in connection.execute(
            sql.SQL("select row_id & 4294967295, faults from raw.{}").format(sql.Identifier(f"{spec.name}__d{number}"))
        ).fetchall():
            found[row].update(faults)
    judged_here = {rule.id for rule in spec.rules} | {f"{c.name}.id" for c in spec.columns}
    expected = {i: {row["expect"]} & judged_here for i, row in enumerate(rows, start=1)}
    assert found == expected
    outcome = accept(ctx, spec, number, Verdict())
    faulty = sum(1 for row in rows if row["expect"].endswith(".id"))
    assert (outcome.rows_quarantined, outcome.rows_accepted) == (faulty, len(rows) - faulty)


def test_no_id_and_no_name_of_a_person_reaches_the_database(ctx: LoadContext) -> None:
    for spec in SPECS.values():
        write_extract(spec, fixture_rows(spec.name, "good"), Path(ctx.inbox))
        assert night(ctx, spec)[0].status == "accepted"
        dump = repr(query(ctx, f"select * from raw.{spec.name}"))
        assert "甲乙" not in dump.replace("**", "")
        assert resident_id("52038119700101001") not in dump
        assert "520381700101100" not in dump
    pseudonyms = query(
        ctx,
        "select lerepcerno from raw.registrations where pripid = 'P001' union select borrower_id from raw.loans "
        "union select person_id from raw.training union select taxpayer from raw.tax_local where taxpayer_check = 'ok'",
    )
    assert len(pseudonyms) == 1 and len(pseudonyms[0][0]) == 64
    kept = (
        "select lerep, entname, lerepcerno_check, lerepcerno_birth_year, lerepcerno_sex, lerepcerno_region from raw.registrations"
    )
    assert query(ctx, f"{kept} where pripid in ('P001', 'P002') order by pripid") == [
        ("欧阳**", "赤水市欧阳**副食店", "ok", "1970", "1", "520381"),
        ("王**", "赤水竹艺有限公司", "ok", "1970", "2", "520381"),
    ]
    assert query(ctx, "select name from raw.tax_national order by row_id") == [("赤水竹艺有限公司",), ("欧阳**",), ("**店",)]


def good(count: int, first: int = 1) -> Rows:
    """Registrations with different keys."""
    row = fixture_rows("registrations", "good")[0]
    return [row | {"PRIPID": f"N{number}"} for number in range(first, first + count)]


REG = SPECS["registrations"]


def test_failing_rows_go_into_quarantine_and_a_later_delivery_settles_them(ctx: LoadContext) -> None:
    first = DAY - timedelta(days=1)
    write_extract(REG, good(4), Path(ctx.inbox), day=first)
    (number,) = take_in(ctx, REG, first)
    with ctx.connect() as connection:
        connection.execute(f"create table raw.registrations__d{number}__failures (row_id bigint, reasons text[])")
        connection.execute(
            f"insert into raw.registrations__d{number}__failures values (({number}::bigint << 32) + 2, '{{regno.regno}}'), "
            f"(({number}::bigint << 32) + 3, '{{dom.text,regno.regno}}')"
        )
    outcome = accept(ctx, REG, number, Verdict(warnings=3))
    assert (outcome.rows_in_file, outcome.rows_accepted, outcome.rows_quarantined, outcome.warnings) == (4, 2, 2, 3)
    assert query(ctx, "select key, reasons, settled_by from quarantine.registrations order by row_id") == [
        (["N2"], ["regno.regno"], None),
        (["N3"], ["dom.text", "regno.regno"], None),
    ]
    assert query(ctx, "select pripid from raw.registrations order by row_id") == [("N1",), ("N4",)]
    assert query(ctx, "select to_regclass('raw.registrations__d1__failures')") == [(None,)]
    write_extract(REG, good(1, first=2), Path(ctx.inbox), kind="delta")
    (settling,) = night(ctx, REG)
    assert query(ctx, "select key, settled_by from quarantine.registrations order by row_id") == [
        (["N2"], settling.delivery_id),
        (["N3"], None),
    ]


def test_a_higher_sequence_replaces_whenever_it_comes(ctx: LoadContext) -> None:
    write_extract(REG, good(2), Path(ctx.inbox), sequence=2)
    assert night(ctx, REG)[0].status == "accepted"
    write_extract(REG, good(3), Path(ctx.inbox), sequence=1)
    assert night(ctx, REG)[0].status == "replaced"
    write_extract(REG, good(1), Path(ctx.inbox), sequence=3)
    assert night(ctx, REG)[0].status == "accepted"
    assert [status for _, status in statuses(ctx)] == ["replaced", "replaced", "accepted"]


def test_other_bytes_under_an_accepted_name_are_a_conflict_and_the_same_bytes_nothing(ctx: LoadContext) -> None:
    path = write_extract(REG, good(2), Path(ctx.inbox))
    night(ctx, REG)
    path.touch()
    assert night(ctx, REG) == []
    write_extract(REG, good(3), Path(ctx.inbox))
    assert night(ctx, REG) == []
    assert night(ctx, REG) == []
    assert [status for _, status in statuses(ctx)] == ["accepted", "duplicate", "conflict"]
    assert query(ctx, "select count(*) from raw.registrations") == [(2,)]


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"rows": 3}, "manifest.rows"),
        ({"sha256": "0" * 64}, "manifest.sha256"),
        ({"totals": {"REGCAP": "7.01"}}, "manifest.totals"),
        ({"totals": {"PRIPID": "1"}}, "manifest.totals"),
        ({"totals": {"REGCAP": 7}}, "manifest.unreadable"),
        ({"source": "loans"}, "manifest.name"),
        ({"region": "520382"}, "manifest.name"),
        ({"business_date": "2010-12-30"}, "manifest.name"),
        ({"sequence": 2}, "manifest.name"),
        ({"department": "hrss"}, "manifest.name"),
        ({"kind": "all"}, "manifest.unreadable"),
        ({"comment": "x"}, "manifest.unreadable"),
    ],
)
def test_a_manifest_that_does_not_agree_refuses_once_and_a_right_one_is_taken(
    ctx: LoadContext, changed: dict[str, Any], rule: str
) -> None:
    write_extract(REG, good(2), Path(ctx.inbox), changed=changed)
    assert night(ctx, REG) == []
    assert night(ctx, REG) == []
    ((status, reason, rows),) = query(ctx, "select status, reason, rows_in_file from ledger.delivery")
    assert (status, rows) == ("refused", None)
    assert reason.startswith(rule)
    write_extract(REG, good(2), Path(ctx.inbox), totals={"REGCAP": "7"})
    assert night(ctx, REG)[0].status == "accepted"


def test_a_refused_delivery_leaves_no_table_and_can_come_again(ctx: LoadContext) -> None:
    write_extract(REG, good(2), Path(ctx.inbox))
    (outcome,) = night(ctx, REG, verdict=Verdict(refusals=(Refusal("delivery.share", "town", "too many unknown"),)))
    assert (outcome.status, outcome.reason) == ("refused", "delivery.share at town: too many unknown")
    assert query(ctx, "select tablename from pg_tables where schemaname = 'raw' and tablename like '%\\_\\_d%'") == []


def test_waiting_incomplete_foreign_future_and_linked_files_are_told_apart(ctx: LoadContext, tmp_path: Path) -> None:
    inbox = Path(ctx.inbox)
    waiting = write_extract(REG, good(1), inbox, sequence=1)
    waiting.with_suffix(".manifest.json").rename(tmp_path / "held.json")
    write_extract(REG, good(1), inbox, sequence=2).unlink()
    write_extract(REG, good(1), inbox, day=ctx.today + timedelta(days=1))
    odd = write_extract(REG, good(1), inbox, sequence=3)
    odd.rename(odd.with_name("registrations_520381_20101331_03.csv"))
    odd.with_suffix(".manifest.json").rename(odd.with_name("registrations_520381_20101331_03.manifest.json"))
    target = write_extract(REG, good(1), inbox, sequence=4)
    target.rename(tmp_path / "elsewhere.csv")
    target.symlink_to(tmp_path / "elsewhere.csv")
    assert night(ctx, REG) == []
    found = {
        name.removeprefix("registrations_520381_"): (status, reason)
        for name, status, reason in query(ctx, "select file_name, status, reason from ledger.delivery")
    }
    assert {name: status for name, (status, _) in found.items()} == {
        "20101231_01.csv": "waiting",
        "20101231_02.csv": "incomplete",
        "20101231_04.csv": "refused",
        "20101331_03.csv": "refused",
        "20110102_01.csv": "refused",
    }
    assert found["20101331_03.csv"][1].startswith("file.name at")
    assert found["20101231_04.csv"][1].startswith("file.link at")
    assert found["20110102_01.csv"][1].startswith("file.future_date at")
    (tmp_path / "held.json").rename(waiting.with_suffix(".manifest.json"))
    assert [outcome.delivery_id for outcome in night(ctx, REG)] == [
        number for (number,) in query(ctx, f"select delivery_id from ledger.delivery where file_name = '{waiting.name}'")
    ]


def test_a_load_that_was_cut_off_is_done_again_and_a_whole_one_is_not(ctx: LoadContext) -> None:
    write_extract(REG, good(3), Path(ctx.inbox))
    assert take_in(ctx, REG, DAY) == take_in(ctx, REG, DAY) == [1]
    with ctx.connect() as connection, connection.transaction():
        ledger.update(connection, 1, {"rows_in_file": None})
        connection.execute("delete from raw.registrations__d1")
    assert take_in(ctx, REG, DAY) == [1]
    assert accept(ctx, REG, 1, Verdict()).rows_accepted == 3
    assert accept(ctx, REG, 1, Verdict()).status == "accepted"


def test_another_key_stops_the_load(ctx: LoadContext) -> None:
    write_extract(REG, good(1), Path(ctx.inbox))
    other = LoadContext(ctx.conninfo, ctx.archive, ctx.inbox, ctx.region, b"another key", ctx.today)
    with pytest.raises(KeyMissing):
        take_in(other, REG, DAY)
    assert statuses(ctx) == []


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 3))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_in_a_file_are_rows_accepted_and_rows_quarantined(ctx: LoadContext, fails: list[bool], short: int) -> None:
    day = query(ctx, "select date '2010-01-01' + coalesce(max(delivery_id), 0) from ledger.delivery")[0][0]
    path = write_extract(REG, good(len(fails)), Path(ctx.inbox), day=day)
    with path.open("ab") as file:
        file.write(b"too,short\r\n" * short)
    write_manifest(REG, path, day, 1, "delta", len(fails) + short, {}, {})
    (number,) = take_in(ctx, REG, DAY)
    with ctx.connect() as connection:
        connection.execute(f"create table raw.registrations__d{number}__failures (row_id bigint, reasons text[])")
        for row in (i for i, bad in enumerate(fails, start=1) if bad):
            connection.execute(f"insert into raw.registrations__d{number}__failures values (%s, '{{x}}')", [row_id(number, row)])
    outcome = accept(ctx, REG, number, Verdict())
    assert outcome.rows_in_file == len(fails) + short
    assert outcome.rows_quarantined == sum(fails) + short
    assert outcome.rows_accepted == len(fails) - sum(fails)
    counted = f"select (select count(*) from raw.registrations where delivery_id = {number}), count(*) "
    assert query(ctx, f"{counted} from quarantine.registrations where delivery_id = {number}") == [
        (outcome.rows_accepted, outcome.rows_quarantined)
    ]
    unreadable = f"select count(*) from quarantine.registrations where delivery_id = {number} and key is null"
    assert query(ctx, unreadable) == [(short,)]


def test_a_replaced_delivery_settles_its_quarantine(ctx: LoadContext) -> None:
    bad = [row | {"LEREPCERNO": "x"} for row in good(2)]
    write_extract(REG, bad, Path(ctx.inbox))
    assert night(ctx, REG)[0].rows_quarantined == 2
    write_extract(REG, good(1), Path(ctx.inbox), sequence=2)
    (second,) = night(ctx, REG)
    assert query(ctx, "select distinct settled_by from quarantine.registrations") == [(second.delivery_id,)]
