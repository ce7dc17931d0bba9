"""The list of towns changes between two nights: one town becomes another, one ends without a successor.

Units are counted under the list in force at K (ledger rule "Geography"); what was shown under the list before stays as it was.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from tests.integration.nights import City, disagreements, figures, play, rows
from tests.reference import figures as reference
from tests.reference.cells import towns
from warehouse import build, dbt
from warehouse.errors import BureauError
from warehouse.proof import prove
from warehouse.releases.create import Wanted, create
from warehouse.releases.register import decide
from warehouse.releases.verify import verify
from warehouse.services import postgres
from warehouse.settings import Settings
from warehouse.trace import trace
from warehouse.why import vintage, why

pytestmark = pytest.mark.integration
BECAME, NEW, ENDED, UNKNOWN = "520381200", "520381109", "520381201", "520381999"
FORGOTTEN, WRONG, STANDS = "520381202", "520381203", "520381101"
BEFORE, AFTER = date(2010, 12, 30), date(2010, 12, 31)


@pytest.fixture(scope="module")
def nights(city: City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Path]]:
    """After the third night, of which there is a release, the seed says another list; then the fourth night."""
    settings = city.from_night(3)
    with psycopg.connect(postgres.conninfo(settings, role="bureau_owner"), autocommit=True) as connection:
        decide(connection, create(settings, Wanted("under the list before")).release_id, True, "somebody")
    project = tmp_path_factory.mktemp("project") / "dbt_project"
    shutil.copytree(dbt.DBT_PROJECT, project)
    relist(project, {BECAME: ("", BEFORE, NEW), ENDED: ("", BEFORE, ""), NEW: (AFTER, "", "")})
    inbox = city.inbox(4, tmp_path_factory.mktemp("inbox"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbt, "DBT_PROJECT", project)
        play(settings, AFTER, inbox)
        yield settings, inbox


def relist(project: Path, changes: dict[str, tuple[object, object, str]]) -> None:
    """First day, last day and successor of towns, in the project's seed."""
    seed = project / "seeds" / "geography.csv"
    with seed.open(encoding="utf-8", newline="") as lines:
        rows = [row[:5] + [str(one) for one in changes.get(row[0], row[5:])] for row in csv.reader(lines)]
    with seed.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines, lineterminator="\n").writerows(rows)


def expect(patch: pytest.MonkeyPatch, successors: dict[str, str]) -> set[str]:
    """Have brute force count under such a list; its towns."""
    listed = {town: name for town, name in towns("520381", AFTER).items() if town not in successors} | {NEW: ""}
    patch.setattr(reference, "towns", lambda region, day: listed)
    patch.setattr(reference, "successors", lambda region, day: successors)
    return {*listed}


def test_every_figure_is_what_the_files_come_to(nights: tuple[Settings, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    settings, inbox = nights
    listed = expect(monkeypatch, {BECAME: NEW, ENDED: UNKNOWN})
    assert disagreements(settings, inbox, AFTER) == []
    shown = rows(settings, "select distinct geography, geography_vintage from mart.indicator_values")
    assert {town for town, _ in shown} == {"520381", *listed} and {name for _, name in shown} == {AFTER.isoformat()}
    assert rows(settings, "select sum(numerator) > 0 from mart.indicator_values where geography = %s", [NEW]) == [(True,)]


def test_what_was_shown_before_stays(city: City, nights: tuple[Settings, Path]) -> None:
    """As of the build and as of the release, towns of the list before included."""
    settings, _ = nights
    compared = "indicator, period, geography, geography_vintage, breakdown_type, breakdown, value, numerator, denominator"
    then = {*rows(city.after(3), f"select {compared} from mart.indicator_values")}
    as_of = "select {} from mart.indicator_values_as_of({}) as v"
    assert {*rows(settings, as_of.format(compared, 3))} == then
    assert {*rows(settings, as_of.format("geography", 4))} == {*rows(settings, "select geography from mart.indicator_values")}
    found = verify(settings, 1, recompute=False)
    assert found.findings == ()


def test_a_proof_comes_to_the_same(nights: tuple[Settings, Path]) -> None:
    proof = prove(nights[0])
    assert (proof.holds, proof.posting_differences, proof.figure_differences) == (True, 0, 0), proof.examples


def test_why_and_trace_of_a_town_that_another_became(nights: tuple[Settings, Path]) -> None:
    """Nothing was known of the new town before; the unknown town has what had no successor."""
    settings, _ = nights
    old, new = vintage(settings, "R1"), vintage(settings, "B4")
    for missing in (NEW, BECAME):
        with pytest.raises(BureauError) as caught:
            why(settings, "ENT_STK", "2010-11", old, new, geography=missing)
        assert caught.value.key == "why.not_yet"
    found = why(settings, "ENT_STK", "2010-11", old, new, geography=UNKNOWN)
    (moved,) = [one for one in found.causes if one.cause == "boundary"]
    assert moved.numerator > 0 and moved.delivery is None
    assert "unexplained" not in {one.cause for one in found.causes}
    assert sum((one.numerator for one in found.causes), Decimal(0)) == (found.new.numerator or 0) - (found.old.numerator or 0)
    traced = trace(settings, "ENT_STK", "2010-11", geography=NEW)
    assert traced.numerator.sum == traced.figure.value and traced.numerator.unit_count > 1


def test_a_release_loses_the_towns_that_have_ended_and_no_other(nights: tuple[Settings, Path]) -> None:
    settings, _ = nights
    made = create(settings, Wanted("under the new list", reason="a test's city moves a lot"))
    frozen = "select distinct geography from release.figure where release_id = %s and geography = any(%s)"
    assert rows(settings, frozen, [made.release_id, [BECAME, ENDED, NEW]]) == [(NEW,)]


def test_the_night_after_is_a_night_like_any_other(nights: tuple[Settings, Path]) -> None:
    """Every unit was looked at once; then the list is the same again."""
    settings, inbox = nights
    before = figures(settings)
    play(settings, date(2011, 1, 4), inbox)
    assert rows(settings, "select 2 * (select count(*) from register.touched) < count(*) from register.unit") == [(True,)]
    assert {line for line in before if "2010-11" in line} <= figures(settings)


@pytest.mark.long
def test_a_line_that_was_forgotten_is_mended(nights: tuple[Settings, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The list has the same newest day as before, yet another town is found to have ended: into one that stands. The warehouse
    comes from before towns were mapped."""
    settings, inbox = nights
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as connection:
        connection.execute("delete from register.town_in_force")
    relist(dbt.DBT_PROJECT, {FORGOTTEN: ("", BEFORE, STANDS)})
    day = date(2011, 1, 5)
    play(settings, day, inbox)
    listed = expect(monkeypatch, {BECAME: NEW, ENDED: UNKNOWN, FORGOTTEN: STANDS})
    assert disagreements(settings, inbox, day) == []
    assert {town for (town,) in rows(settings, "select distinct geography from mart.indicator_values")} == {"520381", *listed}


@pytest.mark.long
def test_a_build_that_fails_under_another_list_is_undone(nights: tuple[Settings, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The register was moved already; with the list put back, the next build moves it back."""
    settings, inbox = nights
    before, day = figures(settings), date(2011, 1, 6)
    relist(dbt.DBT_PROJECT, {WRONG: ("", BEFORE, STANDS)})
    with monkeypatch.context() as patch, pytest.raises(BureauError):
        patch.setattr(build, "guard", broken)
        play(settings, day, inbox)
    assert rows(settings, "select count(*) from register.reg_entity where town = %s", [WRONG]) == [(0,)]
    relist(dbt.DBT_PROJECT, {WRONG: ("", "", "")})
    play(settings, day, inbox)
    assert rows(settings, "select count(*) > 1 from register.reg_entity where town = %s", [WRONG]) == [(True,)]
    assert {line for line in before if "2010-11" in line} <= figures(settings)
    expect(monkeypatch, {BECAME: NEW, ENDED: UNKNOWN, FORGOTTEN: STANDS})
    assert disagreements(settings, inbox, day) == []


def broken(*_: object) -> None:
    raise BureauError("build.guard", rules="city_is_towns (1 of 1)")
