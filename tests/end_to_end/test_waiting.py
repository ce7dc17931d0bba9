"""A delivery that has not come is waited for by the triggerer, not by a worker, and no longer than the cut-off."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ingest.spec import load_spec
from tests.end_to_end.homes import Home, wait_until
from tests.extracts import fixture_rows, write_extract
from warehouse.services import airflow, postgres
from warehouse.services.airflow_api import AirflowApi

DAY = date(2010, 12, 28)
STATES = "select task_id, state from task_instance where dag_id = %(dag)s and run_id = 'late'"

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(900)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    try:
        started = home.run("up")
        assert started.returncode == 0, started.stderr
        yield home
    finally:
        home.run("down")


def begin(client: AirflowApi, source: str, patience: timedelta) -> None:
    wait_until(lambda: source in client.dag_ids())
    now = datetime.now(UTC)
    conf = {"business_date": DAY.isoformat(), "since": now.isoformat(), "wait_until": (now + patience).isoformat()}
    client.create_run(source, "late", conf)


def states(home: Home, source: str) -> dict[str, str]:
    return dict(home.query(STATES, postgres.AIRFLOW_DATABASE, dag=source))


def test_a_late_delivery_is_waited_for_until_the_cut_off(home: Home) -> None:
    done = {"take_in": "success", "accept": "success"}
    with airflow.api(home.settings) as client:
        begin(client, "registrations", timedelta(minutes=15))
        begin(client, "loans", timedelta(seconds=40))
        wait_until(lambda: states(home, "registrations").get("take_in") == "deferred")
        wait_until(lambda: states(home, "loans") == done)  # its time is up
        assert states(home, "registrations")["take_in"] == "deferred"
        rows = fixture_rows("registrations", "good")
        write_extract(load_spec("registrations"), rows, Path(home.settings.inbox_url), day=DAY)
        wait_until(lambda: states(home, "registrations") == done)
    assert home.query("select source, outcome from ledger.source_night order by 1") == [
        ("loans", "missing"),
        ("registrations", "loaded"),
    ]
    assert home.query("select source, status from ledger.expected_delivery order by 1") == [
        ("loans", "missing"),
        ("registrations", "arrived"),
    ]
    (delivery,) = home.query("select source, status, rows_in_file, rows_accepted + rows_quarantined from ledger.delivery")
    assert delivery == ("registrations", "accepted", len(rows), len(rows))
