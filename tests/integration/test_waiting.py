"""Servers that are down and files that are still being written: waited for without a worker, and no reason to stop a night."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.errors import InboxUnreachable
from tests.extracts import DAY, fixture_rows, write_extract
from tests.integration.ingest.conftest import SPECS, ctx, server
from tests.integration.nights import rows
from tests.integration.servers import free_port
from tests.integration.test_transport import Configure, configure, delivered
from warehouse import night
from warehouse.reasons import refusal
from warehouse.services import waiting
from warehouse.settings import Settings

pytestmark = pytest.mark.integration
__all__ = ["configure", "ctx", "delivered", "server"]
SPEC = SPECS["registrations"]


async def fired(trigger: waiting.DeliveryTrigger) -> object:
    async for event in trigger.run():
        return event.payload
    return None


def test_a_server_that_is_down_is_waited_for(configure: Configure, delivered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = configure(f'inbox = "http://127.0.0.1:{free_port()}"')
    looks: list[int] = []

    def later() -> Settings:
        """The department's server is there at the third look."""
        looks.append(1)
        return settings if len(looks) < 3 else settings.model_copy(update={"inbox": str(delivered)})

    monkeypatch.setattr(waiting, "load_settings", later)
    monkeypatch.setattr(waiting, "_AGAIN_WHEN_DOWN_SECONDS", 0.01)
    until = (datetime.now(UTC) + timedelta(minutes=2)).isoformat()
    assert asyncio.run(fired(waiting.DeliveryTrigger(SPEC.name, DAY.isoformat(), until, None))) is True
    assert len(looks) == 3


def test_the_wait_ends_at_the_cut_off(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = configure(f'inbox = "sftp://127.0.0.1:{free_port()}/in"')
    monkeypatch.setattr(waiting, "load_settings", lambda: settings)
    until = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    began = time.monotonic()
    assert asyncio.run(fired(waiting.DeliveryTrigger(SPEC.name, DAY.isoformat(), until, None))) is False
    assert time.monotonic() - began < 30  # and not as long as the pause


def test_a_file_that_is_being_written_is_looked_at_again_when_it_rests(configure: Configure, delivered: Path) -> None:
    settings = configure(f'inbox = "{delivered}"\ninbox_settle_seconds = 0.2')
    data = next((delivered / "saic").glob("*.csv"))
    whole = data.read_bytes()
    assert not night.is_being_written(settings, SPEC.name, DAY)
    data.write_bytes(whole[:-1])
    soon = time.time() + 60  # the server's clock goes before ours: it never looks old
    os.utime(data, (soon, soon))
    patient = settings.model_copy(update={"inbox_settle_seconds": 0.01})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.inbox.Inbox.has_settled", lambda *_: False)
        assert night.take_in(settings, SPEC.name, DAY) == []
        half = hashlib.sha256(data.read_bytes()).hexdigest()
        assert not list(settings.archive.rglob(half)) and not list((settings.archive / "incoming").iterdir())
        assert night.is_being_written(settings, SPEC.name, DAY, still=True)
    assert night.is_being_written(settings, SPEC.name, DAY)
    data.write_bytes(whole)
    assert not night.is_being_written(patient, SPEC.name, DAY, still=True)
    assert len(night.take_in(settings, SPEC.name, DAY)) == 1
    assert not night.is_being_written(settings, SPEC.name, DAY)


def test_a_night_with_one_departments_server_down(configure: Configure, tmp_path: Path) -> None:
    where, inbox = f"sftp://127.0.0.1:{free_port()}/in", tmp_path / "inbox"
    write_extract(SPECS["survey"], fixture_rows("survey", "good"), inbox)
    settings = configure(f'inbox = "{inbox}"\ninboxes = {{saic = "{where}"}}')
    began = night.clock(settings)
    for source in ("registrations", "survey"):
        try:
            night.take_in(settings, source, DAY)
        except InboxUnreachable as error:
            night.note_failure(settings, source, DAY, error)
    assert night.endings(settings, DAY, began) == {"registrations": "failed"}
    reason = night.failures(settings, DAY)["registrations"]
    assert reason.startswith(f"inbox.unreachable at {where}: ")
    assert where in refusal(reason, "zh") and where in refusal(reason, "en")
    assert rows(settings, "select source, status from ledger.delivery") == [("survey", "loading")]
