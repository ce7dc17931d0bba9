"""What the ledger says of a figure between two builds: its units, and by how much each moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import psycopg


def moved_units(evaluator: psycopg.Connection[Any], key: Sequence[str], old: int, new: int) -> dict[int, list[Fraction]]:
    """Number of each unit whose weight in the cell moved → by how much in numerator and denominator."""
    indicator, period, geography, kind, member = key
    found: dict[int, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for place, side in enumerate(("numerator", "denominator")):
        row = evaluator.execute(
            "select evidence.counted_postings(%s, %s, %s, %s, %s, %s, %s, %s)",
            [indicator, side, period, geography, kind, member, new, old],
        ).fetchone()
        assert row is not None
        if row[0] is None:
            continue
        statement = f"select unit_id, sum(counted) from ({row[0]}) as c group by unit_id having sum(counted) <> 0"
        for unit, weight in evaluator.execute(statement.encode()):
            assert isinstance(unit, int) and isinstance(weight, Decimal)
            found[unit][place] += Fraction(weight)
    return dict(found)
