"""What a release says differently from the approved one before it: figures that are lost, totals that moved beyond the band."""

from dataclasses import dataclass
from decimal import Decimal

from warehouse.figure import CELL
from warehouse.releases.register import Connection, Release, find_release

_MANY_UNITS = 30
SAME = " and ".join(f"n.{name} = o.{name}" for name in CELL if name != "method_version")
"""SQL: `n` and `o` are one figure; a new method version goes on with the series of the old one."""


@dataclass(frozen=True)
class Move:
    """A figure that is not what the last release said: `new` None is one that is lost."""

    figure: str
    old: Decimal | None
    new: Decimal | None


@dataclass(frozen=True)
class Sides:
    """The figures of both releases, as relations of SQL."""

    old: str
    new: str


STAGED = Sides("pg_temp.old", "pg_temp.new")
"""Those of a release that is being made."""


def lost_figures(connection: Connection, sides: Sides) -> list[Move]:
    """Figures, or values of figures, that are not there any more; those of a town that is not on the list any more had to go."""
    ended = f"not exists (select from {sides.new} as s where s.geography = o.geography)"
    return _moves(
        connection, sides, f"case when n.indicator is null then not {ended} else n.value is null and o.value is not null end"
    )


def moved_totals(connection: Connection, sides: Sides, band_pct: Decimal) -> list[Move]:
    """Totals that moved by more than the band. A figure of few units moves a lot by one of them: that is no sign of an error."""
    return _moves(
        connection,
        sides,
        "o.breakdown_type = 'total' and o.unit_count >= %s and abs(n.value - o.value) > %s / 100 * greatest(abs(o.value), 1)",
        [_MANY_UNITS, band_pct],
    )


def moves_of(connection: Connection, release: Release, band_pct: Decimal) -> list[Move]:
    """Totals of a release that moved by more than the band since the one before it: what its reason has to explain."""
    if release.previous_release is None:
        return []
    before = find_release(connection, release.previous_release)
    return moved_totals(connection, Sides(_frozen(before), _frozen(release)), band_pct)


def _frozen(release: Release) -> str:
    return (
        f"(select f.* from release.figure as f inner join evidence.versions_in_force({release.build_id}) as v "
        f"using (indicator, method_version) where f.release_id = {release.release_id})"
    )


def _moves(connection: Connection, sides: Sides, condition: str, values: list[object] | None = None) -> list[Move]:
    names = " || ' ' || ".join(f"o.{name}" for name in CELL)
    rows = connection.execute(
        f"select {names}, o.value, n.value from {sides.old} as o left join {sides.new} as n on {SAME} "
        f"where {condition} order by 1".encode(),
        values or [],
    ).fetchall()
    return [Move(*row) for row in rows]


def listed(moves: list[Move], mark: str = "  ", most: int = 20) -> str:
    """The moves for reading, a line each that begins with `mark`."""
    lines = [f"{one.figure}: {_text(one.old)} → {_text(one.new)}" for one in moves[:most]]
    return "\n".join(mark + line for line in [*lines, *(["…"] if len(moves) > most else [])])


def _text(value: Decimal | None) -> str:
    return "-" if value is None else f"{value.normalize():f}"
