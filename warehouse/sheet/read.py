"""What stands on an evidence sheet, read as an evaluator."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import class_row

from warehouse.errors import BureauError
from warehouse.figure import Figure, Period, find, parse_breakdown
from warehouse.indicators import Indicator, load_indicator, load_indicators
from warehouse.lineage.read import Build, Input, build_of, inputs_of, newest_build
from warehouse.releases.register import Release, find_release
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings

Connection = psycopg.Connection[Any]

TREND = 12
"""So many periods of the same kind, up to the figure's own."""


@dataclass(frozen=True)
class Target:
    """A target beside its actual, as mart.target_progress has it; `value` in the unit of the indicator."""

    target: str
    indicator: str
    geography: str
    period: str
    direction: str
    value: Decimal | None
    is_met: bool | None
    name_zh: str
    name_en: str
    source: str


@dataclass(frozen=True)
class Point:
    """A figure of the trend."""

    period: str
    value: Decimal | None


@dataclass(frozen=True)
class Town:
    """What a town's units bring to the numerator: `rows` are distinct delivered rows behind them."""

    geography: str
    name_zh: str
    name_en: str
    units: int
    weight: Decimal
    rows: int


@dataclass(frozen=True)
class SourceChecks:
    """What the rules said of a source's deliveries: `warnings` are rules that were broken and only warned of."""

    source: str
    deliveries: int
    rules: int
    warnings: int
    rows: int
    put_aside: int


@dataclass(frozen=True)
class Approval:
    """A release that holds the figure, and what a person said of it; `value` is the one that it froze."""

    release_id: int
    title: str
    value: Decimal | None
    approved: bool | None
    decided_by: str | None
    decided_at: datetime | None
    hash: str


@dataclass(frozen=True)
class Sheet:
    """Everything on the sheet. `towns` add up to the numerator; `identifier` names the figure for good; `release` is the one that
    the figure was asked of, None: the figure is the one that people see now."""

    identifier: str
    indicator: Indicator
    figure: Figure
    target: Target | None
    trend: tuple[Point, ...]
    towns: tuple[Town, ...]
    build: Build
    inputs: tuple[Input, ...]
    checks: tuple[SourceChecks, ...]
    approvals: tuple[Approval, ...]
    release: Release | None = None


def sheet(
    settings: Settings,
    name: str,
    period: str | None = None,
    geography: str | None = None,
    breakdown: str | None = None,
    release_id: int | None = None,
) -> Sheet:
    """The sheet of a target (its own period and geography unless said), or of an indicator and a period; as it stands now, or as
    a release froze it.

    Raises BureauError when there is no such target, indicator, period, figure or release.
    """
    with psycopg.connect(conninfo(settings, role="bureau_evaluator")) as connection:
        target = _target(connection, name)
        indicator = _indicator(name, target)
        wanted = period or (target.period if target else None)
        if wanted is None:
            raise BureauError("sheet.no_period", indicator=name)
        when = Period.parse(wanted)
        place = geography or (target.geography if target else settings.region)
        release = None if release_id is None else find_release(connection, release_id)
        figure = find(connection, indicator, when, place, parse_breakdown(indicator, breakdown), release_id)
        if target is None:
            target = _target_of(connection, figure)
        elif (target.period, target.geography) != (figure.period, figure.geography) or figure.breakdown_type != "total":
            target = None  # the threshold is another figure's
        if target is not None and release is not None:
            target = _as_frozen(target, figure)
        build = newest_build(connection) if release is None else build_of(connection, release.build_id)
        inputs = inputs_of(connection, build.build_id, indicator.needs)
        return Sheet(
            identifier=identifier(figure, settings.region),
            indicator=indicator,
            figure=figure,
            target=target,
            trend=_trend(connection, figure, when, release_id),
            towns=_towns(connection, figure, build.build_id),
            build=build,
            inputs=inputs,
            checks=_checks(connection, [one.delivery_id for one in inputs]),
            approvals=_approvals(connection, figure),
            release=release,
        )


def identifier(figure: Figure, region: str) -> str:
    """A name for good: region, indicator, method, period, geography, member, and the build that last changed the figure."""
    parts = (region, figure.indicator, figure.method_version, figure.period, figure.geography)
    return f"bureau:{'/'.join(parts)}/{figure.breakdown_type}={figure.breakdown}@B{figure.build_id}"


_TARGET = (
    "select target, indicator, geography, period, direction, target_value as value, is_met, name_zh, name_en, source "
    "from mart.target_progress where "
)


def _target(connection: Connection, name: str) -> Target | None:
    with connection.cursor(row_factory=class_row(Target)) as cursor:
        return cursor.execute((_TARGET + "target = %s").encode(), [name]).fetchone()


def _target_of(connection: Connection, figure: Figure) -> Target | None:
    if figure.breakdown_type != "total":
        return None
    with connection.cursor(row_factory=class_row(Target)) as cursor:
        return cursor.execute(
            (_TARGET + "indicator = %s and period = %s and geography = %s order by target limit 1").encode(),
            [figure.indicator, figure.period, figure.geography],
        ).fetchone()


def _as_frozen(target: Target, figure: Figure) -> Target:
    """Whether a frozen figure meets the target; a comparison with the year before is left open: it is the present figures'."""
    if target.value is None or figure.value is None or target.direction not in ("at_least", "at_most"):
        return replace(target, is_met=None)
    reaches = figure.value >= target.value if target.direction == "at_least" else figure.value <= target.value
    return replace(target, is_met=reaches)


def _indicator(name: str, target: Target | None) -> Indicator:
    if target is None and name not in load_indicators():
        raise BureauError("sheet.unknown", name=name)
    return load_indicator(target.indicator if target else name)


def _trend(connection: Connection, figure: Figure, period: Period, release_id: int | None) -> tuple[Point, ...]:
    place = "mart.indicator_values where true" if release_id is None else f"release.figure where release_id = {release_id}"
    with connection.cursor(row_factory=class_row(Point)) as cursor:
        found = cursor.execute(
            f"""
            select period, value from {place}
                and indicator = %s and method_version = %s and geography = %s and breakdown_type = %s and breakdown = %s
                and period_grain = %s and period <= %s
            order by period desc limit %s
            """.encode(),
            [
                figure.indicator,
                figure.method_version,
                figure.geography,
                figure.breakdown_type,
                figure.breakdown,
                period.grain,
                figure.period,
                TREND,
            ],
        ).fetchall()
    return tuple(reversed(found))


def _towns(connection: Connection, figure: Figure, build_id: int) -> tuple[Town, ...]:
    with connection.cursor(row_factory=class_row(Town)) as cursor:
        found = cursor.execute(
            """
            with unit as (
                select coalesce(f.attributes ->> 'geography', %(geography)s) as geography, f.weight, f.source_rows
                from mart.trace_figure(
                    %(indicator)s, %(period)s, %(geography)s, %(kind)s, %(member)s, null, up_to_build => %(build)s
                ) as f
                where f.role = 'numerator'
            ),
            summed as (select geography, count(*) as units, sum(weight) as weight from unit group by geography),
            behind as (
                select u.geography, count(distinct e.row_id) as row_count
                from unit as u cross join lateral unnest(u.source_rows) as e (row_id)
                group by u.geography
            )
            select
                s.geography, coalesce(g.name_zh, s.geography) as name_zh, coalesce(g.name_en, s.geography) as name_en,
                s.units, s.weight, coalesce(b.row_count, 0) as rows
            from summed as s
            left join behind as b on s.geography = b.geography
            left join lateral (
                select d.name_zh, d.name_en from mart.dim_geography as d
                where d.geography = s.geography order by d.valid_from desc nulls last limit 1
            ) as g on true
            order by s.geography
            """,
            {
                "indicator": figure.indicator,
                "period": figure.period,
                "geography": figure.geography,
                "kind": figure.breakdown_type,
                "member": figure.breakdown,
                "build": build_id,
            },
        ).fetchall()
    return tuple(found)


def _checks(connection: Connection, deliveries: list[int]) -> tuple[SourceChecks, ...]:
    with connection.cursor(row_factory=class_row(SourceChecks)) as cursor:
        found = cursor.execute(
            """
            with said as (
                select delivery_id, count(*) as rules, count(*) filter (where severity = 'warn' and failed > 0) as warnings
                from ledger.check_result
                group by delivery_id
            )
            select
                d.source, count(*) as deliveries, coalesce(sum(s.rules), 0)::bigint as rules,
                coalesce(sum(s.warnings), 0)::bigint as warnings, sum(d.rows_in_file)::bigint as rows,
                sum(d.rows_quarantined)::bigint as put_aside
            from ledger.delivery as d left join said as s on d.delivery_id = s.delivery_id
            where d.delivery_id = any(%s)
            group by d.source order by d.source
            """,
            [deliveries],
        ).fetchall()
    return tuple(found)


def _approvals(connection: Connection, figure: Figure) -> tuple[Approval, ...]:
    with connection.cursor(row_factory=class_row(Approval)) as cursor:
        found = cursor.execute(
            """
            select r.release_id, r.title, f.value, d.approved, d.decided_by, d.decided_at, f.hash
            from release.figure as f
            inner join release.release as r on f.release_id = r.release_id
            left join release.decision as d on f.release_id = d.release_id
            where f.indicator = %s and f.method_version = %s and f.period = %s and f.geography = %s
                and f.breakdown_type = %s and f.breakdown = %s
            order by r.release_id
            """,
            [
                figure.indicator,
                figure.method_version,
                figure.period,
                figure.geography,
                figure.breakdown_type,
                figure.breakdown,
            ],
        ).fetchall()
    return tuple(found)
