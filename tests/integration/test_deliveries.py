"""`./bureau deliveries`: every delivery, and every promise that nothing keeps."""

from __future__ import annotations

import csv
import io
import json
import os
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ingest.spec import all_specs
from tests.extracts import fixture_rows, write_extract
from warehouse.cli import LazyGroup
from warehouse.night import accept, take_in
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings

pytestmark = pytest.mark.integration
SPECS = all_specs()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Population in its window; loans on the 27th, late of the 28th, never of the 29th, twice and once refused on the 30th."""
    settings = load_settings(home=tmp_path_factory.mktemp("home"))
    prepare(settings)
    inbox, loans = Path(settings.inbox_url), fixture_rows("loans", "good")
    try:
        with warnings.catch_warnings():  # of the library's own imports
            warnings.simplefilter("ignore")
            import great_expectations  # noqa: F401
        write_extract(SPECS["population"], fixture_rows("population", "good"), inbox, day=date(2010, 11, 5))
        write_extract(SPECS["loans"], loans, inbox, day=date(2010, 12, 27))
        play(settings, date(2010, 12, 27))
        write_extract(SPECS["loans"], loans, inbox, day=date(2010, 12, 28))
        write_extract(SPECS["loans"], loans, inbox, day=date(2010, 12, 30))
        write_extract(SPECS["loans"], loans[:1], inbox, day=date(2010, 12, 30), sequence=2)
        write_extract(SPECS["loans"], loans, inbox, day=date(2010, 12, 30), sequence=3, changed={"rows": 99})
        (inbox / "pboc" / "loans_520381_20101231_01.xlsx").write_bytes(b"")
        play(settings, date(2010, 12, 31))
        yield settings
    finally:
        postgres.stop(settings)


def play(settings: Settings, day: date) -> None:
    for source in ("loans", "population"):
        take_in(settings, source, day)
        accept(settings, source, day)


def bureau(settings: Settings, *words: str, lang: str = "en") -> Result:
    before = {name: os.environ.get(name) for name in ("BUREAU_HOME", "BUREAU_LANG")}
    runner = CliRunner(env={"BUREAU_HOME": str(settings.home), "BUREAU_LANG": lang})
    try:
        return runner.invoke(LazyGroup("bureau"), ["deliveries", *words])
    finally:
        assert {name: os.environ.get(name) for name in before} == before


def test_deliveries_stand_beside_what_was_promised(home: Settings) -> None:
    done = bureau(home, "--format", "json")
    assert done.exit_code == 0, done.output
    found = [
        (one["business_date"], one["source"], one["sequence"], one["status"], one["promise"]) for one in json.loads(done.output)
    ]
    assert found == [
        ("2010-11-05", "population", 1, "accepted", "arrived"),
        ("2010-12-27", "loans", 1, "accepted", "arrived"),
        ("2010-12-28", "loans", 1, "accepted", "late"),
        ("2010-12-29", "loans", None, "missing", None),
        ("2010-12-30", "loans", 1, "replaced", "late"),
        ("2010-12-30", "loans", 2, "accepted", "late"),
        ("2010-12-30", "loans", 3, "refused", None),
        ("2010-12-31", "loans", None, "missing", None),
        ("2010-12-31", "loans", 1, "waiting", None),
    ]


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["--status", "missing"], 2),
        (["--status", "late", "--status", "refused"], 4),
        (["--date", "2010-12-30"], 3),
        (["--source", "population"], 1),
        (["--source", "population", "--date", "2010-12-30"], 0),
    ],
)
def test_what_is_asked_for_is_shown(home: Settings, words: list[str], lines: int) -> None:
    done = bureau(home, *words, "--format", "csv")
    assert len(list(csv.DictReader(io.StringIO(done.output)))) == lines


def test_people_read_it_in_their_language(home: Settings) -> None:
    english, chinese = bureau(home, "--date", "2010-12-30").output, bureau(home, "--date", "2010-12-30", lang="zh").output
    assert "loans_520381_20101230_03.xlsx" in english and "refused 1, late 2" in english
    assert "拒收 1，迟到 2" in chinese and "按时" not in chinese


def test_a_source_that_is_not_there_is_said(home: Settings) -> None:
    done = bureau(home, "--source", "lones")
    assert done.exit_code == 1
    assert "loans" in str(done.exception or done.output)
