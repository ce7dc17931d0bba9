"""Loads, checks and builds of a small city told as OpenLineage events, to a file and to a server."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pydantic import SecretStr

from tests.integration.nights import LAST, City, play, rows
from tests.unit.openlineage.official import faults
from warehouse.openlineage.send import tell_deliveries
from warehouse.services.ports import free_port

pytestmark = pytest.mark.integration
Event = dict[str, Any]
_OF_LOANS = "select delivery_id from ledger.delivery where source = 'loans'"


def lines(path: Path) -> list[Event]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@contextmanager
def server() -> Iterator[tuple[str, list[tuple[str, str | None, Event]]]]:
    """A lineage server that takes everything: (path, authorization, event)."""
    taken: list[tuple[str, str | None, Event]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((self.path, self.headers["Authorization"], json.loads(body)))
            self.send_response(201)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    made = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=made.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{made.server_port}", taken
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


def test_loads_and_checks_are_told_to_a_file_and_say_no_cell(city: City, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    settings = city.after(4).model_copy(update={"openlineage_url": path.as_uri()})
    found = rows(
        settings, "select delivery_id, file_name, status, rows_in_file from ledger.delivery where source = 'registrations'"
    )
    tell_deliveries(settings, "registrations", [row[0] for row in found])
    events = lines(path)
    assert [fault for event in events for fault in faults(event)] == []
    loads = [event for event in events if event["job"]["name"] == "load.registrations" and event["eventType"] != "START"]
    assert {event["inputs"][0]["name"] for event in loads} == {f"saic/{row[1]}" for row in found}
    counts = [event["outputs"][0]["outputFacets"]["outputStatistics"].get("rowCount") for event in loads]
    assert sorted(map(str, counts)) == sorted(str(row[3]) for row in found)
    checks = [event for event in events if event["job"]["name"] == "check.registrations" and event["eventType"] == "COMPLETE"]
    said = [one for event in checks for one in event["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]]
    assert len(checks) >= 3 and {one["success"] for one in said} == {True, False}
    names = rows(settings, "select lerep from raw.registrations where lerep is not null limit 50")
    text = path.read_text(encoding="utf-8")
    assert not [name for (name,) in names if name in text]


def test_a_server_gets_the_same_events_with_the_key(city: City) -> None:
    with server() as (url, taken):
        update = {"openlineage_url": url, "openlineage_api_key": SecretStr("k")}
        tell_deliveries(city.after(4).model_copy(update=update), "loans", [row[0] for row in rows(city.after(4), _OF_LOANS)])
    assert taken and {(path, key) for path, key, _ in taken} == {("/api/v1/lineage", "Bearer k")}
    assert [fault for *_, event in taken for fault in faults(event)] == []
    assert {event["job"]["name"] for *_, event in taken} == {"load.loans", "check.loans"}


def test_a_server_that_is_not_there_is_only_warned_of(city: City, caplog: pytest.LogCaptureFixture) -> None:
    settings = city.after(4).model_copy(update={"openlineage_url": f"http://127.0.0.1:{free_port()}"})
    with caplog.at_level(logging.WARNING, logger="warehouse.openlineage.send"):
        tell_deliveries(settings, "registrations", [1])
    assert "lineage events were not delivered" in caplog.text


@pytest.mark.long
def test_a_whole_night_is_told_with_the_columns_of_every_model(city: City, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    settings = city.from_night(3).model_copy(update={"openlineage_url": path.as_uri()})
    play(settings, LAST)
    events = lines(path)
    assert [fault for event in events for fault in faults(event)] == []
    ended = {event["job"]["name"]: event for event in events if event["eventType"] == "COMPLETE"}
    assert {"build", "load.registrations", "check.registrations", "dbt.evidence.indicator_value"} <= ended.keys()
    assert len(ended["build"]["inputs"]) == 8
    models = [event for name, event in ended.items() if name.startswith("dbt.") and not name.startswith("dbt.test.")]
    with_columns = [event for event in models if event["outputs"][0]["facets"].get("columnLineage", {}).get("fields")]
    assert len(with_columns) > 0.8 * len(models) > 15, sorted(event["job"]["name"] for event in models)
    fold = ended["dbt.register.fold_registrations"]["outputs"][0]["facets"]["columnLineage"]["fields"]
    read = {one["name"].partition(".")[2] for said in fold.values() for one in said["inputFields"]}
    assert "staging.stg_registrations__entity" in read
