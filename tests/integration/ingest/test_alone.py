"""Two runs of one step at once: one wins, the other says so and waits."""

from __future__ import annotations

import threading

import psycopg
import pytest

from ingest.alone import take_lock
from warehouse.services import postgres
from warehouse.settings import Settings

pytestmark = pytest.mark.integration


def test_the_second_says_that_it_waits(database: Settings, caplog: pytest.LogCaptureFixture) -> None:
    conninfo = postgres.conninfo(database, role="bureau_loader")
    done = threading.Event()

    def second() -> None:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            take_lock(connection, "take_in registrations 520381")
            done.set()

    with psycopg.connect(conninfo, autocommit=True) as first:
        take_lock(first, "take_in registrations 520381")
        assert caplog.messages == []
        thread = threading.Thread(target=second)
        thread.start()
        assert not done.wait(1)
    thread.join(10)
    assert done.is_set() and ["take_in registrations 520381" in said for said in caplog.messages] == [True]
