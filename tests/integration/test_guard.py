"""Figures that cannot be right are not shown: each rule over the marts, broken in a build of a small city."""

from __future__ import annotations

import psycopg
import pytest

from tests.integration.nights import LAST, City, quiet_build, rows
from warehouse import build as build_module
from warehouse.errors import BureauError
from warehouse.guard import RULES
from warehouse.services import postgres
from warehouse.settings import Settings

pytestmark = pytest.mark.integration
OF = "build_id = %s and breakdown_type = 'total'"
BREAKS = {
    "net_identity": f"update evidence.indicator_value set numerator = numerator + 1 where {OF} and indicator = 'ENT_NET'",
    "city_is_towns": f"update evidence.indicator_value set numerator = numerator + 1 where {OF} and indicator = 'LOAN_ISS_N' "
    "and geography = '520381'",
    "universe": f"delete from evidence.indicator_value where {OF} and indicator = 'ENT_NEW' and geography = '520381001'",
    "share_range": f"update evidence.indicator_value set value = 100.5 where {OF} and indicator = 'SURV_LEGAL_1'",
}


def test_every_build_of_the_city_was_judged_and_held(city: City) -> None:
    found = rows(
        city.after(4),
        "select rule, bool_and(passed), sum(checked) from ledger.build_check inner join ledger.build using (build_id) "
        "where status = 'published' group by rule",
    )
    assert {rule for rule, _, _ in found} == set(RULES)
    assert all(passed and checked > 0 for _, passed, checked in found), found


@pytest.mark.parametrize("rule", BREAKS)
def test_a_build_that_cannot_be_right_is_not_shown(city: City, rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first build, all of it new, is changed behind dbt's back."""
    home = city.from_night(4)
    with psycopg.connect(postgres.conninfo(home), autocommit=True) as connection:
        (last,) = connection.execute("select max(build_id) from ledger.build where status = 'published'").fetchone() or (0,)
        connection.execute("truncate evidence.indicator_value_current")
        connection.execute("update ledger.build set status = 'running' where build_id = %s", [last])
        connection.execute("update evidence.indicator_value set build_id = %s", [last])
        connection.execute(
            "delete from evidence.indicator_value as a using evidence.indicator_value as b where a.ctid < b.ctid and "
            "(a.indicator, a.method_version, a.period, a.geography, a.breakdown_type, a.breakdown) = "
            "(b.indicator, b.method_version, b.period, b.geography, b.breakdown_type, b.breakdown)"
        )
        connection.execute("delete from ledger.build_check")
        assert connection.execute(BREAKS[rule].encode(), [last]).rowcount > 0
        with pytest.raises(BureauError, match=rule):
            build_module.guard(home, connection, last)
        broken = connection.execute("select rule from ledger.build_check where not passed").fetchall()
    assert (rule,) in broken


def test_a_jump_without_postings_keeps_the_build_before_in_sight(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    home: Settings = city.from_night(4)
    shown = rows(home, "select count(*), sum(numerator) from mart.indicator_values")
    compute = build_module._compute

    def wrong(settings: Settings, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        compute(settings, connection)
        connection.execute(
            "insert into evidence.indicator_value select (jsonb_populate_record(v, jsonb_build_object("
            "'build_id', (select max(build_id) from ledger.build), 'numerator', v.numerator + 1000))).* "
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
