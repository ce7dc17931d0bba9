"""From a published figure down to the departments' rows: its units, their weights, and the lines they come from.

A unit's weight is the sum of its standing postings in the cell; the weights add up to numerator and denominator exactly.
Ids of persons are pseudonyms.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg

from ingest.errors import NotReady
from ingest.places import row_places
from ingest.spec import load_spec
from warehouse.figure import Figure, Period, find, parse_breakdown
from warehouse.indicators import load_indicator
from warehouse.releases.register import find_release
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings

ROWS_PER_DELIVERY = 2**32
PAGE = 100


@dataclass(frozen=True)
class SourceRow:
    """A row of an archived file; `line` is its line, sheet row or record number there."""

    row_id: int
    source: str
    file_name: str
    sha256: str
    line: int | None


@dataclass(frozen=True)
class Unit:
    """A unit that contributes: `unit_id` is PRIPID, pseudonym, or the source's own key."""

    unit_type: str
    unit_id: str
    weight: Decimal
    attributes: dict[str, Any]
    row_ids: tuple[int, ...]
    source_rows: tuple[SourceRow, ...] = field(default=())


@dataclass(frozen=True)
class Side:
    """Numerator or denominator: exact sum over all its units, one page of them, where the next page starts."""

    sum: Decimal
    unit_count: int
    units: tuple[Unit, ...]
    next: int | None


@dataclass(frozen=True)
class Trace:
    """A figure with both sides; `denominator` is None for counts and where the breakdown has none."""

    figure: Figure
    numerator: Side
    denominator: Side | None


def trace(
    settings: Settings,
    name: str,
    period: str,
    *,
    geography: str | None = None,
    breakdown: str | None = None,
    offset: int = 0,
    limit: int | None = PAGE,
    by_weight: bool = False,
    release_id: int | None = None,
) -> Trace:
    """Open one published figure, or with `release_id` the one that a release froze. `limit` None: all units.

    Units come in the order in which the register numbered them, the largest weights first with `by_weight`.
    Raises BureauError when the indicator, the period, the figure or the release does not exist.
    """
    indicator, when = load_indicator(name), Period.parse(period)
    with psycopg.connect(conninfo(settings, role="bureau_evaluator")) as connection:
        kind, member = parse_breakdown(indicator, breakdown)
        top = build_of(connection, release_id)
        figure = find(connection, indicator, when, geography or settings.region, (kind, member), release_id)
        cell = [name, when.label, figure.geography, kind, member]
        # One unit more than the page says whether there is another page
        more = None if limit is None else limit + 1
        found = connection.execute(_PAGE, [*cell, more, offset, by_weight, top]).fetchall()
        totals = {role: (total, units) for role, total, units in connection.execute(_TOTAL, [*cell, top])}
        pages = {role: [row[1:] for row in found if row[0] == role] for role in totals}
        shown = {role: units[:limit] for role, units in pages.items()}
        places = locate(connection, settings, (row_id for units in shown.values() for unit in units for row_id in unit[4]))
    sides = {
        role: Side(
            *totals[role],
            tuple(
                Unit(kind, key, weight, attributes, tuple(ids), tuple(places[row_id] for row_id in ids))
                for kind, key, weight, attributes, ids in units
            ),
            offset + len(units) if len(pages[role]) > len(units) else None,
        )
        for role, units in shown.items()
    }
    return Trace(figure, sides["numerator"], sides.get("denominator"))


def build_of(connection: psycopg.Connection[Any], release_id: int | None) -> int | None:
    """The build of a release; None for the figures that people see now."""
    return None if release_id is None else find_release(connection, release_id).build_id


_PAGE = (
    "select role, unit_type, unit_id, weight, attributes, coalesce(source_rows, '{}') "
    "from mart.trace_figure(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_TOTAL = "select role, total, units from mart.trace_total(%s, %s, %s, %s, %s, %s)"


def locate(connection: psycopg.Connection[Any], settings: Settings, row_ids: Iterable[int]) -> dict[int, SourceRow]:
    """Delivery, file and line of each row; every file is read once, up to the last row asked for."""
    by_delivery: dict[int, list[int]] = defaultdict(list)
    for row_id in set(row_ids):
        by_delivery[row_id // ROWS_PER_DELIVERY].append(row_id)
    found: dict[int, SourceRow] = {}
    deliveries = connection.execute(
        "select delivery_id, source, region, business_date, file_name, sha256 from ledger.delivery where delivery_id = any(%s)",
        [list(by_delivery)],
    ).fetchall()
    for delivery_id, source, region, day, file_name, sha256 in deliveries:
        numbers = [row_id % ROWS_PER_DELIVERY for row_id in by_delivery[delivery_id]]
        try:
            places = row_places(settings.archive, load_spec(source), sha256, numbers, region, day, settings.places)
        except NotReady:  # the archive is not on this machine: the row is named all the same, by file and number
            places = {}
        for row_id in by_delivery[delivery_id]:
            place = places.get(row_id % ROWS_PER_DELIVERY)
            found[row_id] = SourceRow(row_id, source, file_name, sha256, place.place if place else None)
    return found
