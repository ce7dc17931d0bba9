"""What lies in a figure's cell and does not count in it: units with the reason, and rows that were put aside.

Reasons are those of `mart.trace_excluded` (warehouse/functions/excluded.sql).
"""

from dataclasses import dataclass
from typing import Any

import psycopg

from warehouse.figure import Figure
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings
from warehouse.trace import SourceRow, build_of, locate

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class ExcludedUnit:
    """A unit of the cell that adds nothing to a side (`role`), and why."""

    role: str
    unit_type: str
    unit_id: str
    reasons: tuple[str, ...]
    attributes: dict[str, Any]
    source_rows: tuple[SourceRow, ...]


@dataclass(frozen=True)
class PutAside:
    """A quarantined row and the rules that it broke. `instead` is the accepted row of the same key that stands, one of this
    cell; None: no row of the key was ever accepted, so that nobody can say the cell without opening the archive."""

    row: SourceRow
    rules: tuple[str, ...]
    instead: int | None


@dataclass(frozen=True)
class Excluded:
    """A page of the units of each side, how many there are for each role (`all`), and for each role and reason (a unit may have
    several), and all rows put aside that may belong to the cell."""

    units: tuple[ExcludedUnit, ...]
    all: dict[str, int]
    counts: dict[str, dict[str, int]]
    rows: tuple[PutAside, ...]


def excluded(settings: Settings, figure: Figure, *, limit: int | None, release_id: int | None = None) -> Excluded:
    """What is excluded from a figure that `warehouse.trace` has opened. `limit`: units of each side, None for all."""
    with psycopg.connect(conninfo(settings, role="bureau_evaluator")) as connection:
        top = build_of(connection, release_id)
        cell = [figure.indicator, figure.period, figure.geography, figure.breakdown_type, figure.breakdown]
        row = connection.execute(_UNITS, [*cell, top, limit]).fetchone()
        held = connection.execute(_PUT_ASIDE, [*cell, top]).fetchall()
        assert row is not None
        all_units, counted, page = row
        wanted = [row_id for one in page for row_id in one["source_rows"] or ()] + [one[0] for one in held]
        places = locate(connection, settings, wanted)
    counts: dict[str, dict[str, int]] = {}
    for one in counted:
        counts.setdefault(one["role"], {})[one["reason"]] = one["units"]
    return Excluded(
        tuple(
            ExcludedUnit(
                one["role"], one["unit_type"], one["unit_id"], tuple(one["reasons"]), one["attributes"],
                tuple(places[row_id] for row_id in one["source_rows"] or ()),
            )
            for one in page
        ),
        all_units,
        counts,
        tuple(PutAside(places[row_id], tuple(rules), instead) for row_id, rules, instead in held),
    )  # fmt: skip


_UNITS = """
    with found as materialized (
        select * from mart.trace_excluded(%s, %s, %s, %s, %s, null, up_to_build => %s)
    ),
    counted as (
        select f.role, e.reason, count(*) as units from found as f cross join lateral unnest(f.reasons) as e (reason)
        group by f.role, e.reason
    ),
    page as (
        select p.* from (select f.*, row_number() over (partition by f.role order by f.unit) as place from found as f) as p
        where p.place <= coalesce(%s, p.place)
        order by p.role desc, p.unit
    )
    select
        (
            select coalesce(jsonb_object_agg(r.role, r.units), '{}'::jsonb)
            from (select f.role, count(*) as units from found as f group by f.role) as r
        ),
        (select coalesce(jsonb_agg(to_jsonb(c) order by c.role desc, c.reason), '[]'::jsonb) from counted as c),
        (select coalesce(jsonb_agg(to_jsonb(p) order by p.role desc, p.unit), '[]'::jsonb) from page as p)
"""
_PUT_ASIDE = "select row_id, reasons, instead from mart.trace_put_aside(%s, %s, %s, %s, %s, %s)"
