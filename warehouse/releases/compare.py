"""A release held against a recomputation in another database: every figure, and every standing posting under its figures."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from math import isclose

from warehouse.figure import CELL
from warehouse.releases.chain import lines
from warehouse.releases.register import Connection, Release
from warehouse.releases.stored import Finding

Entry = tuple[bytes, tuple[str, ...]]
"""What is compared, and its values; lists of them are in the order of the first."""

_EXACT = ("availability", "value", "numerator", "denominator", "unit_count")
_CLOSE = ("standard_error", "ci_low", "ci_high")  # behind them: floats, the order of a sum moves their last digits
COMPARED = (*_EXACT, *_CLOSE)
"""Columns of a figure that must come out again, in the order of an entry's values."""
NONE = "\\N"
"""How a value that is missing is written."""


@dataclass(frozen=True)
class Comparison:
    """How many figures and standing postings were recomputed, and what differs."""

    figures: int
    postings: int
    findings: tuple[Finding, ...]


def compare(connection: Connection, release: Release, recomputed: Connection) -> Comparison:
    """Both sides are streamed: neither is held whole."""
    figures, wrong = _side_by_side(
        figures_of(connection, f"(select * from release.figure where release_id = {release.release_id}) as f"),
        figures_of(recomputed, "mart.indicator_values as f"),
    )
    postings, misplaced = _side_by_side(postings_of(connection, release.build_id), postings_of(recomputed))
    found = [Finding("recomputed", one) for one in wrong] + [Finding("recomputed_posting", one) for one in misplaced]
    return Comparison(figures, postings, tuple(found))


def compare_loosely(connection: Connection, release: Release, recomputed: Iterator[Entry]) -> tuple[int, list[Finding]]:
    """Against figures of an engine that divides otherwise: numbers may differ from the tenth digit on. Their count, and what
    differs."""
    count, wrong = _side_by_side(
        figures_of(connection, f"(select * from release.figure where release_id = {release.release_id}) as f"),
        recomputed,
        exact=1,
    )
    return count, [Finding("second_engine", one) for one in wrong]


def figures_of(connection: Connection, place: str) -> Iterator[Entry]:
    """Cell and compared columns of each figure. Which build wrote it, and P or R, are of the release alone."""
    numbers = ", ".join(f"trim_scale({name}::numeric)" for name in (*_EXACT[1:], *_CLOSE))
    cell = " || ' ' || ".join(CELL)
    return _entries(connection, f'select {cell}, availability, {numbers} from {place} order by ({cell}) collate "C"')


def postings_of(connection: Connection, up_to_build: int = 2**31 - 1) -> Iterator[Entry]:
    """Standing postings up to a build, with the units' own keys and the lines of deliveries: equal in two databases that know the
    same."""
    return _entries(connection, _POSTINGS.format(build=up_to_build))


_POSTINGS = """
    select said.posting, trim_scale(sum(said.weight)) from (
        select
            translate(
                row(
                    p.account, p.effective_date, p.until_date, p.period_grain, p.geography, p.geo_scope, p.applies_to, p.sector,
                    p.industry, p.founder_groups, p.sex, p.birth_year, p.psu, p.unit_type, u.unit_key,
                    array(
                        select concat_ws(' ', d.source, d.business_date, d.sequence) || ':' || (s.row_id & 4294967295)
                        from unnest(p.source_rows) as s (row_id)
                        left join ledger.delivery as d on s.row_id >> 32 = d.delivery_id
                        order by 1
                    )
                )::text,
                E'\\\\\\t\\n\\r\\x1f', '     '
            ) as posting,
            p.weight
        from evidence.posting as p
        left join register.unit as u on p.unit_type = u.unit_type and p.unit_id = u.unit_id
        where p.build_id <= {build}
    ) as said
    group by 1
    having sum(said.weight) <> 0
    order by said.posting collate "C"
"""


def _entries(connection: Connection, statement: str) -> Iterator[Entry]:
    for line in lines(connection, statement):
        first, *rest = line.split(b"\t")
        yield first, tuple(part.decode() for part in rest)


def _side_by_side(published: Iterator[Entry], recomputed: Iterator[Entry], exact: int = len(_EXACT)) -> tuple[int, list[str]]:
    """How many were recomputed, and what differs; of the values only the first ones must be equal to the last digit."""
    count, found = 0, []
    one, other = next(published, None), next(recomputed, None)
    while one is not None or other is not None:
        name = min(entry[0] for entry in (one, other) if entry is not None)
        said: tuple[str, ...] = ()
        again: tuple[str, ...] = ()
        if one is not None and one[0] == name:
            said, one = one[1], next(published, None)
        if other is not None and other[0] == name:
            again, other, count = other[1], next(recomputed, None), count + 1
        if wrong := [
            f"{a} ≠ {b}" for at, (a, b) in enumerate(zip_longest(said, again, fillvalue="-")) if not _same(at >= exact, a, b)
        ]:
            found.append(f"{name.decode()}: {', '.join(wrong)}")
    return count, found


def _same(may_be_close: bool, one: str, other: str) -> bool:
    if one == other:
        return True
    is_close = may_be_close and NONE not in (one, other) and "-" not in (one, other)
    return is_close and isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-9)
