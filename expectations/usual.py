"""Is a delivery like its predecessors? Measures of it, and the range that accepted deliveries have taught for each.

A range is the median ± the largest of: six times the spread (1.4826 × median absolute deviation), six times what chance alone
makes of counts and shares of that size, and a floor. Counts and sums are compared on their logarithm. Below `least_of` earlier
deliveries of the same kind nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log1p, sqrt
from statistics import median
from typing import Literal

from psycopg import sql

from expectations.facts import DeliveryFacts
from expectations.predicates import Place, array, literal, quoted
from expectations.standing import Before, Conn
from ingest.codes import allowed_codes, allowed_geographies
from ingest.ddl import partition_name
from ingest.hidden import SHORTEST_ID
from ingest.spec import ColumnSpec, SourceSpec

LEAST, MOST = 10, 60
_LEAST_SELDOM = {"window": 3, "quarter_end": 5}
"""Of sources that deliver once a year or a quarter: ten of them would take years."""
_SPREADS = 6.0
_FLOOR_LOG = 0.4  # a count or sum may be half as large again
_FLOOR_SHARE = 0.02
_FLOOR_DAYS = 7.0
_FEWEST_ROWS = 20  # of a delivery whose shares are judged, or with an amount whose sum is: of fewer they say nothing

Scale = Literal["count", "sum", "share", "days"]


@dataclass(frozen=True)
class Measure:
    """rule: the rule that judges it; sql: an aggregate over what `groups` makes of the delivery's rows."""

    name: str
    rule: str
    scale: Scale
    sql: str


@dataclass(frozen=True)
class Band:
    """The usual range of a measure, ends included."""

    lower: float
    upper: float


@dataclass(frozen=True)
class Usual:
    """What one rule judges: values by measure, and `[lower, upper]` of those with enough history."""

    observed: dict[str, float]
    bands: dict[str, list[float]]


def by_rule(measures: Sequence[Measure], observed: Mapping[str, float], bands: Mapping[str, Band]) -> dict[str, Usual]:
    """Values and bands for each rule of the measures."""
    found: dict[str, Usual] = {}
    for one in measures:
        usual = found.setdefault(one.rule, Usual({}, {}))
        if one.name in observed:
            usual.observed[one.name] = observed[one.name]
        if one.name in bands:
            usual.bands[one.name] = [bands[one.name].lower, bands[one.name].upper]
    return found


def measures_of(spec: SourceSpec, place: Place) -> tuple[Measure, ...]:
    """The measures of a source: rows, age of the newest date, shares of blanks and of agreed codes and towns, sums."""
    day, told = place.day.isoformat(), _told_apart(spec, place)
    found = [Measure("rows", "delivery.usual_rows", "count", "coalesce(sum(n), 0)")]
    if _event_dates(spec):
        found.append(Measure("age_days", "delivery.fresh", "days", f"date {literal(day)} - raw.as_date(max(newest))"))
    for column in spec.columns:
        name, rule = quoted(column.name), f"{column.name}.usual"
        if not column.required:
            blank = f"sum(n) filter (where {name} is null)" if column.name in told else f"sum({_blank(column)})"
            found.append(Measure(f"{column.name}.blank", f"{rule}_blanks", "share", _share(blank)))
        found += [
            Measure(f"{column.name}={code}", f"{rule}_codes", "share", _share(f"sum(n) filter (where {name} = {literal(code)})"))
            for code in told.get(column.name, ())
        ]
        if _is_summed(spec, column):
            total = f"sum({_sum(column)})"
            kept = f"sum({_some(column)}) >= {_FEWEST_ROWS} and abs({total}) < {SHORTEST_ID}"
            found.append(Measure(f"{column.name}.sum", f"{rule}_sum", "sum", f"case when {kept} then {total} end"))
    return tuple(found)


def groups(spec: SourceSpec, place: Place) -> str:
    """The one pass over a delivery (`{partition}` is to be filled in): what its rows come to for each combination of codes.

    A share of every code in one aggregate each would cost the pass more than all rules together; there are few combinations.
    """
    told = _told_apart(spec, place)
    made = [f"{_agreed(name, codes)} as {quoted(name)}" for name, codes in told.items()] + ["count(*) as n"]
    if dates := [f"max(case when raw.is_date({quoted(c.name)}) then {quoted(c.name)} end)" for c in _event_dates(spec)]:
        made.append(f"greatest({', '.join(dates)}) as newest")
    for column in spec.columns:
        if not column.required and column.name not in told:
            made.append(f"count(*) - count({quoted(column.name)}) as {_blank(column)}")
        if _is_summed(spec, column):
            amount = f"raw.as_decimal({quoted(column.name)})"
            made.append(f"sum({amount}) as {_sum(column)}, count(nullif({amount}, 0)) as {_some(column)}")
    grouped = f" group by {', '.join(str(number) for number in range(1, len(told) + 1))}" if told else ""
    return f"select {', '.join(made)} from {{partition}}{grouped}"


def _event_dates(spec: SourceSpec) -> list[ColumnSpec]:
    return [column for column in spec.columns if column.type == "date" and column.not_after_business_date]


def _is_summed(spec: SourceSpec, column: ColumnSpec) -> bool:
    """Amounts and counts, not numbers that tell records apart or say an age."""
    return column.is_number and column.name not in spec.key and not (column.type == "integer" and column.max)


def _told_apart(spec: SourceSpec, place: Place) -> dict[str, tuple[str, ...]]:
    """The columns whose every code has a share of its own, with the codes: code lists, and towns where they are no key."""
    lists = place.lists
    codes = {column.name: allowed_codes(column, lists.codes) for column in spec.columns if column.type == "code"}
    towns = {
        column.name: allowed_geographies(column, lists.geography, place.region, place.day)
        for column in spec.columns
        if column.type == "geography" and column.name not in spec.key
    }
    return codes | towns


def _agreed(name: str, codes: tuple[str, ...]) -> str:
    """The column, all that is no agreed code being one: a delivery may hold any number of others."""
    column = quoted(name)
    return f"case when {column} = any({array(codes)}) then {column} when {column} is not null then '' end"


def _blank(column: ColumnSpec) -> str:
    return quoted(f"{column.name}.blank")


def _sum(column: ColumnSpec) -> str:
    return quoted(f"{column.name}.sum")


def _some(column: ColumnSpec) -> str:
    """Rows with an amount: the sum of a single one would be its cell."""
    return quoted(f"{column.name}.some")


def _share(counted: str) -> str:
    return f"coalesce({counted}, 0) / nullif(sum(n), 0)"


def measure(
    connection: Conn, spec: SourceSpec, delivery: DeliveryFacts, measures: Sequence[Measure], place: Place
) -> dict[str, float]:
    """The delivery's measures, in one pass; shares of very few rows and sums of very few amounts stay out."""
    listed = ", ".join(f"({one.sql})::double precision" for one in measures)
    table = f"raw.{partition_name(spec, delivery.delivery_id)}"
    connection.execute("set local jit = off")
    statement = f"select array[{listed}] from ({groups(spec, place).replace('{partition}', table)}) as grouped"
    row = connection.execute(sql.SQL(statement)).fetchone()  # from the project's own specs, not from a delivery
    values = row[0] if row else []
    few = delivery.rows < _FEWEST_ROWS
    return {
        one.name: float(value)
        for one, value in zip(measures, values, strict=True)
        if value is not None and not (few and one.scale == "share")
    }


def history(connection: Conn, spec: SourceSpec, delivery: DeliveryFacts, past: Before) -> dict[str, list[tuple[float, float]]]:
    """`(value, rows)` of each measure in the newest accepted deliveries of the same kind before the delivery's day."""
    rows = connection.execute(
        "with earlier as (select delivery_id, rows_in_file from ledger.delivery where source = %s and region = %s and kind = %s "
        "and status = 'accepted' and business_date < %s order by business_date desc limit %s) "
        "select m.measure, m.value::double precision, e.rows_in_file from earlier as e "
        "inner join ledger.delivery_measure as m using (delivery_id)",
        [spec.name, delivery.region, past.kind, delivery.business_date, MOST],
    ).fetchall()
    found: dict[str, list[tuple[float, float]]] = {}
    for name, value, count in rows:
        found.setdefault(name, []).append((float(value), float(count)))
    return found


def least_of(spec: SourceSpec) -> int:
    """How many earlier deliveries teach a band."""
    return _LEAST_SELDOM.get(spec.calendar.kind, LEAST)


def bands_of(
    measures: Sequence[Measure], past: Mapping[str, Sequence[tuple[float, float]]], rows: int, least: int = LEAST
) -> dict[str, Band]:
    """The band of each measure with enough history, for a delivery of so many rows."""
    return {one.name: band(one.scale, past[one.name], rows) for one in measures if len(past.get(one.name, ())) >= least}


def band(scale: Scale, past: Sequence[tuple[float, float]], rows: int) -> Band:
    """The usual range for a delivery of `rows` rows; `past`: values of earlier ones, with their rows."""
    if scale in ("count", "sum"):
        logs = [log1p(max(value, 0.0)) for value, _ in past]
        middle = median(logs)
        usual = exp(middle) if scale == "count" else median(count for _, count in past)
        chance = 1.0 / sqrt(max(min(usual, float(rows or 1)) if scale == "sum" else usual, 1.0))
        half = max(_SPREADS * _spread(logs), _SPREADS * chance * (2.0 if scale == "sum" else 1.0), _FLOOR_LOG)
        return Band(max(exp(middle - half) - 1, 0.0), exp(middle + half) - 1)
    values = [value for value, _ in past]
    middle = median(values)
    if scale == "days":
        half = max(_SPREADS * _spread(values), _FLOOR_DAYS)
        return Band(min(0.0, middle - half), middle + half)
    # Of all rows of the past together: a median over small deliveries is 0 for what is rare
    seen = sum(count for _, count in past)
    share = sum(value * count for value, count in past) / seen if seen else middle
    chance = sqrt(max(share * (1 - share), 1.0 / max(seen, 1.0)) / max(rows, 1))
    spread = max(0.0, _spread(values) - sqrt(share * (1 - share) * len(past) / max(seen, 1.0)))
    half = max(_SPREADS * (chance + spread), _FLOOR_SHARE)
    return Band(max(share - half, 0.0), min(share + half, 1.0))


def _spread(values: Sequence[float]) -> float:
    middle = median(values)
    return 1.4826 * median(abs(value - middle) for value in values)
