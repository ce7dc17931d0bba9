"""Releases of a small city: frozen, chained, approved, compared, explained, and proven again from the files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from tests.integration.nights import City, rows
from tests.integration.reading import only_reading
from warehouse.build_digest import build_digest
from warehouse.errors import BureauError
from warehouse.figure import CELL, COLUMNS
from warehouse.query import ask
from warehouse.releases.create import Wanted, create
from warehouse.releases.moves import listed, moves_of
from warehouse.releases.register import Release, decide, find_release
from warehouse.releases.stored import build_findings
from warehouse.releases.verify import verify
from warehouse.revisions import triangle
from warehouse.services import postgres
from warehouse.settings import Settings
from warehouse.sheet.read import sheet
from warehouse.trace import trace
from warehouse.why import ORDER, vintage, why

pytestmark = pytest.mark.integration
FIRST, LAST = 1, 4  # builds of the city's nights


@pytest.fixture(scope="module")
def settings(city: City) -> Settings:
    return city.from_night(LAST)


@pytest.fixture(scope="module")
def released(settings: Settings) -> list[Release]:
    """A release of the first night, approved; one of the last, which follows it."""
    first = create(settings, Wanted("first", FIRST))
    with owner(settings) as connection:
        decide(connection, first.release_id, True, "somebody")
    second = create(settings, Wanted("second", LAST, reason="a test's city moves a lot in three nights"))
    return [first, second]


@contextmanager
def owner(settings: Settings) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(postgres.conninfo(settings, role="bureau_owner"), autocommit=True) as connection:
        yield connection


def test_figures_are_those_of_the_build(settings: Settings, released: list[Release]) -> None:
    compared = (
        "indicator, method_version, period, geography, breakdown_type, breakdown, value, numerator, denominator, unit_count"
    )
    for release in released:
        frozen = f"select {compared} from release.figure where release_id = {release.release_id}"
        shown = f"select {compared} from mart.indicator_values_as_of({release.build_id})"
        assert rows(settings, f"select count(*) from (({frozen} except {shown}) union all ({shown} except {frozen})) as d") == [
            (0,)
        ]
        assert release.figures == rows(settings, f"select count(*) from ({frozen}) as f")[0][0] > 0
    last = f"select count(*) from (select {compared} from mart.indicator_values except select {compared} from release.figure"
    assert rows(settings, f"{last} where release_id = 2) as d") == [(0,)]


def test_what_changed_since_the_published_release_is_revised(settings: Settings, released: list[Release]) -> None:
    """In mart against the release that people see, the first; in the second release against the same. Final ones are never."""
    counted = """
        select v.status, f.status, count(*)
        from mart.indicator_values as v
        inner join release.figure as f using (indicator, method_version, period, geography, breakdown_type, breakdown)
        where f.release_id = 2
        group by 1, 2
    """
    found = {(in_mart, in_release): count for in_mart, in_release, count in rows(settings, counted)}
    assert found.keys() == {("P", "P"), ("R", "R"), ("F", "F")} and found["R", "R"] < found["P", "P"]


def test_only_an_approved_release_is_seen(settings: Settings, released: list[Release]) -> None:
    assert ask(settings, "select release_id from release.published").rows == [(1,)]
    assert ask(settings, "select distinct release_id from release.published_figure").rows == [(1,)]
    with pytest.raises(BureauError, match="permission"):
        ask(settings, "select * from release.figure")
    with owner(settings) as connection:
        assert find_release(connection, 2).state == "waiting"
        with pytest.raises(BureauError):
            decide(connection, 1, False, "somebody else")


@pytest.mark.parametrize("table", ["release", "decision", "figure"])
@pytest.mark.parametrize(
    "change", ["delete from release.{}", "truncate release.{} cascade", "update release.{} set release_id = 9"]
)
def test_a_release_never_changes(settings: Settings, released: list[Release], table: str, change: str) -> None:
    with owner(settings) as connection, pytest.raises(psycopg.errors.RaiseException, match="never changes"):
        connection.execute(change.format(table).encode())


def test_a_release_that_loses_or_moves_figures_is_stopped(settings: Settings, released: list[Release]) -> None:
    second = released[1]
    with owner(settings) as connection:
        decide(connection, second.release_id, True, "somebody")
    with pytest.raises(BureauError) as lost:
        create(settings, Wanted("back", FIRST))  # an earlier build lacks what came later
    assert lost.value.key in ("release.lost", "release.moved") and "→" in lost.value.text("en")
    with pytest.raises(BureauError, match="reason"):
        create(settings, Wanted("a correction", corrects=1))
    with pytest.raises(BureauError) as early:
        create(settings, Wanted("the year before its end", FIRST, period="2010"))
    assert early.value.key == "release.not_over"


def test_what_moved_since_the_release_before_is_listed(settings: Settings, released: list[Release]) -> None:
    """For who approves, where a reason was given; worked out again figure by figure."""
    kept = "select indicator, period, geography, value, unit_count from release.figure where breakdown = 'total' and release_id ="
    old, new = ({one[:3]: one[3:] for one in rows(settings, f"{kept} {number}") if one[3] is not None} for number in (1, 2))
    both = [(was, new[cell][0], units) for cell, (was, units) in old.items()]
    far = {(was, now) for was, now, units in both if units >= 30 and abs(now - was) * 200 > max(was, 1)}
    with owner(settings) as connection:
        moved = moves_of(connection, released[1], Decimal("0.5"))
        assert far and {(one.old, one.new) for one in moved} == far
        assert moves_of(connection, released[1], Decimal(10**9)) == [] and moves_of(connection, released[0], Decimal(0)) == []
    assert listed(moved, "- ", most=1).startswith(f"- {moved[0].figure}: ")


def test_as_of_gives_what_was_seen_then(settings: Settings, released: list[Release]) -> None:
    """Every figure of a release with its status; a build's before any release spoke of it."""
    cell = "indicator = 'ENT_STK' and period = '2010-11' and geography = '520381' and breakdown = 'total'"
    for release in released:
        frozen = rows(settings, f"select value from release.figure where release_id = {release.release_id} and {cell}")
        build = vintage(settings, f"B{release.build_id}")
        assert ask(settings, f"select value from indicator_values where {cell}", as_of=build).rows == frozen
        told = f"select {', '.join(COLUMNS)} from {{}} order by {', '.join(CELL)}"
        as_of = ask(settings, told.format("indicator_values"), "bureau_evaluator", vintage(settings, f"R{release.release_id}"))
        assert as_of.rows == rows(settings, told.format(f"release.figure where release_id = {release.release_id}"))
    with pytest.raises(BureauError, match="without mart"):
        ask(settings, "select 1 from mart.indicator_values", as_of=vintage(settings, f"B{FIRST}"))


def test_causes_add_up_to_every_difference(settings: Settings, released: list[Release]) -> None:
    changed = rows(
        settings,
        """
        select o.indicator, o.period, o.geography, o.breakdown_type, o.breakdown
        from release.figure as o
        inner join release.figure as n using (indicator, method_version, period, geography, breakdown_type, breakdown)
        where o.release_id = 1 and n.release_id = 2
            and (o.numerator, o.denominator) is distinct from (n.numerator, n.denominator)
            and o.availability = 'ok' and n.availability = 'ok'
        order by md5(concat(o.indicator, o.period, o.geography, o.breakdown)) limit 60
        """,
    )
    assert len({row[0] for row in changed}) > 3
    old, new = vintage(settings, "R1"), vintage(settings, "B4")
    seen = set()
    for indicator, period, geography, kind, member in changed:
        found = why(settings, indicator, period, old, new, geography=geography, breakdown=f"{kind}={member}")
        assert found.old.value is not None and found.new.value is not None
        assert sum((one.value or Decimal(0) for one in found.causes), Decimal(0)) == found.new.value - found.old.value
        assert [ORDER.index(one.cause) for one in found.causes] == sorted(ORDER.index(one.cause) for one in found.causes)
        seen |= {one.cause for one in found.causes}
    assert "unexplained" not in seen and len(seen) > 1


def test_a_figure_of_a_release_opens_and_adds_up(settings: Settings, released: list[Release]) -> None:
    cells = rows(
        settings,
        "select indicator, period, geography, breakdown_type, breakdown, numerator from release.figure where release_id = 1 "
        "and unit_count > 0 order by md5(concat(indicator, period, geography, breakdown)) limit 12",
    )
    for indicator, period, geography, kind, member, numerator in cells:
        found = trace(settings, indicator, period, geography=geography, breakdown=f"{kind}={member}", limit=None, release_id=1)
        assert found.figure.numerator == numerator == found.numerator.sum


def test_what_an_evaluator_asks_of_releases_only_reads(settings: Settings, released: list[Release]) -> None:
    with only_reading(settings) as roles:
        assert verify(settings, 2, recompute=False).findings == ()
        assert triangle(settings, "ENT_STK", grain="M").releases[0].release_id == 1
        assert sheet(settings, "ENT_STK", "2010-11", release_id=1).figure.build_id == FIRST
        assert why(settings, "ENT_STK", "2010-11", vintage(settings, "R1"), vintage(settings, "R2")).old.build_id == FIRST
    assert roles == {"bureau_evaluator", "bureau_analyst"}


EMPTY = 3000


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_every_figure_of_a_release_adds_up_from_its_units(settings: Settings, released: list[Release]) -> None:
    """All that have units or amounts, and many of those that have none."""
    release = released[1]
    with psycopg.connect(postgres.conninfo(settings, role="bureau_evaluator"), autocommit=True) as evaluator:
        evaluator.execute(
            "create temp table asked as select *, "
            "unit_count > 0 or coalesce(numerator, 0) <> 0 or coalesce(denominator, 0) <> 0 as has_some "
            "from release.figure where release_id = %s",
            [release.release_id],
        )
        evaluator.execute(
            f"""
            create temp table traced as
            select a.*, n.role, n.total
            from (
                select * from asked where has_some
                union all
                (select * from asked where not has_some order by md5(concat(number)) limit {EMPTY})
            ) as a
            cross join lateral mart.trace_total(
                a.indicator, a.period, a.geography, a.breakdown_type, a.breakdown, {release.build_id}
            ) as n
            """.encode()
        )
        differing = evaluator.execute(
            "select indicator, period, geography, breakdown_type, breakdown, role, numerator, denominator, total from traced "
            "where total <> coalesce(case role when 'numerator' then numerator else denominator end, 0)"
        ).fetchall()
        counted = evaluator.execute(
            "select count(distinct number) filter (where has_some), (select count(*) from asked where has_some), "
            "count(distinct number) filter (where not has_some) from traced"
        ).fetchone()
    assert differing[:5] == []
    assert counted is not None and counted[0] == counted[1] and counted[0] > 10_000 and counted[2] == EMPTY


def test_a_release_is_proven_from_the_files(settings: Settings, released: list[Release]) -> None:
    found = verify(settings, released[1].release_id)
    assert found.findings == () and found.recomputed == found.figures and found.files > 10


@pytest.fixture
def forged(settings: Settings) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection that may do what nobody may: triggers do not stop it."""
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        yield connection


def test_a_build_is_proven_by_the_digest_it_was_published_with(
    settings: Settings, released: list[Release], forged: psycopg.Connection[tuple[object, ...]]
) -> None:
    say = "update ledger.build set digest = %s, digest_method = %s where build_id = %s"
    before = forged.execute("select digest, digest_method from ledger.build where build_id = %s", [LAST]).fetchone()
    assert before is not None
    for method in (1, 2):  # what earlier versions published with
        older = build_digest(forged, LAST, method).whole
        forged.execute(say, [older, method, LAST])
        found = build_findings(forged, LAST)[1]
        forged.execute(say, [older, 3 - method, LAST])
        wrong = build_findings(forged, LAST)[1]
        assert [one.kind for one in found] == [] and [one.kind for one in wrong] == ["build"]
    forged.execute(say, [*before, LAST])
    assert build_findings(forged, LAST)[1] == []
    for change in ("indicator_value set unit_count = unit_count + 1", "posting set weight = weight * 2"):
        with forged.transaction(force_rollback=True):
            forged.execute(f"update evidence.{change} where build_id = {LAST}".encode())
            assert build_digest(forged, LAST).whole != before[0]


def test_whatever_is_forged_is_named(
    settings: Settings, released: list[Release], forged: psycopg.Connection[tuple[object, ...]]
) -> None:
    """The module's last test: what it changes in the database stays."""
    with owner(settings) as connection:
        if find_release(connection, 2).approved is None:
            decide(connection, 2, True, "somebody")
    names = forged.execute(
        "select indicator, period from release.figure where release_id = 2 and number in (7, 100) order by number"
    )
    expected = {("figure", name) for row in names.fetchall() for name in [str(row[0])]}
    forged.execute("update release.figure set value = value + 1 where release_id = 2 and number = 100")
    forged.execute("update release.figure set unit_count = unit_count + 1 where release_id = 2 and number = 7")
    posting = "ctid = (select min(ctid) from evidence.posting__entity_birth where build_id = 1)"
    forged.execute(f"update evidence.posting__entity_birth set weight = weight * 10 where {posting}".encode())
    forged.execute("update ledger.delivery set file_name = 'x' || file_name where delivery_id = 1")
    forged.execute(
        "update ledger.check_result set failed = failed + 1 where delivery_id = 2 and rule = (select min(rule) from "
        "ledger.check_result where delivery_id = 2)"
    )
    forged.execute("update ledger.formula set formula = formula || '{\"scale\": 7}' where indicator = 'ENT_STK'")
    forged.execute("update ledger.build_check set checked = checked + 1 where build_id = 1")
    forged.execute("update release.decision set decided_by = 'somebody else' where release_id = 2")
    shown = forged.execute(
        "update evidence.indicator_value_current set value = value + 1 where ctid = (select min(ctid) from "
        "evidence.indicator_value_current where value is not null) returning indicator, period"
    ).fetchone()
    assert shown is not None
    row = rows(
        settings, "select sha256, file_name from ledger.delivery where status = 'accepted' order by delivery_id desc limit 1"
    )[0]
    path: Path = settings.archive / row[0][:2] / row[0]
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(whole[:-2] + bytes([whole[-2] ^ 1]) + whole[-1:])
    try:
        found = verify(settings, 2)
    finally:
        path.write_bytes(whole)
        path.chmod(0o444)
    said = {(one.kind, one.what) for one in found.findings}
    assert {(kind, what.split()[0]) for kind, what in said if kind == "figure"} == expected
    assert {what.split()[0] for kind, what in said if kind == "evidence"} == {name for _, name in expected}
    assert ("build_part", "build 1: posting entity.birth") in said and ("decision", "release 2") in said
    assert {what.split()[1] for kind, what in said if kind == "seal_delivery"} == {"1"}
    assert {what.split()[1] for kind, what in said if kind == "seal_checks"} == {"2"}
    assert {what for kind, what in said if kind in ("seal_formulas", "seal_guard")} == {"build 1"}
    assert [what.split()[0] for kind, what in said if kind == "shown"] == [shown[0]]
    assert [what for kind, what in said if kind == "archive" and str(row[1]) in what]
    assert {kind for kind, _ in said} == {
        "figure", "evidence", "build_part", "decision", "seal_delivery", "seal_checks", "seal_formulas", "seal_guard",
        "shown", "archive", "inputs"
    }  # fmt: skip
    assert found.recomputed is None  # from a file that is not what it was nothing is computed
