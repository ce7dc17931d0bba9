"""The release calendar: planned moments, what is due next, and what a release of a period must keep to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from warehouse.errors import BureauError
from warehouse.figure import Period
from warehouse.releases.calendar import Turn, embargo_of, next_due, period_of, planned, rules
from warehouse.releases.register import Release
from warehouse.settings import load_settings

SHANGHAI = ZoneInfo("Asia/Shanghai")
K = date(2010, 12, 31)


def release(number: int, period: str | None, approved: bool | None = True) -> Release:
    moment = datetime(2011, 1, 1, tzinfo=UTC)
    return Release(
        number, "", 1, K, None, None, None, None, period, 0, "", None, "", moment, "", approved, None, None, None, bool(approved)
    )


def due(label: str, **settings: Any) -> datetime:
    return planned(load_settings(**settings), Period.parse(label)).moment


def test_every_frequency_has_one_rule() -> None:
    assert sorted(one.frequency for one in rules()) == ["M", "Q", "Y"]


def test_planned_moments_count_working_days() -> None:
    # 2011: 1-3 January are free, the Spring Festival 2-8 February; 30 January and 12 February (weekends) are worked
    assert due("2010-12") == datetime(2011, 1, 17, 9, 30, tzinfo=SHANGHAI)
    assert due("2011-01") == datetime(2011, 2, 18, 9, 30, tzinfo=SHANGHAI)
    assert due("2010-12", holidays=["2011-01-17"]) == datetime(2011, 1, 18, 9, 30, tzinfo=SHANGHAI)


def test_a_period_can_have_a_moment_of_its_own() -> None:
    assert due("2010", release_dates={"2010": "2011-01-20T10:00"}) == datetime(2011, 1, 20, 10, tzinfo=SHANGHAI)


@pytest.mark.parametrize(("grain", "day", "label"), [("M", K, "2010-12"), ("Q", date(2010, 4, 1), "2010-Q2"), ("Y", K, "2010")])
def test_period_of_a_day(grain: Any, day: date, label: str) -> None:
    assert period_of(grain, day).label == label


def test_what_is_due_next() -> None:
    settings = load_settings()
    assert [one.period.label for one in next_due(settings, [], date(2010, 12, 30))] == ["2009", "2010-Q3", "2010-11"]
    made = [release(1, "2010-12"), release(2, "2010-11"), release(3, "2010", approved=False), release(4, None)]
    assert [one.period.label for one in next_due(settings, made, K)] == ["2010-Q4", "2010", "2011-01"]


def test_a_release_of_a_period_keeps_to_the_calendar() -> None:
    settings, moment = load_settings(), due("2010-12")
    before, after = moment - timedelta(hours=1), moment + timedelta(hours=1)

    def until(embargo: datetime | None, now: datetime, corrects: bool = False, has_reason: bool = False) -> datetime | None:
        turn = Turn("2010-12", K, embargo, corrects, has_reason)
        return embargo_of(settings, turn, [release(1, "2010-12", approved=False)], now)

    assert until(None, before) == moment and until(None, after) is None
    assert until(None, before, has_reason=True) == moment and until(None, before, corrects=True, has_reason=True) == moment
    assert until(after, before) == after and until(before, before, has_reason=True) == before
    correction = Turn("2010-12", K, None, True, True)
    hidden = replace(release(1, "2010-12"), embargo_until=moment)
    assert embargo_of(settings, correction, [hidden], before) == moment
    assert embargo_of(settings, correction, [release(1, "2010-12")], before) is None  # what it corrects is seen already
    with pytest.raises(BureauError) as early:
        until(before, before)
    assert early.value.key == "release.before_planned"
    with pytest.raises(BureauError) as open_still:
        embargo_of(settings, Turn("2010-12", date(2010, 12, 30), None, False, False), [], after)
    assert open_still.value.key == "release.not_over"
    with pytest.raises(BureauError) as taken:
        embargo_of(settings, Turn("2010-12", K, None, False, True), [release(7, "2010-12", approved=None)], after)
    assert taken.value.key == "release.period_taken"
    assert embargo_of(settings, Turn("2010-12", K, None, True, True), [release(7, "2010-12")], after) is None
