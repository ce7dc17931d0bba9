"""The crash walk: a night broken off at any of its events and run again ends as one that nobody disturbed.

Points are walked in lanes, each a process with a database and an archive of its own; lanes share the server. Where a point leaves
behind what another left, from which the night was run again already, it is not run again.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

import expectations
from tests.integration import crashes
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings

pytestmark = pytest.mark.integration
DEFAULT_POINTS = 3
LANES = 3
Undisturbed = tuple[int, dict[str, list[tuple[Any, ...]]]]


@dataclass(frozen=True)
class Ground:
    """A server with the database `before`, the archive as it was then, and an inbox with what comes tonight."""

    settings: Settings
    folder: Path
    inbox: Path

    def fresh(self, lane: int = 0) -> Settings:
        """The database and the archive of a lane as they were before the night."""
        name = f"walk_{lane}"
        crashes.copy_database(self.settings, "before", name)
        home = self.folder / name
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.folder / "archive", home / "archive")
        given = conninfo_to_dict(postgres.conninfo(self.settings))
        login = f"{given['user']}:{quote(str(given['password']), safe='')}"
        url = f"postgresql://{login}@{given['host']}:{given['port']}/{name}"
        return load_settings(home=home, database_url=url, pseudonym_key_file=self.settings.secrets / "pseudonym.key")


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expectations.warm()
    folder = tmp_path_factory.mktemp("walk")
    settings = load_settings(home=folder / "home")
    prepare(settings)
    try:
        # Processes are killed here, never the machine: what waits for the disk shows nothing
        with psycopg.connect(postgres.conninfo(settings), autocommit=True) as connection:
            connection.execute("alter system set fsync = off")
            connection.execute("select pg_reload_conf()")
        inbox = folder / "inbox"
        crashes.before(settings, inbox)
        crashes.tonight(inbox)
        shutil.copytree(settings.archive, folder / "archive")
        crashes.copy_database(settings, postgres.DATABASE, "before")
        yield Ground(settings, folder, inbox)
    finally:
        postgres.stop(settings)


@pytest.fixture(scope="module")
def undisturbed(ground: Ground) -> Undisturbed:
    settings = ground.fresh()
    status, events = crashes.night(settings, ground.inbox)
    assert status == 0, log(settings)
    assert crashes.night(settings, ground.inbox)[0] == 0
    return events, crashes.state(settings)


def log(settings: Settings) -> str:
    path = settings.home / "broken_off.log"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def test_the_night_that_is_walked_has_everything_in_it(undisturbed: Undisturbed) -> None:
    events, state = undisturbed
    assert events > 200
    assert {(row[0], row[3], row[11]) for row in state["delivery"] if row[2] == crashes.DAY} == {
        (source, sequence, status)
        for source in crashes.WALKED
        for sequence, status in ((1, "replaced"), (2, "accepted"), (3, "refused"), (4, "waiting"))
    }
    for source in crashes.WALKED:
        settled = {row[4] is not None for row in state[f"quarantine {source}"]}
        assert settled == {True, False}
    assert state["incoming"] == []


def walk(ground: Ground, undisturbed: Undisturbed, points: range, how: crashes.How, lanes: int = 1) -> list[str]:
    """Points at which the night did not end as it should."""
    if lanes == 1:
        return walk_lane(ground, undisturbed, points, how, 0)
    shares = [(ground, undisturbed, points[lane::lanes], how, lane) for lane in range(lanes)]
    with multiprocessing.get_context("fork").Pool(lanes) as pool:
        return [wrong for share in pool.starmap(walk_lane, shares, chunksize=1) for wrong in share]


def walk_lane(ground: Ground, undisturbed: Undisturbed, points: range, how: crashes.How, lane: int) -> list[str]:
    wrong = []
    run_again: set[str] = set()
    for point in points:
        settings = ground.fresh(lane)
        status, _ = crashes.night(settings, ground.inbox, point, how)
        # Late, at the last points, the night may be through before it is killed
        if how == "kill" and not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            wrong.append(f"{point}: was not killed: {log(settings)}")
            continue
        left = crashes.left_behind(settings)
        if left in run_again:
            continue
        run_again.add(left)
        status, _ = crashes.night(settings, ground.inbox)
        if status != 0:
            wrong.append(f"{point}: did not run again: {log(settings)}")
            continue
        after = crashes.state(settings)
        wrong += [f"{point}: {difference}" for difference in crashes.differences(after, undisturbed[1])]
    return wrong


@pytest.mark.parametrize("how", ["kill", "late", "server"])
def test_broken_off_at_a_few_points(ground: Ground, undisturbed: Undisturbed, how: crashes.How) -> None:
    events = undisturbed[0]
    step = events // DEFAULT_POINTS
    assert walk(ground, undisturbed, range(step // 2, events, step), how) == []


def test_two_runs_at_once_of_one_night_are_as_one(ground: Ground, undisturbed: Undisturbed) -> None:
    settings = ground.fresh()
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda _: crashes.night(settings, ground.inbox)[0], range(2)))
    assert ended == [0, 0], log(settings)
    assert crashes.differences(crashes.state(settings), undisturbed[1]) == []


@pytest.mark.long
@pytest.mark.parametrize("how", ["kill", "late", "server"])
def test_broken_off_while_a_long_file_is_copied(ground: Ground, tmp_path: Path, how: crashes.How) -> None:
    crashes.a_long_one(tmp_path)
    long = Ground(ground.settings, ground.folder, tmp_path)
    settings = long.fresh()
    status, events = crashes.night(settings, tmp_path)
    assert status == 0 and events > 100, log(settings)
    whole = crashes.state(settings)
    assert len(whole["raw registrations"]) > 24_000
    assert walk(long, (events, whole), range(5, events, events // 15), how) == []
    assert crashes.helpers() == []


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("how", ["kill", "late", "server"])
def test_broken_off_at_every_point(ground: Ground, undisturbed: Undisturbed, how: crashes.How) -> None:
    assert walk(ground, undisturbed, range(1, undisturbed[0] + 1), how, LANES) == []
