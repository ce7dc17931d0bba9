"""How an indicator's published values were revised from release to release: the triangle, and its mean revision.

Only releases that everybody may see. The views say what is a revision (migration 121); here they are put side by side.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import class_row

from warehouse.errors import BureauError
from warehouse.figure import Grain, parse_breakdown
from warehouse.indicators import load_indicator
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings

Connection = psycopg.Connection[Any]

_LONGEST_FIRST: tuple[Grain, ...] = ("Y", "Q", "M")


@dataclass(frozen=True)
class Release:
    """A column of the triangle; `business_date` is K."""

    release_id: int
    business_date: date


@dataclass(frozen=True)
class MeanRevision:
    """From the first to the latest value of each period: `periods` stand in two releases or more, `revised` changed."""

    periods: int
    revised: int
    mean_revision: Decimal
    mean_absolute_revision: Decimal
    relative_mean_absolute_revision: Decimal | None
    largest_revision: Decimal


@dataclass(frozen=True)
class Triangle:
    """`values` has a row for each period and in it a value for each release, None where a release has none. `mean` is None when
    no period stands in two releases."""

    indicator: str
    method_version: str
    grain: str
    geography: str
    breakdown_type: str
    breakdown: str
    releases: tuple[Release, ...]
    values: dict[str, tuple[Decimal | None, ...]]
    mean: MeanRevision | None


def triangle(
    settings: Settings, name: str, *, grain: Grain | None = None, geography: str | None = None, breakdown: str | None = None
) -> Triangle:
    """The triangle of an indicator; without a grain that of its longest periods.

    Raises BureauError("revisions.none") when no published release has such a figure.
    """
    indicator = load_indicator(name)
    kind, member = parse_breakdown(indicator, breakdown)
    wanted = next(one for one in _LONGEST_FIRST if one in indicator.periods) if grain is None else grain
    series = [name, indicator.method_version, wanted, geography or settings.region, kind, member]
    with psycopg.connect(conninfo(settings, role="bureau_analyst"), autocommit=True) as connection:
        rows = connection.execute(
            f"select period, release_id, business_date, value from mart.revision_triangle where {_SERIES} order by 1, 2".encode(),
            series,
        ).fetchall()
        with connection.cursor(row_factory=class_row(MeanRevision)) as cursor:
            mean = cursor.execute(
                "select periods, revised, mean_revision, mean_absolute_revision, relative_mean_absolute_revision, "
                f"largest_revision from mart.mean_revision where {_SERIES}".encode(),
                series,
            ).fetchone()
    if not rows:
        raise BureauError("revisions.none", indicator=name, grain=wanted, cell=f"{series[3]} {kind}={member}")
    releases = sorted({(row[1], row[2]) for row in rows})
    known = {(row[0], row[1]): row[3] for row in rows}
    periods = sorted({row[0] for row in rows})
    return Triangle(
        name, indicator.method_version, wanted, str(series[3]), kind, member,
        tuple(Release(*one) for one in releases),
        {period: tuple(known.get((period, release)) for release, _ in releases) for period in periods},
        mean,
    )  # fmt: skip


_SERIES = (
    "indicator = %s and method_version = %s and period_grain = %s and geography = %s and breakdown_type = %s and breakdown = %s"
)
