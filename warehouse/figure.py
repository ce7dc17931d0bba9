"""Which figure is meant: an indicator, a period, a geography, a member of a breakdown; and its row in mart."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import psycopg

from warehouse.errors import BureauError
from warehouse.indicators import Indicator

Grain = Literal["M", "Q", "Y"]

CELL = ("indicator", "method_version", "period", "geography", "breakdown_type", "breakdown")
"""Which figure a row of figures is."""
COLUMNS = (
    "indicator", "method_version", "period", "period_grain", "geography", "geography_vintage", "breakdown_type", "breakdown",
    "value", "numerator", "denominator", "unit_count", "standard_error", "ci_low", "ci_high", "availability", "status",
    "build_id",
)  # fmt: skip
"""All that is kept of a figure, in this order."""


@dataclass(frozen=True)
class Period:
    """A year `2010`, quarter `2010-Q3` or month `2010-07` with its first and last day."""

    label: str
    grain: Grain
    first_day: date
    last_day: date

    @staticmethod
    def parse(label: str) -> "Period":
        """Raises BureauError("figure.bad_period")."""
        match = re.fullmatch(r"(\d{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?", label)
        if match is None:
            raise BureauError("figure.bad_period", period=label)
        year, quarter, month = int(match[1]), match[2], match[3]
        if month:
            grain, first, last = "M", int(month), int(month)
        elif quarter:
            grain, first, last = "Q", 3 * int(quarter) - 2, 3 * int(quarter)
        else:
            grain, first, last = "Y", 1, 12
        return Period(label, grain, date(year, first, 1), date(year, last, monthrange(year, last)[1]))  # type: ignore[arg-type]

    def years_before(self, years: int) -> "Period":
        """The year so many years earlier; other periods have no lag."""
        if not years:
            return self
        return Period.parse(str(self.first_day.year - years))


@dataclass(frozen=True)
class Figure:
    """A published figure; amounts are exact decimals, unscaled."""

    indicator: str
    method_version: str
    period: str
    geography: str
    breakdown_type: str
    breakdown: str
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    unit_count: int
    availability: str
    build_id: int


def parse_breakdown(indicator: Indicator, text: str | None) -> tuple[str, str]:
    """`sector=private` as a pair, the whole when absent. Raises BureauError("figure.bad_breakdown")."""
    if text is None:
        return "total", "total"
    kind, _, member = text.partition("=")
    if kind not in ("total", *indicator.breakdowns) or not member:
        allowed = ", ".join(f"{name}=…" for name in indicator.breakdowns)
        raise BureauError("figure.bad_breakdown", given=text, indicator=indicator.indicator, allowed=allowed)
    return kind, member


def find(
    connection: psycopg.Connection[Any],
    indicator: Indicator,
    period: Period,
    geography: str,
    breakdown: tuple[str, str],
    release_id: int | None = None,
) -> Figure:
    """The published figure, or that of a release. Raises BureauError("figure.not_found")."""
    if release_id is None:
        place, version = "mart.indicator_values where method_version = %s", [indicator.method_version]
    else:  # frozen, with the method version of its day
        place, version = "release.figure where release_id = %s", [str(release_id)]
    row = connection.execute(
        (
            f"select method_version, period, geography, breakdown_type, breakdown, value, numerator, denominator, unit_count, "
            f"availability, build_id from {place} and indicator = %s and period = %s and geography = %s "
            "and breakdown_type = %s and breakdown = %s"
        ).encode(),
        [*version, indicator.indicator, period.label, geography, *breakdown],
    ).fetchone()
    if row is None:
        cell = f"{geography} {breakdown[0]}={breakdown[1]}"
        raise BureauError("figure.not_found", indicator=indicator.indicator, period=period.label, cell=cell)
    return Figure(indicator.indicator, *row)
