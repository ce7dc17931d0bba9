"""Traced rows are taken out of their files: figures recomputed from the files change by what the ledger says of each row.

Many rows are taken away at once, in replaced deliveries, and the independent calculator counts all files anew, with and without
them. A row is judged by a figure in which nothing but its own units moved.
"""

from __future__ import annotations

import random
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import psycopg
import pytest

from ingest.spec import load_spec
from tests.extracts import write_extract
from tests.integration.moved import moved_units
from tests.integration.nights import LAST, City, play, rows
from tests.reference.figures import compute
from tests.reference.files import deliveries
from tests.reference.frame import Cell, CellKey
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings

pytestmark = pytest.mark.integration
ROWS_A_DELIVERY = 2**32
Sides = tuple[Fraction, Fraction]


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [200, 201])
def test_a_row_taken_away_changes_figures_by_what_the_ledger_says_of_it(city: City, tmp_path: Path, seed: int) -> None:
    """Half of the rows move a figure alone: more than 200 of both draws."""
    assert len(taken_away(city, tmp_path, seed, count=260)) > 100


def taken_away(city: City, folder: Path, seed: int, count: int) -> dict[int, CellKey]:
    """Take away so many traced rows, chosen at random; rows that move a figure alone, with it. Every figure that changes does so
    by what the ledger says of all its units."""
    home = city.from_night(4)
    inbox = city.inbox(4, folder)
    draw = random.Random(seed)
    traced = rows(
        home,
        """
        select distinct e.row_id
        from (
            select source_rows from evidence.posting
            group by account, unit_id, effective_date, until_date, period_grain, geography, geo_scope, applies_to, source_rows
            having sum(weight) <> 0
        ) as p cross join lateral unnest(p.source_rows) as e (row_id)
        order by 1
        """,
    )
    chosen = {row[0] for row in draw.sample(traced, count)}
    before = compute(inbox, LAST)
    leave_out(home, inbox, chosen)
    old = rows(home, "select max(build_id) from ledger.build where status = 'published'")[0][0]
    new = play(home, LAST, inbox)
    after = compute(inbox, LAST)
    changed = [key for key in before if sides(before[key]) != sides(after[key])]
    assert len(changed) > 5 * count
    draw.shuffle(changed)
    owners = chosen_rows_of_units(home, chosen)
    samples: dict[int, CellKey] = {}
    with psycopg.connect(conninfo(home, role="bureau_evaluator"), autocommit=True) as evaluator:
        for key in changed:
            moved = moved_units(evaluator, key, old, new)
            total = tuple(sum((one[side] for one in moved.values()), Fraction(0)) for side in (0, 1))
            was, now = sides(before[key]), sides(after[key])
            assert total == (now[0] - was[0], now[1] - was[1]), key
            named = {row for unit in moved for row in owners[unit]}
            if len(named) == 1 and all(owners[unit] for unit in moved):
                samples.setdefault(named.pop(), key)
    return samples


def leave_out(home: Settings, inbox: Path, chosen: set[int]) -> None:
    """Deliver the files of the chosen rows once more, without them."""
    files = {one.name: one for one in deliveries(inbox, "520381")}
    by_delivery: dict[int, set[int]] = defaultdict(set)
    for row in chosen:
        by_delivery[row // ROWS_A_DELIVERY].add(row % ROWS_A_DELIVERY)
    for delivery_id, name, sequence in rows(
        home, "select delivery_id, file_name, sequence from ledger.delivery where delivery_id = any(%s)", [list(by_delivery)]
    ):
        file = files[name]
        kept = [row for number, row in enumerate(file.rows, 1) if row and number not in by_delivery[delivery_id]]
        write_extract(load_spec(file.source), kept, inbox, file.business_date, sequence + 1, file.kind)


def chosen_rows_of_units(home: Settings, chosen: set[int]) -> dict[int, set[int]]:
    """The chosen rows that a unit's postings name, now or before."""
    found: dict[int, set[int]] = defaultdict(set)
    statement = (
        "select distinct p.unit_id, e.row_id from evidence.posting as p cross join lateral unnest(p.source_rows) as e (row_id) "
        "where e.row_id = any(%s)"
    )
    for unit, row in rows(home, statement, [list(chosen)]):
        found[unit].add(row)
    return found


def sides(cell: Cell) -> Sides:
    return cell.numerator, cell.denominator or Fraction(0)
