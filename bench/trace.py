"""How long a figure, a row and a difference take to open: `python -m bench.trace --rows 1000000`.

A warehouse of that many registrations (bench.large_city). Measured are p50 and p95 of the first page of random cells, of a page
far behind and of a rare cell; of the totals, beside a bare sum over the same accounts; of `warehouse.trace` with the lines of the
archived file; of a random row's whole story; of why figures changed between two builds a month apart.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from bench.large_city import large_city
from warehouse.row_story import tell, tell_in
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings
from warehouse.trace import trace
from warehouse.why import vintage, why

PAGE = "select * from mart.trace_figure(%s, '2010', %s, %s, %s, 100, 0, %s, after_unit => %s)"
TOTAL = "select * from mart.trace_total(%s, '2010')"
FLOOR = "select count(*), sum(weight) from evidence.posting where account in ('entity.birth', 'entity.exit')"
CELLS = [("total", "total"), ("sector", "individual"), ("industry", "F"), ("founder_group", "01")]


def measured(what: str, rounds: int, ask: Callable[[], object], session: psycopg.Connection[Any] | None = None) -> None:
    """Print p50 and p95 of some rounds, in milliseconds, after one that is not counted: by the clock, and of a session the
    processor's time on both ends, which other work on the machine does not stretch."""
    ask()
    clock, used = [], []
    for _ in range(rounds):
        began, before = time.perf_counter(), _processor(session)
        ask()
        used.append(_processor(session) - before)
        clock.append((time.perf_counter() - began) * 1000)
    said = f"{what:50} clock p50 {statistics.median(clock):8.1f} p95 {_p95(clock):8.1f} ms"
    if session is not None:
        said += f"   processor p50 {statistics.median(used):7.1f} p95 {_p95(used):7.1f} ms"
    print(f"{said}   ({rounds} rounds)", flush=True)


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[18] if len(times) > 2 else max(times)


def _processor(session: psycopg.Connection[Any] | None) -> float:
    """Milliseconds that this process and the server's process of the session have been at work."""
    if session is None:
        return 0
    nanoseconds = Path(f"/proc/{session.info.backend_pid}/schedstat").read_text().split()[0]
    return time.process_time() * 1000 + int(nanoseconds) / 1e6


def figures(settings: Settings, rounds: int) -> None:
    """Pages and totals, in SQL and through the program."""
    draw = random.Random(1)
    with psycopg.connect(conninfo(settings, role="bureau_evaluator"), autocommit=True) as evaluator:
        towns = [row[0] for row in evaluator.execute("select distinct town from raw.registrations where town is not null")]
        _, last = _first(evaluator, "select min(unit_id), max(unit_id) from register.unit where unit_type = 'entity'")
        rare = _first(
            evaluator,
            "select geography, industry from evidence.posting where account = 'entity.birth' group by 1, 2 "
            "order by count(*), 1, 2 limit 1",
        )

        def page(indicator: str, place: str, cell: tuple[str, str], after: int = 0, by_weight: bool = False) -> None:
            found = evaluator.execute(PAGE, [indicator, place, *cell, by_weight, after]).fetchall()
            assert found or after, "the cell has units"

        measured("first page of the city", rounds, lambda: page("ENT_STK", "520381", draw.choice(CELLS)), evaluator)
        measured("first page of a town", rounds, lambda: page("ENT_STK", draw.choice(towns), draw.choice(CELLS)), evaluator)
        measured("first page of persons in the city", rounds, lambda: page("JOB_YOUNG", "520381", draw.choice(CELLS)), evaluator)
        measured("first page of the rarest cell", rounds, lambda: page("ENT_STK", rare[0], ("industry", rare[1])), evaluator)
        measured(
            "any page, by the unit before it",
            rounds,
            lambda: page("ENT_STK", "520381", CELLS[0], draw.randrange(last)),
            evaluator,
        )
        few = min(8, rounds)
        measured(
            "first page, the largest weights first", few, lambda: page("ENT_STK", "520381", CELLS[0], by_weight=True), evaluator
        )
        measured("total of ENT_STK of the city", few, lambda: evaluator.execute(TOTAL, ["ENT_STK"]).fetchall(), evaluator)
        measured("total of JOB_YOUNG of the city", few, lambda: evaluator.execute(TOTAL, ["JOB_YOUNG"]).fetchall(), evaluator)
        measured(
            "floor: a bare sum over the accounts of ENT_STK", few, lambda: evaluator.execute(FLOOR.encode()).fetchall(), evaluator
        )
    found = trace(settings, "ENT_STK", "2010")
    print(f"ENT_STK 2010: {found.numerator.unit_count:,} contributing units, {found.numerator.sum} = {found.figure.numerator}")
    measured("warehouse.trace: page, lines in the file, total", few, lambda: trace(settings, "ENT_STK", "2010"))


def stories(settings: Settings, rounds: int) -> None:
    """Rows of the large delivery, at random."""
    draw = random.Random(2)
    with psycopg.connect(conninfo(settings, role="bureau_evaluator"), autocommit=True) as evaluator:
        first, last = _first(evaluator, "select min(row_id), max(row_id) from raw.registrations")
    measured("a row's whole story, a session for each", rounds, lambda: tell(settings, draw.randint(first, last)))
    with psycopg.connect(conninfo(settings, role="bureau_evaluator"), autocommit=True) as evaluator:
        measured("a row's whole story", rounds, lambda: tell_in(evaluator, settings, draw.randint(first, last)), evaluator)


def reasons(settings: Settings, rounds: int) -> None:
    """Differences between the two builds."""
    old, new = vintage(settings, "B1"), vintage(settings, "B2")
    for indicator in ("ENT_STK", "ENT_NEW", "JOB_YOUNG"):
        ask = partial(why, settings, indicator, "2010", old, new)
        told = ", ".join(f"{one.cause} {one.units:,}" for one in ask().causes)
        assert "unexplained" not in told
        print(f"{indicator} moved by units: {told}")
        measured(f"why, {indicator}", rounds, ask)
        with psycopg.connect(conninfo(settings, role="bureau_evaluator"), autocommit=True) as evaluator:
            causes = partial(evaluator.execute, "select * from mart.figure_causes(%s, '2010', 1, 2)", [indicator])
            measured(f"its causes, {indicator}", rounds, causes, evaluator)


def _first(connection: psycopg.Connection[Any], statement: str) -> tuple[Any, ...]:
    row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return row


def main() -> None:
    """Make the warehouse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_350_000)
    parser.add_argument("--share", type=float, default=0.02, help="of what the second build brings")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--keep", type=Path, help="a folder for the warehouse, which is used again")
    given = parser.parse_args()
    began = time.perf_counter()
    with large_city(given.rows, given.share, given.keep) as settings:
        print(f"{given.rows:,} registrations and their postings at hand after {time.perf_counter() - began:.0f} s", flush=True)
        figures(settings, given.rounds)
        stories(settings, given.rounds)
        reasons(settings, min(5, given.rounds))


if __name__ == "__main__":
    main()
