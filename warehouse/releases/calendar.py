"""The release calendar: when the figures of a period are due, and what is due next.

How many working days after the end of a month, quarter or year its figures come, and at what time, is data
(`dbt_project/seeds/release_calendar.csv`); a moment of its own can be given to a period (setting `release_dates`).
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from warehouse.errors import BureauError
from warehouse.figure import Grain, Period
from warehouse.night import business_days
from warehouse.releases.register import Release
from warehouse.settings import PROJECT, Settings

_CALENDAR = PROJECT / "dbt_project" / "seeds" / "release_calendar.csv"
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Rule:
    """Figures of a frequency come so many working days after the period, at a time of the bureau's zone."""

    frequency: Grain
    working_days: int
    time: time
    title_zh: str
    title_en: str


@dataclass(frozen=True)
class Planned:
    """When the figures of a period are due."""

    period: Period
    moment: datetime
    title_zh: str
    title_en: str


def rules() -> list[Rule]:
    """The calendar, a rule a frequency."""
    with _CALENDAR.open(encoding="utf-8", newline="") as file:
        return [
            Rule(row["frequency"], int(row["working_days"]), time.fromisoformat(row["time"]), row["title_zh"], row["title_en"])  # type: ignore[arg-type]
            for row in csv.DictReader(file)
        ]


def planned(settings: Settings, period: Period) -> Planned:
    """When a period is due. Raises BureauError("release.no_rule") when the calendar does not have its frequency."""
    rule = next((one for one in rules() if one.frequency == period.grain), None)
    if rule is None:
        raise BureauError("release.no_rule", period=period.label)
    moment = settings.release_dates.get(period.label)
    if moment is None:
        days, day = business_days(settings), period.last_day
        for _ in range(rule.working_days):
            day += _DAY
            while not days.are_worked(day):
                day += _DAY
        moment = datetime.combine(day, rule.time)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(settings.timezone))
    return Planned(period, moment, rule.title_zh, rule.title_en)


def next_due(settings: Settings, releases: Iterable[Release], known: date) -> list[Planned]:
    """Of each frequency the period after the last one released; where none is, the last that was over on the day `known`."""
    released = [Period.parse(one.period) for one in releases if one.period and one.approved is not False]
    found = []
    for rule in rules():
        days = [one.last_day for one in released if one.grain == rule.frequency]
        if days:
            period = period_of(rule.frequency, max(days) + _DAY)
        else:
            period = period_of(rule.frequency, known)
            if period.last_day > known:
                period = period_of(rule.frequency, period.first_day - _DAY)
        found.append(planned(settings, period))
    return sorted(found, key=lambda one: one.moment)


@dataclass(frozen=True)
class Turn:
    """A release that is to be made for a period: `known` is the last day that its build knows; whether it corrects another,
    and whether it has a reason."""

    period: str
    known: date
    embargo: datetime | None
    corrects: bool
    has_reason: bool


def embargo_of(settings: Settings, turn: Turn, releases: Iterable[Release], now: datetime) -> datetime | None:
    """Until when it is not to be seen: the planned moment, unless that is over or another is given; of a correction, as long as
    what it corrects.

    Raises BureauError when the period was not over on the day that the build knows ("release.not_over"), when it is released
    already and this is no correction ("release.period_taken"), and when it would be seen before its planned moment without a
    reason ("release.before_planned").
    """
    period = Period.parse(turn.period)
    due = planned(settings, period)
    if turn.known < period.last_day:
        raise BureauError("release.not_over", period=period.label, last=period.last_day, known=turn.known)
    taken = next((one for one in releases if one.period == period.label and one.approved is not False), None)
    if taken is not None and not turn.corrects:
        raise BureauError("release.period_taken", period=period.label, release=taken.release_id)
    if turn.embargo is not None:
        if turn.embargo < due.moment and not turn.has_reason:
            raise BureauError("release.before_planned", period=period.label, planned=f"{due.moment:%Y-%m-%d %H:%M}")
        return turn.embargo
    until = due.moment if taken is None else taken.embargo_until
    return until if until is not None and now < until else None


def period_of(grain: Grain, day: date) -> Period:
    """The month, quarter or year that a day is in."""
    labels = {"M": f"{day:%Y-%m}", "Q": f"{day:%Y}-Q{(day.month + 2) // 3}", "Y": f"{day:%Y}"}
    return Period.parse(labels[grain])
