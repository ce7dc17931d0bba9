"""Whatever is refused is told of the night in which it came: also what is of another region, or of a day to come."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from ingest.spec import load_spec
from tests.extracts import DAY, fixture_rows, write_extract
from tests.integration.nights import load
from warehouse.night import clock, endings, has_arrived, loads, today
from warehouse.returns import refused_files
from warehouse.settings import Settings

pytestmark = pytest.mark.integration
REG = load_spec("registrations")


def test_a_file_of_another_region_and_one_of_a_day_to_come(database: Settings) -> None:
    inbox, since = Path(database.inbox_url), clock(database)
    other = write_extract(REG, fixture_rows("registrations", "good"), inbox, DAY)
    for path in (other, other.with_suffix(".manifest.json")):
        path.rename(path.with_name(path.name.replace("520381", "520382")))
    to_come = today(database) + timedelta(days=1)
    write_extract(REG, fixture_rows("registrations", "good"), inbox, to_come)
    assert not has_arrived(database, "registrations", DAY), "what lies there is no delivery of ours"
    load(database, DAY)
    told = {one.file_name: (one.status, (one.reason or "").partition(" ")[0]) for one in loads(database, DAY)}
    assert told == {
        other.name.replace("520381", "520382"): ("refused", "file.region"),
        f"registrations_520381_{to_come:%Y%m%d}_01.csv": ("refused", "file.future_date"),
    }
    assert endings(database, DAY, since)["registrations"] == "refused"
    assert {one.file_name for one in refused_files(database, [REG])} == set(told)


def test_what_was_made_good_goes_from_the_list_of_refused_files(database: Settings, tmp_path: Path) -> None:
    """A link whose file came, and a refused file that came again packed or right; what nobody knows stays."""
    inbox, day = Path(database.inbox_url), date(2010, 12, 28)
    link = write_extract(REG, fixture_rows("registrations", "good"), inbox, day)
    elsewhere = link.rename(tmp_path / "elsewhere.csv")
    link.symlink_to(elsewhere)
    stranger = link.with_name("holiday_photos.jpg")
    stranger.write_bytes(b"x")
    load(database, day)
    assert {one.file_name for one in refused_files(database, [REG]) if one.business_date in (day, None)} == {
        link.name,
        stranger.name,
    }
    link.unlink()
    elsewhere.rename(link)
    load(database, day)
    assert {one.file_name for one in refused_files(database, [REG]) if one.business_date in (day, None)} == {stranger.name}


def test_a_refusal_of_another_day_does_not_hide_that_nothing_came(database: Settings) -> None:
    day, since = date(2010, 12, 30), clock(database)
    write_extract(
        load_spec("loans"), fixture_rows("loans", "good"), Path(database.inbox_url), date(2010, 12, 23), changed={"rows": 1}
    )
    load(database, day)
    assert endings(database, day, since)["loans"] == "missing"
    assert [one.status for one in loads(database, day) if one.source == "loans"] == ["refused"]
