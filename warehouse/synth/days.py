"""Dates: working days, anniversaries, random days of a span."""

import random
from datetime import date, timedelta

from ingest.calendar import BusinessDays

DAY = timedelta(days=1)


def working_day(day: date) -> date:
    """The day itself, or the Friday before a weekend."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def working_days(first: date, last: date) -> list[date]:
    """All working days of the span, both ends included: departments keep to the public holidays."""
    days = ((first + timedelta(days=n)) for n in range((last - first).days + 1))
    return [day for day in days if BusinessDays().are_worked(day)]


def within(rng: random.Random, first: date, last: date) -> date:
    """A day of the span, both ends included."""
    return first + timedelta(days=int(rng.random() * ((last - first).days + 1)))


def later(day: date, years: float) -> date:
    """About so many years after a day."""
    return day + timedelta(days=int(years * 365.2425))


def months_after(day: date, months: int) -> date:
    """The same day so many months on, or that month's last day where there is none (ruling 25)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = month_end(date(year, month + 1, 1)).day
    return date(year, month + 1, min(day.day, last))


def month_end(day: date) -> date:
    """The last day of the day's month."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1) - DAY


def compact(day: date | None) -> str:
    """`YYYYMMDD`, or nothing."""
    return "" if day is None else f"{day.year:04d}{day.month:02d}{day.day:02d}"


def dashed(day: date | None) -> str:
    """`YYYY-MM-DD`, or nothing."""
    return "" if day is None else day.isoformat()
