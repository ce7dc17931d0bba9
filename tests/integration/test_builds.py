"""Builds: whatever the order of arrival, whatever broke off between, equal deliveries come to equal figures and postings."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.moved import moved_units
from tests.integration.nights import (
    LAST,
    City,
    arrive,
    balance,
    disagreements,
    figures,
    load,
    play,
    quiet_build,
    rows,
    standard_errors,
)
from tests.reference.files import deliveries
from tests.reference.tiny import deliver
from warehouse.compaction import compact_months
from warehouse.errors import BureauError
from warehouse.services import postgres
from warehouse.settings import PROJECT, Settings

pytestmark = pytest.mark.integration
Row = dict[str, str]


def assert_same(found: Settings, expected: Settings) -> None:
    """The same figures, and the same standing postings of the same lines."""
    assert sorted(figures(found) ^ figures(expected))[:5] == []
    assert sorted(balance(found) ^ balance(expected))[:5] == []
    errors, known = standard_errors(found), standard_errors(expected)
    assert errors.keys() == known.keys()
    assert [cell for cell, error in errors.items() if error != pytest.approx(known[cell], rel=1e-9)] == []


def test_one_build_of_everything_is_four_builds(city: City, tmp_path: Path) -> None:
    """A full recompute: the balance of all postings is what a new warehouse posts at once, cell by cell and line by line."""
    home = city.from_night(0)
    play(home, LAST, city.inbox(4, tmp_path))
    assert_same(home, city.after(4))
    reversals = "select count(*) from evidence.posting where account = 'entity.birth' and weight < 0"
    assert rows(home, reversals) == [(0,)] and rows(city.after(4), reversals) != [(0,)]


def test_compacting_changes_no_figure(city: City, tmp_path: Path) -> None:
    """Three nights' deliveries in one table a source, as if the month were over, and the changes of cells added up, as after many
    nights; the fourth night builds on it."""
    home = city.from_night(3)
    cell = "indicator, method_version, part, geography, breakdown_type, breakdown, grain, month"
    raw = "select tablename from pg_tables where schemaname = 'raw'"
    with psycopg.connect(postgres.conninfo(home), autocommit=True) as connection:
        assert compact_months(connection, home.model_copy(update={"compact_after_months": 0}), date(2011, 1, 1)) > 3
        connection.execute(
            f"insert into evidence.cell_change (build_id, {cell}, amount) select 1 + n, {cell}, 2 * n - 3 "
            "from evidence.cell_change cross join generate_series(1, 2) as n".encode()
        )
    assert {name for (name,) in rows(home, raw)} >= {"registrations__m201012", "employment__m201012"}
    last = play(home, LAST, city.inbox(4, tmp_path))
    assert rows(home, "select distinct build_id from evidence.cell_change order by 1") == [(last - 1,), (last,)]
    assert_same(home, city.after(4))


@pytest.mark.long
def test_deliveries_may_arrive_in_any_order(city: City, tmp_path: Path) -> None:
    """The last night's first, then those of the nights before, the refused and repeated one among them."""
    home = city.from_night(1)
    arrive(city.folder, city.nights[3].business_date, tmp_path)
    play(home, LAST, tmp_path)
    inbox = city.inbox(3, tmp_path)
    play(home, LAST, inbox)
    assert_same(home, city.after(4))
    # later still, what was true at the end of an earlier day: the last day's rows stand, of all others these
    last = next(one for one in deliveries(inbox, "520381") if one.source == "registrations" and one.business_date == LAST)
    others = known(inbox, "registrations", "PRIPID")[:30]
    late = [row | {"TOWN": "520381102", "FOUNDERGROUP": "05"} for row in [*(row for row in last.rows if row), *others]]
    deliver(inbox, "registrations", "20101230", late, "delta", sequence=2)
    play(home, LAST, inbox)
    assert disagreements(home, inbox, LAST)[:5] == []
    assert figures(home) != figures(city.after(4))


def test_a_night_with_nothing_new_changes_nothing(city: City, tmp_path: Path) -> None:
    home = city.from_night(4)
    before = figures(home)
    again = quiet_build(home, LAST)
    saturday = play(home, date(2011, 1, 1), city.inbox(4, tmp_path))
    assert rows(home, "select count(*) from evidence.posting where build_id = %s", [again]) == [(0,)]
    assert rows(home, "select count(*) from evidence.indicator_value where build_id = any(%s)", [[again, saturday]]) == [(0,)]
    # who is insured on the first day of a year is active in that year: posted at once, long before the year has a figure
    new_year = "select distinct account, effective_date >= '2011-01-01' from evidence.posting where build_id = %s"
    assert {day for _, day in rows(home, new_year, [saturday])} <= {True}
    assert figures(home) == before
    with pytest.raises(BureauError) as caught:
        quiet_build(home, LAST)
    assert caught.value.key == "build.before_last"


def test_builds_that_break_off_leave_no_trace(city: City, tmp_path: Path) -> None:
    """Killed before posting, failed after it; the next build is as if nothing had been."""
    home = city.from_night(3)
    load(home, LAST, city.inbox(4, tmp_path))
    kill_at(home, "evidence.posting__entity_birth")
    fail_at(home, "evidence.cell_change")
    assert figures(home) == figures(city.after(3)), "people see the last published build"
    last = quiet_build(home, LAST)
    assert_same(home, city.after(4))
    ended = rows(home, "select status, message from ledger.build where build_id >= %s order by build_id", [last - 2])
    assert [status for status, _ in ended] == ["failed", "failed", "published"]
    assert ended[0][1] == "interrupted" and "cell_change" in ended[1][1]


RELATIONS = (
    "register.changed_delivery", "register.changed_key", "register.touched_before", "register.fold_registrations",
    "register.fold_employment", "register.unit", "register.reg_entity",
    "register.reg_spell", "register.touched", "evidence.posting__founder_present",
    "evidence.cell_change", "evidence.indicator_value", "evidence.indicator_value_current",
)  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("relation", RELATIONS)
def test_a_build_killed_at_any_table(city: City, relation: str, tmp_path: Path) -> None:
    home = city.from_night(3)
    load(home, LAST, city.inbox(4, tmp_path))
    kill_at(home, relation)
    quiet_build(home, LAST)
    assert_same(home, city.after(4))


@pytest.mark.long
def test_what_a_failed_build_had_used_may_be_replaced(city: City, tmp_path: Path) -> None:
    """Entities of the replaced delivery are new, changed and gone; the failed build has already posted for all of them."""
    home = city.from_night(3)
    inbox = city.inbox(4, tmp_path)
    load(home, LAST, inbox)
    fail_at(home, "evidence.indicator_value")
    first = next(one for one in deliveries(inbox, "520381") if one.source == "registrations" and one.business_date == LAST)
    kept = [row for row in first.rows if row][::2]
    deliver(inbox, "registrations", "20101231", [row | {"TOWN": "520381102"} for row in kept], "delta", sequence=2)
    play(home, LAST, inbox)
    assert disagreements(home, inbox, LAST)[:5] == []


def test_changes_touch_all_that_hangs_on_them(city: City, tmp_path: Path) -> None:
    """Replaced deliveries, changed links, full deliveries that leave out and bring back: each build against the brute force."""
    home = city.from_night(4)
    inbox = city.inbox(4, tmp_path)
    entities, spells = known(inbox, "registrations", "PRIPID"), known(inbox, "employment", "AAC001", "AAB001", "AAE030")
    deliver(inbox, "registrations", "20101231", changed_entities(entities, spells), "delta", sequence=2)
    deliver(inbox, "employment", "20101231", changed_spells(spells), "delta", sequence=2)
    touched_by = play(home, LAST, inbox)
    assert disagreements(home, inbox, LAST)[:5] == []
    assert rows(home, "select count(*) > 20 from evidence.posting where build_id = %s and weight < 0", [touched_by]) == [(True,)]
    assert_units_moved_by_the_difference(city.after(4), home, touched_by)

    deliver(inbox, "registrations", "20101231", [row for n, row in enumerate(entities) if n % 7], "full", sequence=3)
    answers, people = known(inbox, "survey", "WAVE", "SAMPLEID"), known(inbox, "population", "YEAR", "GEO")
    deliver(inbox, "survey", "20101231", [row for row in answers if row["WAVE"] == "2010"][::3], sequence=1)
    counts = [row | {"URBANLABOUR": "9999"} for row in people if row["GEO"] != "520381102"]
    deliver(inbox, "population", "20101231", counts, sequence=1)
    play(home, LAST, inbox)
    assert disagreements(home, inbox, LAST)[:5] == []

    deliver(inbox, "registrations", "20101231", entities, "full", sequence=4)
    deliver(inbox, "survey", "20101231", answers, sequence=2)
    deliver(inbox, "population", "20101231", people, sequence=2)
    first = [one for one in deliveries(inbox, "520381") if one.name == "employment_520381_20101231_01.csv"]
    deliver(inbox, "employment", "20101231", [row for row in first[0].rows if row], "delta", sequence=3)
    play(home, LAST, inbox)
    assert figures(home) == figures(city.after(4)), "everything is said again as it was"


def assert_units_moved_by_the_difference(before: Settings, after: Settings, build: int) -> None:
    """Of some changed figures: what the ledger says of each unit adds up to the change."""
    asked = "select indicator, period, geography, breakdown_type, breakdown, numerator, denominator from mart.indicator_values"
    old = {row[:5]: row[5:] for row in rows(before, asked)}
    changed = [row for row in rows(after, asked) if old[row[:5]] != row[5:]]
    with psycopg.connect(postgres.conninfo(after, role="bureau_evaluator"), autocommit=True) as evaluator:
        for row in random.Random(20).sample(changed, 20):
            moved = moved_units(evaluator, row[:5], build - 1, build)
            for place, (now, was) in enumerate(zip(row[5:], old[row[:5]], strict=True)):
                assert sum((one[place] for one in moved.values()), Fraction(0)) == (now or 0) - (was or 0), row


def known(inbox: Path, source: str, *key: str) -> list[Row]:
    """The rows that stand, of those that can be read without the rules: the last of each key, faulty ones left out."""
    found: dict[tuple[str, ...], Row] = {}
    for one in sorted(deliveries(inbox, "520381"), key=lambda one: (one.business_date, one.sequence)):
        if one.source == source and not (one.business_date == date(2010, 12, 30) and source in ("registrations", "employment")):
            found.update({tuple(row[column] for column in key): row for row in one.rows if row})
    return list(found.values())


def changed_entities(entities: list[Row], spells: list[Row]) -> list[Row]:
    """Founders exchanged, towns moved, sectors changed, and of employers of new jobs the registration numbers exchanged."""
    employers = {row["AAB003"] for row in spells if row["ACC032"] == "1" and row["AAB003"]}
    hiring = [row for row in entities if row["REGNO"] in employers]
    assert len(hiring) > 20
    others = [row for row in entities if row["REGNO"] not in employers and row["LEREPCERNO"] and row["ENTTYPE"] == "9500"]
    swapped = [a | {"REGNO": b["REGNO"]} for a, b in zip(hiring[:10], reversed(hiring[:10]), strict=True)]
    doubled = [row | {"REGNO": hiring[12]["REGNO"]} for row in others[:2]]
    founders = [row | {"LEREPCERNO": others[30]["LEREPCERNO"], "LEREP": others[30]["LEREP"]} for row in others[10:14]]
    nameless = [row | {"LEREPCERNO": ""} for row in others[14:17]]
    moved = [row | {"TOWN": "520381204"} for row in [*others[20:25], *hiring[14:17]]]
    sectors = [row | {"ENTTYPE": "1110"} for row in [*others[40:43], *hiring[17:19]]]
    younger = [
        row | {"ESTDATE": "20100601", "CANDATE": "", "REVDATE": "", "INDATE": "", "OUTDATE": "", "REGSTATE": "1"}
        for row in hiring[19:21]
    ]
    return [*swapped, *doubled, *founders, *nameless, *moved, *sectors, *younger]


def changed_spells(spells: list[Row]) -> list[Row]:
    """New jobs of another person, in another town, of another employer, of nobody named, and no new job any longer."""
    new = [row for row in spells if row["ACC032"] == "1" and row["AAC002"] and row["AAB003"]]
    one = new[0]
    persons = [row | {"AAC002": one["AAC002"]} for row in new[1:4]]
    towns = [row | {"TOWN": "520381001"} for row in new[4:8]]
    employers = [row | {"AAB003": one["AAB003"]} for row in new[8:12]]
    return [
        *persons,
        *towns,
        *employers,
        *(row | {"AAC002": ""} for row in new[12:14]),
        *(row | {"ACC032": "0"} for row in new[14:16]),
    ]


def kill_at(home: Settings, relation: str) -> None:
    """A build in a process of its own, killed when it is about to write to a table."""
    command = (
        "from datetime import date; from warehouse.build import build; from warehouse.settings import load_settings; "
        f"build(load_settings(), date.fromisoformat('{LAST}'))"
    )
    environment = {**os.environ, "BUREAU_HOME": str(home.home), "PYTHONPATH": str(PROJECT)}
    with (
        psycopg.connect(postgres.conninfo(home)) as holding,
        psycopg.connect(postgres.conninfo(home), autocommit=True) as watching,
    ):
        holding.execute(f"lock table {relation} in share mode".encode())  # others may read, and wait when they write
        process = subprocess.Popen([sys.executable, "-c", command], env=environment)
        try:
            waiting = "select count(*) from pg_locks where not granted and relation = %s::regclass"
            _until(watching, waiting, [relation], lambda count: count > 0 or process.poll() is not None)
            assert process.poll() is None, "the build waits for the table"
        finally:
            process.kill()
            process.wait()
        holding.rollback()
        _until(watching, "select count(*) from pg_stat_activity where datname = current_database()", [], lambda count: count <= 2)
        status = watching.execute("select status from ledger.build order by build_id desc limit 1").fetchone()
        assert status == ("running",)


def _until(
    connection: psycopg.Connection[tuple[Any, ...]], statement: str, values: list[object], met: Callable[[int], bool]
) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        row = connection.execute(statement.encode(), values).fetchone()
        assert row is not None
        if met(row[0]):
            return
        time.sleep(0.02)
    raise AssertionError(f"two minutes are over: {statement}")


def fail_at(home: Settings, relation: str) -> None:
    """A build that meets an error when it writes to a table."""
    with psycopg.connect(postgres.conninfo(home), autocommit=True) as connection:
        connection.execute(
            "create or replace function public.refuse() returns trigger language plpgsql "
            "as $$ begin raise exception 'refused by the test'; end $$"
        )
        connection.execute(f"create trigger refuse before insert on {relation} execute function public.refuse()".encode())
        with pytest.raises(BureauError):
            quiet_build(home, LAST)
        connection.execute(f"drop trigger refuse on {relation}".encode())
