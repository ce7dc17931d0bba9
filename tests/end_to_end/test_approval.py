"""A release is approved, another rejected, by a person over Airflow's API: the first is seen, the second never."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.homes import Home, wait_until
from tests.integration.nights import arrive, play
from warehouse.errors import BureauError
from warehouse.query import ask
from warehouse.releases.verify import verify
from warehouse.services import airflow, postgres
from warehouse.services.airflow_api import AirflowApi
from warehouse.synth import synthesise_nights

DAY = date(2010, 12, 31)
DECIDE = "/api/v2/dags/approve_release/dagRuns/{run}/taskInstances/decide/-1/hitlDetails"

pytestmark = [pytest.mark.end_to_end, pytest.mark.long, pytest.mark.timeout(1200)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Running services, and a published build of a very small city."""
    home = Home(tmp_path / "home")
    try:
        started = home.run("up")
        assert started.returncode == 0, started.stderr
        synthesise_nights(tmp_path / "nights", seed=1, scale=0.02, first=DAY, last=DAY, faults="none")
        arrive(tmp_path / "nights", DAY, Path(home.settings.inbox_url))
        play(home.settings, DAY)
        yield home
    finally:
        home.run("down")


@pytest.fixture
def person(home: Home) -> Iterator[httpx.Client]:
    """A browser's session of the user admin."""
    with airflow.api(home.settings) as api, httpx.Client(base_url=api._http.base_url, timeout=30, trust_env=False) as client:
        token = client.post("/auth/token", json=api._login).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def ask_for(api: AirflowApi, home: Home, release: int, run: str) -> None:
    """Start the DAG and wait until it waits for a person."""
    wait_until(lambda: "approve_release" in api.dag_ids())
    api.create_run("approve_release", run, {"release": release})
    wait_until(lambda: states(home, run) == {"decide": "awaiting_input"})


def answer(person: httpx.Client, run: str, option: str) -> dict[str, Any]:
    given = person.patch(DECIDE.format(run=run), json={"chosen_options": [option], "params_input": {}})
    return dict(given.raise_for_status().json())


def states(home: Home, run: str) -> dict[str, str]:
    statement = "select task_id, state from task_instance where dag_id = 'approve_release' and run_id = %(run)s"
    return dict(home.query(statement, postgres.AIRFLOW_DATABASE, run=run))


def seen(home: Home) -> list[Any]:
    """What an analyst sees."""
    return ask(home.settings, "select release_id, approved_by from release.published order by 1").rows


def test_a_person_decides_on_airflows_page(home: Home, person: httpx.Client) -> None:
    for title in ("first", "second"):
        made = home.run("release", "create", "--title", title)
        assert made.returncode == 0, made.stderr
    with airflow.api(home.settings) as api:
        ask_for(api, home, 1, "first")
        question = person.get(DECIDE.format(run="first")).raise_for_status().json()
        assert "1" in question["subject"] and "first" in question["body"] and question["options"] == ["Approve", "Reject"]
        assert seen(home) == []
        answer(person, "first", "Approve")
        wait_until(lambda: states(home, "first") == {"decide": "success"})
        assert seen(home) == [(1, "airflow:admin")]
        with pytest.raises(httpx.HTTPStatusError):  # said once, for good
            answer(person, "first", "Reject")

        ask_for(api, home, 2, "second")
        answer(person, "second", "Reject")
        wait_until(lambda: states(home, "second") == {"decide": "success"})
        assert seen(home) == [(1, "airflow:admin")]
        assert ask(home.settings, "select distinct release_id from release.published_figure").rows == [(1,)]

        api.create_run("approve_release", "again", {"release": 1})  # what was decided is not asked for
        wait_until(lambda: states(home, "again").get("decide") in ("failed", "up_for_retry"))
    with pytest.raises(BureauError):
        ask(home.settings, "select * from release.figure")
    decided = home.query("select release_id, approved, decided_by from release.decision order by 1")
    assert decided == [(1, True, "airflow:admin"), (2, False, "airflow:admin")]
    for release in (1, 2):
        assert verify(home.settings, release, recompute=False).findings == ()
