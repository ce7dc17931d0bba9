"""`./bureau checks`: what the rules said of a delivery, and what was our own error."""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from expectations import CheckError
from ingest.spec import load_spec
from tests.extracts import fixture_rows, write_extract
from warehouse.check_pages import index_of, refresh
from warehouse.cli import LazyGroup
from warehouse.night import accept, take_in
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings

pytestmark = pytest.mark.integration
FIRST, SECOND, THIRD, FOURTH = (date(2010, 12, day) for day in range(28, 32))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Loans: good and bad rows on the 28th, one good row on the 29th; on the 30th the check of one rule raises."""
    settings = load_settings(home=tmp_path_factory.mktemp("home"))
    prepare(settings)
    spec, inbox = load_spec("loans"), Path(settings.inbox_url)
    good, bad = fixture_rows("loans", "good"), fixture_rows("loans", "bad")
    try:
        with warnings.catch_warnings():  # of the library's own imports
            warnings.simplefilter("ignore")
            import great_expectations  # noqa: F401
        for day, rows in ((FIRST, good + bad), (SECOND, good[:1])):
            write_extract(spec, rows, inbox, day=day)
            take_in(settings, "loans", day)
            accept(settings, "loans", day)
        write_extract(spec, good, inbox, day=THIRD)
        take_in(settings, "loans", THIRD)
        with pytest.MonkeyPatch.context() as patch:
            from expectations import checkpoint

            scan = checkpoint.scan
            patch.setattr(checkpoint, "scan", lambda c, s, d, rules: scan(c, s, d, [r for r in rules if r.id != "event.code"]))
            with pytest.raises(CheckError, match=r"checking event\.code raised KeyError"):
                accept(settings, "loans", THIRD)
        yield settings
    finally:
        postgres.stop(settings)


def bureau(settings: Settings, *words: str, lang: str = "en") -> Result:
    return CliRunner(env={**os.environ, "BUREAU_HOME": str(settings.home), "BUREAU_LANG": lang}).invoke(
        LazyGroup("bureau"), ["checks", *words]
    )


def test_every_rule_says_what_it_looked_at_and_what_failed(home: Settings) -> None:
    rows = {one["rule"]: one for one in json.loads(bureau(home, "--date", "2010-12-28", "--format", "json").output)}
    found = rows["due_not_before_event"]
    assert (found["result"], found["severity"], found["failed"], found["threshold"]) == ("failed", "quarantine", 1, 0)
    assert found["share"] == pytest.approx(found["failed"] / found["checked"])
    assert found["sentence"] == "The due date is not before the event" and "Chishui" in found["owner"]
    assert rows["contract_no.required"]["seconds"] > 0
    assert {one["delivery_id"] for one in rows.values()} == {1}
    assert rows["delivery.rows"]["result"] == "passed"


def test_people_see_what_is_broken_in_their_language(home: Settings) -> None:
    english = bureau(home, "--date", "2010-12-28").output
    chinese = bureau(home, "--date", "2010-12-28", lang="zh").output
    assert "The due date is not before the event" in english and "delivery.rows" not in english
    assert "到期日不得早于事件日期" in chinese and "人民银行赤水市支行" in chinese
    assert "delivery.rows" in bureau(home, "--date", "2010-12-28", "--all").output


def test_pages_tell_our_errors_and_their_failures_apart(home: Settings) -> None:
    """In the index and in the pages, which Great Expectations' Data Docs make."""
    index = Path(bureau(home, "--docs").output.strip().rpartition(": ")[2])
    links = re.findall(r'<a href="([^"]+)">([^<]+)</a>.*?((?:<td class="number">\d+</td>){4})', index.read_text(encoding="utf-8"))
    found = {name: (page, [int(count) for count in re.findall(r">(\d+)<", counts)]) for page, name, counts in links}
    bad, _, broken_off = (found[f"loans_520381_201012{day}_01.xlsx"] for day in (28, 29, 30))
    assert bad[1][1] > 0 and bad[1][3] == 0, "broken rules, no error of ours"
    assert broken_off[1] == [0, 0, 0, 1], "one error of ours and no finding"
    page = (index.parent / bad[0]).read_text(encoding="utf-8")
    assert "The due date is not before the event" in page and "fa-times" in page and "raised an exception" not in page
    page = (index.parent / broken_off[0]).read_text(encoding="utf-8")
    assert "raised an exception" in page and "KeyError" in page and "fa-exclamation-triangle text-warning" in page
    chinese = Path(bureau(home, "--docs", lang="zh").output.strip().rpartition("：")[2])
    assert "本系统出错" in chinese.read_text(encoding="utf-8")


def test_a_check_that_broke_off_is_told_apart_and_goes_when_it_is_made(home: Settings) -> None:
    assert {one["delivery_id"] for one in json.loads(bureau(home, "--format", "json").output)} == {3}, "the newest"
    (only,) = json.loads(bureau(home, "--date", "2010-12-30", "--format", "json").output)
    assert (only["result"], only["rule"], only["error"], only["status"]) == ("error", "event.code", "KeyError", "loading")
    assert only["owner"] == "the bureau itself"
    assert "our error" in bureau(home, "--date", "2010-12-30").output
    with psycopg.connect(postgres.conninfo(home)) as connection:
        night = connection.execute("select warnings from ledger.delivery where delivery_id = 3").fetchone()
    assert night == (0,), "it is no finding about the delivery"
    accept(home, "loans", THIRD)
    after = json.loads(bureau(home, "--date", "2010-12-30", "--format", "json").output)
    assert {one["result"] for one in after} <= {"passed", "not_judged"} and len(after) > 30


def test_a_delivery_that_is_refused_before_its_rows_are_asked_says_why(home: Settings) -> None:
    spec, rows = load_spec("loans"), fixture_rows("loans", "good")
    write_extract(spec, rows, Path(home.inbox_url), day=FOURTH, changed={"rows": len(rows) + 1})
    take_in(home, "loans", FOURTH)
    (only,) = json.loads(bureau(home, "--date", "2010-12-31", "--format", "json").output)
    assert (only["rule"], only["severity"], only["result"], only["status"]) == ("manifest.rows", "refuse", "failed", "refused")
    assert only["sentence"] == "The number of rows is not the manifest's" and "Chishui" in only["owner"]
    assert {one["file_name"] for one in json.loads(bureau(home, "--format", "json").output)} == {only["file_name"]}, "the newest"
    index = Path(bureau(home, "--docs").output.strip().rpartition(": ")[2])
    assert only["file_name"] in index.read_text(encoding="utf-8")


def test_what_has_no_night_of_its_own_hides_none(home: Settings) -> None:
    """A day to come and a name without a day are refused, and stand under the night in which they came."""
    spec, inbox = load_spec("loans"), Path(home.inbox_url)
    write_extract(spec, fixture_rows("loans", "good"), inbox, day=date(2099, 12, 31))
    unnamed = write_extract(spec, fixture_rows("loans", "good"), inbox, day=FOURTH)
    for file in (unnamed, unnamed.with_name(f"{unnamed.stem}.manifest.json")):
        file.rename(file.with_name(file.name.replace("20101231", "2010123")))
    take_in(home, "loans", FOURTH)
    rows = json.loads(bureau(home, "--format", "json").output)
    assert {one["business_date"] for one in rows} == {"2010-12-31", "2099-12-31", None}
    assert {"file.future_date", "file.name"} <= {one["rule"] for one in rows if one["result"] == "failed"}
    assert refresh(home) is not None
    index = index_of(home).read_text()
    nights = re.findall(r"<h2[^>]*>([^<]*)</h2>", index)
    assert len(nights) == 4 and not any("2099" in night for night in nights)
