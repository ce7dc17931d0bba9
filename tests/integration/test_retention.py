"""What the retention rule removes, what it never does, and what is written down of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import psycopg
import pytest

from ingest.archive import path_of
from ingest.spec import load_spec
from tests.extracts import fixture_rows, write_extract
from tests.integration.nights import load, rows
from warehouse.errors import BureauError
from warehouse.retention import prune, removed
from warehouse.services import postgres
from warehouse.settings import Settings

pytestmark = pytest.mark.integration
DAY = date(2011, 1, 4)


@pytest.fixture
def old(database: Settings, tmp_path: Path) -> dict[str, str]:
    """Old deliveries of survey: accepted and through, accepted with an open row, refused; name → sha256."""
    spec = load_spec("survey")
    good = fixture_rows("survey", "good")
    made = {
        "good": write_extract(spec, good, tmp_path, DAY),
        "waits": write_extract(spec, [*good, good[0] | {"SAMPLEID": "x", "WEIGHT": "no"}], tmp_path, date(2011, 1, 5)),
        "refused": write_extract(spec, good[:1], tmp_path, date(2011, 1, 6), changed={"rows": 99}),
    }
    load(database, date(2011, 1, 7), tmp_path)
    with psycopg.connect(postgres.conninfo(database, role="bureau_loader")) as connection:
        connection.execute("update ledger.delivery set received_at = now() - interval '100 days'")
    found = dict(rows(database, "select file_name, sha256 from ledger.delivery where source = 'survey'"))
    return {name: found[path.name] for name, path in made.items()}


def test_only_what_nothing_needs_goes_and_the_ledger_says_so(database: Settings, old: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(BureauError) as caught:
        prune(database)
    assert caught.value.key == "archive.no_rule"
    assert prune(database.model_copy(update={"archive_keep_days": 101})).removed == ()
    settings = database.model_copy(update={"archive_keep_days": 99})

    def there() -> set[str]:
        return {name for name, sha256 in old.items() if path_of(settings.archive, sha256).exists()}

    plan = prune(settings, dry_run=True)
    assert [one.sha256 for one in plan.removed] == [old["refused"]] and there() == set(old)
    assert {one.sha256: one.needed_by for one in plan.kept} == {old["good"]: ("rows",), old["waits"]: ("rows", "quarantine")}
    prune(settings)
    assert there() == {"good", "waits"} and removed(settings) == {old["refused"]}
    prune(settings, even_needed=True)
    assert there() == {"waits"}, "an open row keeps its file whatever is said"
    assert removed(settings) == {old["refused"], old["good"]}
    found = rows(settings, "select sha256, reason, needed_by, login <> '' from ledger.archive_removal order by removal_id")
    assert found == [
        (old["refused"], "archive_keep_days = 99", [], True),
        (old["good"], "archive_keep_days = 99, --even-needed", ["rows"], True),
    ]
    with psycopg.connect(postgres.conninfo(settings, role="bureau_owner")) as connection, pytest.raises(psycopg.Error):
        connection.execute("delete from ledger.archive_removal")


def test_nothing_goes_while_a_night_is_at_work(database: Settings) -> None:
    with psycopg.connect(postgres.conninfo(database), autocommit=True) as night:
        night.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [f"take_in loans {database.region}"])
        with pytest.raises(BureauError) as caught:
            prune(database.model_copy(update={"archive_keep_days": 1}))
    assert caught.value.key == "key.busy"
