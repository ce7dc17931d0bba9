"""Airflow that does not answer at once: asked again, and then said."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from warehouse.errors import BureauError
from warehouse.services import airflow_api
from warehouse.services.airflow_api import AirflowApi


class Airflow(HTTPServer):
    """Hangs up on the first `deaf` questions; then a run that was asked for before is there already."""

    deaf = 0
    runs: list[str]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Airflow)
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/auth/token":
            return self.answer(201, {"access_token": "x"})
        known = said["dag_run_id"] in self.server.runs
        self.server.runs.append(said["dag_run_id"])
        if self.server.deaf:
            self.server.deaf -= 1
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return None
        return self.answer(409 if known else 200, {})

    def answer(self, status: int, body: object) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Airflow]:
    monkeypatch.setattr(airflow_api, "_PAUSES", (0.01, 0.01))
    with Airflow(("127.0.0.1", 0), Handler) as server:
        server.runs = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("deaf", "asked"), [(0, 1), (2, 3), (3, 3)])
def test_a_run_is_asked_for_until_there_is_an_answer(airflow: Airflow, deaf: int, asked: int) -> None:
    """Before it is asked again, who called may mend what is silent."""
    airflow.deaf = deaf
    mended: list[int] = []
    with AirflowApi(f"http://127.0.0.1:{airflow.server_port}", "me", "word") as client:
        client.when_silent = lambda: mended.append(len(airflow.runs))
        if deaf < 3:
            client.create_run("loans", "night__1", {})
        else:
            with pytest.raises(BureauError) as caught:
                client.create_run("loans", "night__1", {})
            assert caught.value.key == "services.api"
    assert airflow.runs == ["night__1"] * asked
    assert mended == list(range(1, asked))
