"""Airflow's triggers: what a night waits for without holding a worker."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from ingest.errors import InboxUnreachable
from warehouse import night
from warehouse.settings import load_settings

_LOOK_AT_INBOX_SECONDS = 15.0
_LOOK_AT_LEDGER_SECONDS = 1.0
_AGAIN_WHEN_DOWN_SECONDS = 60.0
_AGAIN_WHEN_REFUSED_SECONDS = 300.0  # a server may lock out who knocks with a wrong password too often


class _UntilTrigger(BaseTrigger):  # type: ignore[misc]
    """Looks again and again, in a thread, until there is nothing to wait for or the time is up."""

    pause: float

    def __init__(self, until: str) -> None:
        super().__init__()
        self.until = until

    def is_over(self) -> bool:
        raise NotImplementedError

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event: True when what was waited for is there, False at the cut-off."""
        # A thread of its own: a server that hangs keeps nobody else's wait from ending
        thread = ThreadPoolExecutor(1)
        try:
            while is_ahead(datetime.fromisoformat(self.until)):
                pause = self.pause
                try:
                    if await asyncio.get_running_loop().run_in_executor(thread, self.is_over):
                        yield TriggerEvent(True)
                        return
                except InboxUnreachable as error:
                    self.log.warning("%s", error)
                    pause = _AGAIN_WHEN_DOWN_SECONDS if error.is_passing else _AGAIN_WHEN_REFUSED_SECONDS
                rest = (datetime.fromisoformat(self.until) - datetime.now(UTC)).total_seconds()
                await asyncio.sleep(max(0.0, min(pause, rest)))
            yield TriggerEvent(False)
        finally:
            thread.shutdown(wait=False, cancel_futures=True)


class DeliveryTrigger(_UntilTrigger):
    """Until a source's delivery of a day is complete in the inbox."""

    pause = _LOOK_AT_INBOX_SECONDS

    def __init__(self, source: str, business_date: str, until: str, inbox: str | None) -> None:
        super().__init__(until)
        self.source, self.business_date, self.inbox = source, business_date, inbox

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """How the triggerer makes it anew."""
        names = ("source", "business_date", "until", "inbox")
        return "warehouse.services.waiting.DeliveryTrigger", {name: getattr(self, name) for name in names}

    def is_over(self) -> bool:
        """Looks once. Raises InboxUnreachable."""
        settings, day = load_settings(), date.fromisoformat(self.business_date)
        return night.has_arrived(settings, self.source, day, self.inbox) and not night.is_being_written(
            settings, self.source, day, self.inbox, still=True
        )


class SourcesTrigger(_UntilTrigger):
    """Until every source's night has ended."""

    pause = _LOOK_AT_LEDGER_SECONDS

    def __init__(self, business_date: str, since: str, until: str) -> None:
        super().__init__(until)
        self.business_date, self.since = business_date, since

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """How the triggerer makes it anew."""
        names = ("business_date", "since", "until")
        return "warehouse.services.waiting.SourcesTrigger", {name: getattr(self, name) for name in names}

    def is_over(self) -> bool:
        """Looks once."""
        day, since = date.fromisoformat(self.business_date), datetime.fromisoformat(self.since)
        return not night.unresolved(load_settings(), day, since)


def is_ahead(until: datetime | None) -> bool:
    """Whether there is a moment to wait for and it has not come."""
    return until is not None and datetime.now(until.tzinfo) < until
