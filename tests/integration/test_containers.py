"""What the containers' job prepares and their services ask, on a real server that the product did not start."""

import json
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest

from warehouse.errors import BureauError
from warehouse.services import airflow, containers, postgres
from warehouse.settings import Settings

pytestmark = pytest.mark.integration


def key(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text(secrets.token_hex(32) + "\n")
    path.chmod(0o400)
    return path


@contextmanager
def answering(answer: dict[str, Any]) -> Iterator[str]:
    """The address of a server that says `answer` when asked for Airflow's health."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/api/v2/monitor/health"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode() if found else b"")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def boxed(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings as in a container: a server and a key that are given, Airflow elsewhere."""
    folder = tmp_path_factory.mktemp("boxed")
    postgres.ensure_running(settings)
    names = ("boxed", "boxed_airflow")
    with psycopg.connect(postgres.conninfo(settings, database="postgres"), autocommit=True) as connection:
        connection.execute("create database boxed")
        url = psycopg.conninfo.make_conninfo(postgres.conninfo(settings), dbname="boxed")
        elsewhere = "http://api-server:8080"
        yield Settings(home=folder / "home", database_url=url, airflow_url=elsewhere, pseudonym_key_file=key(folder, "key"))
        for name in names:
            connection.execute(f"drop database if exists {name} with (force)")


def test_a_server_is_prepared_for_the_services(boxed: Settings, tmp_path: Path) -> None:
    assert not containers.is_prepared(boxed)
    containers.prepare(boxed)
    assert containers.is_prepared(boxed)
    with psycopg.connect(postgres.conninfo(boxed, database="airflow")) as connection:
        assert connection.execute("select slots from slot_pool where pool = 'heavy'").fetchone() == (2,)

    other = boxed.model_copy(update={"pseudonym_key_file": key(tmp_path, "other")})
    for refused in (containers.prepare, lambda wrong: containers.run(wrong, "scheduler")):
        with pytest.raises(BureauError) as caught:
            refused(other)
        assert caught.value.key == "key.mismatch"

    # heartbeats: of this host, fresh, of the same service, and of one that was not declared dead
    assert not containers.is_healthy(boxed, "scheduler")
    with psycopg.connect(postgres.conninfo(boxed, database="airflow"), autocommit=True) as connection:
        beat = "insert into job (job_type, state, hostname, latest_heartbeat) values (%s, 'running', %s, now() - %s::interval)"
        connection.execute(beat, ["SchedulerJob", socket.gethostname(), "5 minutes"])
        connection.execute(beat, ["SchedulerJob", "another-host", "1 second"])
        connection.execute(beat, ["TriggererJob", socket.gethostname(), "1 second"])
        assert not containers.is_healthy(boxed, "scheduler")
        assert containers.is_healthy(boxed, "triggerer")
        connection.execute(beat, ["SchedulerJob", socket.gethostname(), "1 second"])
        assert containers.is_healthy(boxed, "scheduler")
        airflow.bury(boxed, ["scheduler"])
        assert not containers.is_healthy(boxed, "scheduler")
        assert containers.is_healthy(boxed, "triggerer")


def test_services_elsewhere_are_asked_and_left_alone(tmp_path: Path) -> None:
    parts = ("scheduler", "triggerer", "dag_processor")
    health = {part: {"status": "healthy"} for part in parts}
    with answering(health) as url:
        there = Settings(home=tmp_path, airflow_url=url, airflow_port=int(url.rpartition(":")[2]))
        steps: list[str] = []
        assert airflow.ensure_running(there, steps.append) == [] and steps == ["wait"]
        assert {one.name: one.state for one in airflow.conditions(there)} == dict.fromkeys(airflow.SERVICES, "running")
        assert containers.is_healthy(there, "api-server")
        airflow.stop(there)
        assert airflow.all_run(there)
    assert not containers.is_healthy(there, "api-server")
    assert {one.state for one in airflow.conditions(there)} == {"dead"}
    assert not airflow.all_stopped(there)
    with answering({**health, "scheduler": {"status": "unhealthy"}}) as url:
        there = Settings(home=tmp_path, airflow_url=url)
        assert [one.name for one in airflow.conditions(there) if one.state == "dead"] == ["scheduler"]
        assert not airflow.all_run(there)
