"""A file that the retention rule took out of the archive, delivered once more."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from ingest.archive import path_of
from ingest.spec import load_spec
from tests.extracts import fixture_rows, write_extract
from tests.integration.nights import load, rows
from tests.integration.test_retention import DAY, old
from warehouse.retention import prune, removed
from warehouse.settings import Settings

pytestmark = pytest.mark.integration
__all__ = ["old"]


def test_bytes_that_come_again_after_they_were_removed(database: Settings, old: dict[str, str], tmp_path: Path) -> None:
    """An unchanged file in the inbox is not taken in again for being gone; delivered anew it is in the archive again."""
    settings = database.model_copy(update={"archive_keep_days": 99})
    prune(settings, even_needed=True)
    gone = {old["good"], old["refused"]}
    assert removed(settings) == gone
    for path in (tmp_path / "stats").iterdir():  # it has lain there since; a packer may leave the time out, which is 1970
        os.utime(path, (0, 0))
    before = rows(settings, "select * from ledger.delivery order by delivery_id")
    assert load(settings, date(2011, 1, 7), tmp_path) == []
    assert rows(settings, "select * from ledger.delivery order by delivery_id") == before and removed(settings) == gone
    write_extract(load_spec("survey"), fixture_rows("survey", "good"), tmp_path, DAY)  # the same bytes once more
    write_extract(
        load_spec("survey"), fixture_rows("survey", "good")[:1], tmp_path, date(2011, 1, 6)
    )  # now with the right manifest
    assert [(one.business_date, one.status) for one in load(settings, date(2011, 1, 7), tmp_path)] == [
        (date(2011, 1, 6), "accepted")
    ]
    assert removed(settings) == set() and all(path_of(settings.archive, sha256).exists() for sha256 in old.values())
    standing = "select count(*) from raw.survey as r join ledger.delivery as d using (delivery_id) where business_date = %s"
    assert rows(settings, standing, [DAY]) == [(len(fixture_rows("survey", "good")),)], "a duplicate adds no row"
    assert rows(settings, "select status from ledger.delivery where business_date = %s order by delivery_id", [DAY]) == [
        ("accepted",),
        ("duplicate",),
    ]
