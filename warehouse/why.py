"""Why a figure changed between two builds: its difference, split by cause, to the last digit.

Every posting between the two builds belongs to a unit, and says which deliveries made the build look at that unit. The units'
differences are put together by cause and applied in one written order; a cause's part of the value is the change that it makes on
top of those before it, so the parts add up whatever the formula.
"""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import class_row

from warehouse.errors import BureauError
from warehouse.figure import Figure, Period, parse_breakdown
from warehouse.indicators import Indicator, load_indicator
from warehouse.releases.register import find_release
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings

# The order in which causes are applied.
ORDER = (
    "definition", "redelivery", "purge", "cancellation", "correction", "late_row", "new_row", "time", "boundary", "unexplained",
)  # fmt: skip


@dataclass(frozen=True)
class Vintage:
    """One side of the comparison: a build, and the release that showed it, if one was named."""

    build_id: int
    business_date: Any
    release_id: int | None


@dataclass(frozen=True)
class Moved:
    """What the units of one cause did to both sides, unscaled; `delivery` is the file that brought it, with its department."""

    cause: str
    department: str | None
    delivery: str | None
    units: int
    numerator: Decimal
    denominator: Decimal

    @property
    def place(self) -> tuple[int, str, str]:
        """Where it stands in the written order."""
        return ORDER.index(self.cause), self.department or "", self.delivery or ""


@dataclass(frozen=True)
class Cause(Moved):
    """`value` is what it adds to the figure on top of the causes before it."""

    value: Decimal | None


@dataclass(frozen=True)
class Why:
    """Old and new figure and the causes in order; the parts' numerators, denominators and values add up to the difference."""

    indicator: str
    period: str
    geography: str
    breakdown_type: str
    breakdown: str
    old: Figure
    new: Figure
    causes: tuple[Cause, ...]


def why(
    settings: Settings,
    name: str,
    period: str,
    old: Vintage,
    new: Vintage,
    *,
    geography: str | None = None,
    breakdown: str | None = None,
) -> Why:
    """Compare one figure at two builds. Raises BureauError when one of them does not have it, or the second is the older one."""
    if new.build_id < old.build_id:
        raise BureauError("why.backwards", old=old.build_id, new=new.build_id)
    indicator, when = load_indicator(name), Period.parse(period)
    cell = parse_breakdown(indicator, breakdown)
    place = geography or settings.region
    with psycopg.connect(conninfo(settings, role="bureau_evaluator"), autocommit=True) as connection:
        before, old_vintage = _figure_at(connection, indicator, when, place, cell, old.build_id)
        after, new_vintage = _figure_at(connection, indicator, when, place, cell, new.build_id)
        with connection.cursor(row_factory=class_row(Moved)) as cursor:
            moved = cursor.execute(_CAUSES, [name, when.label, old.build_id, new.build_id, place, *cell]).fetchall()
    rest = "boundary" if old_vintage != new_vintage else "unexplained"
    if before.method_version != after.method_version:
        rest = "definition"
    return Why(name, period, place, *cell, before, after, tuple(_parts(indicator, before, after, moved, rest)))


def vintage(settings: Settings, text: str) -> Vintage:
    """`R3` or `3` is release 3, `B7` build 7. Raises BureauError("why.bad_vintage")."""
    kind, digits = ("B", text[1:]) if text[:1] in "Bb" else ("R", text[1:] if text[:1] in "Rr" else text)
    if not digits.isdigit():
        raise BureauError("why.bad_vintage", given=text)
    with psycopg.connect(conninfo(settings, role="bureau_evaluator"), autocommit=True) as connection:
        release = find_release(connection, int(digits)) if kind == "R" else None
        row = connection.execute(
            "select build_id, business_date from ledger.build where build_id = %s and status = 'published'",
            [release.build_id if release else int(digits)],
        ).fetchone()
    if row is None:
        raise BureauError("why.bad_vintage", given=text)
    return Vintage(row[0], row[1], release.release_id if release else None)


def _figure_at(
    connection: psycopg.Connection[Any], indicator: Indicator, when: Period, place: str, cell: tuple[str, str], build_id: int
) -> tuple[Figure, str]:
    row = connection.execute(
        """
        select v.method_version, v.value, v.numerator, v.denominator, v.unit_count, v.availability, v.build_id,
            v.geography_vintage
        from evidence.indicator_value as v
        inner join ledger.build as b on v.build_id = b.build_id and b.status = 'published'
        where v.indicator = %s and v.period = %s and v.geography = %s and v.breakdown_type = %s and v.breakdown = %s
            and v.build_id <= %s and coalesce(v.geography = any((select ledger.geographies_as_of(%s))::text []), true)
        order by v.build_id desc, v.method_version desc limit 1
        """,
        [indicator.indicator, when.label, place, *cell, build_id, build_id],
    ).fetchone()
    if row is None:
        raise BureauError("why.not_yet", indicator=indicator.indicator, period=when.label, build=build_id)
    return Figure(indicator.indicator, row[0], when.label, place, *cell, *row[1:7]), row[7]


_CAUSES = "select cause, department, delivery, units, numerator, denominator from mart.figure_causes(%s, %s, %s, %s, %s, %s, %s)"


def _parts(indicator: Indicator, old: Figure, new: Figure, moved: list[Moved], rest: str) -> list[Cause]:
    """The causes in order, each with what it adds to the value; what the postings do not say is `rest`. Of another definition
    that is what it makes of the older postings, and of the scale: the first step."""
    numerator, denominator = old.numerator or Decimal(0), old.denominator or Decimal(0)
    left = (
        (new.numerator or Decimal(0)) - numerator - sum(one.numerator for one in moved),
        (new.denominator or Decimal(0)) - denominator - sum(one.denominator for one in moved),
    )
    if any(left) or rest == "definition":
        moved = [*moved, Moved(rest, None, None, 0, *left)]
    has_parts = indicator.denominator is not None
    found, before = [], old.value
    for place, one in enumerate(sorted(moved, key=lambda one: one.place), start=1):
        numerator, denominator = numerator + one.numerator, denominator + one.denominator
        # The last step ends at the figure as it was shown
        after = new.value if place == len(moved) else _value(indicator, numerator, denominator if has_parts else None)
        part = None if after is None or before is None else after - before
        found.append(Cause(**asdict(one), value=part))
        before = after
    return found


def _value(indicator: Indicator, numerator: Decimal, denominator: Decimal | None) -> Decimal | None:
    from decimal import ROUND_HALF_UP, localcontext

    with localcontext() as context:
        context.prec, context.rounding = 60, ROUND_HALF_UP
        if denominator is None:
            return round(numerator * indicator.scale, 12)
        return None if denominator == 0 else round(numerator * indicator.scale / denominator, 12)
