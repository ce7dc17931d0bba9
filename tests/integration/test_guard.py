"""Figures that cannot be right are not shown: each rule over the marts, silent on what is right and broken by what is not."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException
from click.testing import CliRunner

from tests.integration.nights import LAST, City, quiet_build, rows
from warehouse import build as build_module
from warehouse import orchestration
from warehouse.build_digest import CELL, FIGURE
from warehouse.cli import LazyGroup
from warehouse.errors import BureauError
from warehouse.guard import RULES, broken_since
from warehouse.guard_counts import ONE_TOWN, counts
from warehouse.night import clock
from warehouse.services import postgres
from warehouse.settings import Settings

pytestmark = pytest.mark.integration
Connection = psycopg.Connection[tuple[Any, ...]]
ONE = (
    "ctid = (select ctid from evidence.indicator_value where build_id = %(build)s and indicator = '{indicator}' "
    "and breakdown_type = 'total' {more} order by period desc, geography limit 1)"
)


def _one(indicator: str, more: str = "") -> str:
    return ONE.format(indicator=indicator, more=more)


def _change(indicator: str, change: str, more: str = "") -> str:
    return f"update evidence.indicator_value set {change} where {_one(indicator, more)}"


MOVED = (
    "ctid = (select v.ctid from evidence.indicator_value as v inner join evidence.indicator_value_current as c "
    f"using ({CELL}) where v.build_id = %(build)s and breakdown_type = 'total' and v.numerator <> c.numerator "
    f"order by {CELL} limit 1)"
)


def _blamed(deliveries: str) -> str:
    """A posting that says another reason: it is taken back, and made again with these deliveries."""
    return (
        "insert into evidence.posting select (jsonb_populate_record(null::evidence.posting, to_jsonb(p) || o.other)).* from "
        "(select * from evidence.posting "
        "where build_id = %(build)s and account = 'entity.birth' and applies_to is null order by unit_id limit 1) as p "
        "cross join lateral (values (jsonb_build_object('weight', -p.weight)), "
        f"(jsonb_build_object('caused_by', {deliveries}))) as o (other)"
    )


BREAKS = {
    "net of the five": ("net_identity", False, _change("ENT_NET", "numerator = numerator + 1")),
    "exits of the five": ("net_identity", False, _change("ENT_EXIT", "numerator = numerator - 1")),
    "a stock": ("stock_identity", False, _change("ENT_STK", "numerator = numerator + 1")),
    "churn": ("stock_identity", True, _change("ENT_CHURN", "numerator = numerator + 1")),
    "a town": ("city_is_towns", False, _change("LOAN_ISS", "numerator = numerator + 0.01", "and geography <> '520381'")),
    "a denominator": ("city_is_towns", True, _change("SURV_ACT_1", "denominator = denominator + 1")),
    "a share": ("share_range", True, _change("SURV_LEGAL_1", "value = 100.5", "and value is not null")),
    "a row less": ("universe", True, f"delete from evidence.indicator_value where {_one('ENT_NEW')}"),
    "a period less": (
        "universe",
        True,
        "delete from evidence.indicator_value where build_id = %(build)s and indicator = 'TRN_N' and period = '2010'",
    ),
    "a unit more": ("jump", False, f"update evidence.indicator_value set numerator = numerator + 1 where {MOVED}"),
    "a figure that stood still": ("jump", False, f"delete from evidence.indicator_value where {MOVED}"),
    "a posting without a reason": ("jump", False, _blamed("'{}'::integer []")),
    "a posting for an old reason": ("jump", False, _blamed("array(select min(delivery_id) from ledger.build_input)")),
}


@pytest.fixture(scope="module")
def home(city: City) -> Settings:
    return city.from_night(4)


@pytest.fixture
def last_build(home: Settings) -> Iterator[tuple[Connection, int]]:
    """The last night's build as it stood before it was shown; whatever is done is undone."""
    with psycopg.connect(postgres.conninfo(home)) as connection:
        (last,) = connection.execute("select max(build_id) from ledger.build where status = 'published'").fetchone() or (0,)
        connection.execute("update ledger.build set status = 'running' where build_id = %s", [last])
        connection.execute("truncate evidence.indicator_value_current")
        connection.execute(
            f"insert into evidence.indicator_value_current ({FIGURE}) select distinct on ({CELL}) "
            f"{FIGURE} from evidence.indicator_value where build_id < %s order by {CELL}, build_id desc".encode(),
            [last],
        )
        yield connection, last
        connection.rollback()


def all_new(connection: Connection, build: int) -> None:
    """As if the build were the warehouse's first: it writes everything, and nothing is published."""
    connection.execute("truncate evidence.indicator_value_current")
    connection.execute(
        f"delete from evidence.indicator_value as a using (select ctid, row_number() over (partition by {CELL} order by build_id "
        "desc) as n from evidence.indicator_value) as b where a.ctid = b.ctid and b.n > 1".encode()
    )
    connection.execute("update evidence.indicator_value set build_id = %s", [build])
    connection.execute("update ledger.build set status = 'failed' where build_id < %s", [build])


def found(home: Settings, connection: Connection, build: int) -> dict[str, tuple[int, int]]:
    return {one.rule: (one.checked, one.failed) for one in counts(home, connection, build)}


def test_every_build_of_the_city_was_judged_and_held(city: City) -> None:
    judged = rows(
        city.after(4),
        "select rule, count(*), bool_and(passed), sum(checked) from ledger.build_check inner join ledger.build using (build_id) "
        "where status = 'published' group by rule",
    )
    assert {rule for rule, *_ in judged} == set(RULES)
    assert all(builds == 4 and passed and checked > 0 for _, builds, passed, checked in judged), judged


@pytest.mark.parametrize("as_first", [False, pytest.param(True, marks=pytest.mark.long)], ids=["night", "first"])
def test_what_is_right_breaks_nothing_and_what_is_wrong_is_found(
    home: Settings, last_build: tuple[Connection, int], as_first: bool
) -> None:
    connection, build = last_build
    if as_first:
        all_new(connection, build)
    right = found(home, connection, build)
    assert all(failed == 0 for _, failed in right.values()), right
    least = {"jump": 100, "net_identity": 10, "stock_identity": 30, "city_is_towns": 100}
    if as_first:
        least = {"universe": 10_000, "city_is_towns": 10_000, "stock_identity": 10_000}
    assert all(right[rule][0] > count for rule, count in least.items()), right
    for what, (rule, of_first, statement) in BREAKS.items():
        if of_first is as_first:
            with connection.transaction(force_rollback=True):
                assert connection.execute(statement.encode(), {"build": build}).rowcount > 0, what
                assert next(one.failed for one in counts(home, connection, build) if one.rule == rule) > 0, what


def test_a_new_town_has_every_period(home: Settings, last_build: tuple[Connection, int]) -> None:
    connection, build = last_build
    town = "geography = '520381001'"
    connection.execute(
        f"insert into evidence.indicator_value ({FIGURE}) select {FIGURE.replace('build_id', '%(build)s::integer')} "
        f"from evidence.indicator_value_current where {town} and ({CELL}) not in "
        f"(select {CELL} from evidence.indicator_value where build_id = %(build)s)".encode(),
        {"build": build},
    )
    connection.execute(f"delete from evidence.indicator_value_current where {town}".encode())
    checked, failed = found(home, connection, build)["universe"]
    assert checked > 500 and failed == 0
    row = f"ctid = (select ctid from evidence.indicator_value where {town} and build_id = %s limit 1)"
    connection.execute(f"delete from evidence.indicator_value where {row}".encode(), [build])
    assert found(home, connection, build)["universe"] == (checked, 1)


def test_what_comes_after_builds_without_a_delivery_explains_itself(home: Settings, last_build: tuple[Connection, int]) -> None:
    connection, build = last_build
    connection.execute("delete from ledger.build_input where build_id < %s", [build])
    checked, failed = found(home, connection, build)["jump"]
    assert checked > 100 and failed == 0


def test_the_task_is_red_at_once_and_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same rows come to the same figures: Airflow does not try again. The pages of the checks show it."""
    refreshed: list[Settings] = []

    def broken(settings: Settings, day: date) -> int:
        raise BureauError("build.guard", rules="jump (1 of 5)")

    monkeypatch.setenv("BUREAU_HOME", str(tmp_path))
    monkeypatch.setenv("BUREAU_LANG", "zh")
    monkeypatch.setattr(build_module, "build", broken)
    monkeypatch.setattr(orchestration, "_refresh_pages", lambda settings, log: refreshed.append(settings))
    run = SimpleNamespace(conf={"business_date": "2010-12-31"}, data_interval_end=None, run_after=datetime.now(UTC))
    with pytest.raises(AirflowFailException, match=r"此前发布的结果保持不变。未通过：jump"):
        orchestration.Build(task_id="build").execute({"dag_run": run})
    assert len(refreshed) == 1


def test_accounts_that_add_up_over_towns_have_no_postings_for_one_scope(city: City) -> None:
    scoped = rows(
        city.after(4),
        "select distinct account from evidence.posting where geo_scope is not null or geography = '520381'",
    )
    assert scoped and not [account for (account,) in scoped if account.startswith(ONE_TOWN)], scoped


def test_a_jump_without_postings_keeps_the_build_before_in_sight(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    home: Settings = city.from_night(4)
    shown = rows(home, "select count(*), sum(numerator) from mart.indicator_values")
    since = clock(home)

    def wrong(settings: Settings, connection: Connection) -> None:
        """In the place of dbt, which would find nothing new: one figure moves by itself."""
        connection.execute(
            "insert into evidence.indicator_value select (jsonb_populate_record(v, jsonb_build_object("
            "'build_id', (select max(build_id) from ledger.build), 'numerator', v.numerator + 1))).* "
            "from evidence.indicator_value as v inner join evidence.indicator_value_current as c "
            "using (indicator, method_version, period, geography, breakdown_type, breakdown, build_id) "
            "where indicator = 'TRN_N' and geography = '520381' and breakdown_type = 'total' and period = '2010'"
        )

    monkeypatch.setattr(build_module, "_compute", wrong)
    with pytest.raises(BureauError, match="jump"):
        quiet_build(home, LAST)
    assert rows(home, "select count(*), sum(numerator) from mart.indicator_values") == shown
    (last,) = rows(home, "select status, message from ledger.build order by build_id desc limit 1")
    assert last[0] == "failed" and "jump (1 of 1)" in last[1]
    assert [(one.rule, one.failed) for one in broken_since(home, since)] == [("jump", 1)]
    told = CliRunner(env={**os.environ, "BUREAU_HOME": str(home.home), "BUREAU_LANG": "zh"}).invoke(
        LazyGroup("bureau"), ["checks", "--figures"]
    )
    assert "未发布" in told.output and "此后分录的变动" in told.output

    monkeypatch.setattr(build_module, "_compute", lambda settings, connection: None)
    quiet_build(home, LAST)
    assert rows(home, "select count(*), sum(numerator) from mart.indicator_values") == shown
    said = CliRunner(env={**os.environ, "BUREAU_HOME": str(home.home)}).invoke(
        LazyGroup("bureau"), ["checks", "--figures", "--format", "json"]
    )
    assert [(one["rule"], one["passed"]) for one in json.loads(said.output)] == [(rule, True) for rule in sorted(RULES)]
