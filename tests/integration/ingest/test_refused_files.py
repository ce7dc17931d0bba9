"""A refused file lies in the inbox until the department takes it away: it is judged once, and its correction is taken."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from ingest.accept import Refusal, Verdict
from ingest.context import LoadContext
from ingest.inbox import Inbox
from tests.extracts import DAY, write_extract
from tests.integration.ingest.conftest import ctx, server
from tests.integration.ingest.test_night import REG, good, night, query

pytestmark = pytest.mark.integration
__all__ = ["ctx", "server"]
UNKNOWN_TOWNS = Verdict(refusals=(Refusal("delivery.share", "town", "too many unknown"),))


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the data files that are opened."""
    opened: list[str] = []
    open_ = Inbox.open

    def watched(inbox: Inbox, name: str) -> BinaryIO:
        if not name.endswith(".json"):
            opened.append(name)
        return open_(inbox, name)

    monkeypatch.setattr(Inbox, "open", watched)
    return opened


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"rows": 3}, "manifest.rows"),  # the bytes are those of the manifest
        ({"sha256": "0" * 64}, "manifest.sha256"),  # they are not: the file itself has not changed
        ({"sequence": 2}, "manifest.name"),  # nothing in the file can make it better
        ({"comment": "x"}, "manifest.unreadable"),
    ],
)
def test_a_refused_file_is_read_once(ctx: LoadContext, read: list[str], changed: dict[str, Any], rule: str) -> None:
    path = write_extract(REG, good(2), Path(ctx.inbox), changed=changed)
    assert [night(ctx, REG) for _ in range(3)] == [[], [], []]
    assert read == [path.name]
    ((reason,),) = query(ctx, "select reason from ledger.delivery")
    assert reason.startswith(rule)


def test_a_conflict_is_read_once(ctx: LoadContext, read: list[str]) -> None:
    path = write_extract(REG, good(2), Path(ctx.inbox))
    assert len(night(ctx, REG)) == 1
    write_extract(REG, good(3), Path(ctx.inbox))
    assert [night(ctx, REG) for _ in range(3)] == [[], [], []]
    assert read == [path.name] * 2
    assert query(ctx, "select status from ledger.delivery order by delivery_id") == [("accepted",), ("conflict",)]


def test_what_the_checks_refused_is_not_loaded_again(ctx: LoadContext, read: list[str]) -> None:
    path = write_extract(REG, good(2), Path(ctx.inbox))
    assert [one.status for one in night(ctx, REG, verdict=UNKNOWN_TOWNS)] == ["refused"]
    assert [night(ctx, REG, verdict=UNKNOWN_TOWNS) for _ in range(2)] == [[], []]
    assert read == [path.name]
    assert query(ctx, "select reason from ledger.delivery") == [("delivery.share at town: too many unknown",)]
    write_extract(REG, good(3), Path(ctx.inbox))
    assert [one.status for one in night(ctx, REG)] == ["accepted"]


def test_the_right_bytes_under_the_same_manifest_are_taken_whatever_the_times_say(ctx: LoadContext, read: list[str]) -> None:
    path = write_extract(REG, good(2), Path(ctx.inbox))
    right, times = path.read_bytes(), path.stat()
    path.write_bytes(right[:-10] + b"x" * 10)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert [night(ctx, REG) for _ in range(2)] == [[], []]
    path.write_bytes(right)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert [one.status for one in night(ctx, REG)] == ["accepted"]
    assert read == [path.name] * 2


def test_a_refused_file_that_was_touched_is_read_once_more(ctx: LoadContext, read: list[str]) -> None:
    path = write_extract(REG, good(2), Path(ctx.inbox), changed={"sha256": "0" * 64})
    assert night(ctx, REG) == []
    path.write_bytes(path.read_bytes())
    assert [night(ctx, REG) for _ in range(3)] == [[], [], []]
    assert read == [path.name] * 2
    assert query(ctx, "select count(*) from ledger.delivery") == [(1,)]


def test_what_came_too_early_is_taken_when_its_day_is_there(ctx: LoadContext, read: list[str]) -> None:
    early = replace(ctx, today=DAY - timedelta(days=1))
    path = write_extract(REG, good(2), Path(ctx.inbox))
    assert [night(early, REG) for _ in range(2)] == [[], []]
    assert read == [path.name]
    assert [one.status for one in night(ctx, REG)] == ["accepted"]
