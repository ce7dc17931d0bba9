"""Plausibility: what accepted deliveries have taught finds a drift, and finds nothing where there is none."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

from expectations import DeliveryFacts, check, rules_of
from expectations.usual import LEAST
from ingest.accept import Verdict, accept
from ingest.context import LoadContext
from ingest.spec import load_spec
from ingest.take_in import take_in
from tests.extracts import fixture_rows, write_extract

pytestmark = pytest.mark.integration
EMPLOYMENT = load_spec("employment")
FIRST = date(2010, 11, 1)


def rows(rng: Random, count: int, day: date, *, blank: float = 0.2, men: float = 0.5, age: int = 2) -> list[dict[str, str]]:
    one = fixture_rows("employment", "good")[0]
    return [
        one
        | {
            "AAC001": f"P{rng.randrange(10**9)}",
            "AAE030": f"{day - timedelta(days=age + rng.randrange(200)):%Y%m%d}",
            "TOWN": "" if rng.random() < blank else "520381001",
            "AAC004": "1" if rng.random() < men else "2",
        }
        for _ in range(count)
    ]


def judged(ctx: LoadContext, found: list[dict[str, str]], day: date) -> tuple[int, Verdict]:
    write_extract(EMPLOYMENT, found, Path(ctx.inbox), day=day, kind="delta")
    (number,) = take_in(ctx, EMPLOYMENT, day)
    return number, check(ctx.conninfo, EMPLOYMENT, DeliveryFacts(number, ctx.region, day, len(found)))


def usual(verdict: Verdict, day: date, region: str) -> tuple[set[str], set[str]]:
    """Rules that compare with history: those that judged, and those that are broken."""
    ids = {rule.id for rule in rules_of(EMPLOYMENT, day, region) if rule.kind == "usual"}
    assert ids <= {one.rule for one in verdict.checks}
    found = [one for one in verdict.checks if one.rule in ids]
    return {one.rule for one in found if one.judged}, {one.rule for one in found if not one.passed}


def find_drift(ctx: LoadContext, seed: int) -> None:
    rng, day = Random(seed), FIRST
    for _ in range(LEAST):
        number, verdict = judged(ctx, rows(rng, rng.randint(380, 420), day), day)
        assert usual(verdict, day, ctx.region) == (set(), set()), "too little history: nothing is said"
        accept(ctx, EMPLOYMENT, number, verdict)
        day += timedelta(days=1)
    number, verdict = judged(ctx, rows(rng, 400, day), day)
    said, broken = usual(verdict, day, ctx.region)
    assert broken == set() and {"delivery.usual_rows", "town.usual_blanks", "aac004.usual_codes", "delivery.fresh"} <= said
    bands = {one.detail: (one.lower, one.upper) for one in verdict.checks if one.lower is not None and one.upper is not None}
    accept(ctx, EMPLOYMENT, number, verdict)

    def three_times(measure: str | None) -> float:
        lower, upper = bands[measure]
        return (lower + upper) / 2 + 3 * (upper - lower) / 2

    day += timedelta(days=1)
    count, blank, age = round(three_times("rows")), three_times("town.blank"), round(three_times("age_days"))
    code = next(name for name in bands if name and name.startswith("aac004="))
    men = three_times(code) if code.endswith("=1") else 1 - three_times(code)
    assert 0 < blank < 1
    _, verdict = judged(ctx, rows(rng, count, day, blank=blank, men=min(max(men, 0), 1), age=age), day)
    _, broken = usual(verdict, day, ctx.region)
    assert broken == {"delivery.usual_rows", "delivery.fresh", "town.usual_blanks", "town.usual_codes", "aac004.usual_codes"}
    found = {one.rule: one for one in verdict.checks}["town.usual_blanks"]
    assert found.detail == "town.blank" and found.upper is not None and found.observed is not None
    assert found.observed > found.upper and found.severity == "warn" and verdict.refusals == ()


def find_drift_of_sums(ctx: LoadContext, seed: int) -> None:
    loans, rng, one = load_spec("loans"), Random(seed), fixture_rows("loans", "good")[0]

    def judge(times: float, day: date) -> tuple[int, Verdict]:
        amounts = [f"{times * rng.lognormvariate(10, 0.8):.2f}" for _ in range(rng.randint(90, 110))]
        found = [one | {"合同号": f"C{rng.randrange(10**9)}", "金额": amount} for amount in amounts]
        write_extract(loans, found, Path(ctx.inbox), day=day, kind="delta")
        (number,) = take_in(ctx, loans, day)
        return number, check(ctx.conninfo, loans, DeliveryFacts(number, ctx.region, day, len(found)))

    for days in range(LEAST + 1):
        number, verdict = judge(1, FIRST + timedelta(days=days))
        assert all(one.passed for one in verdict.checks)
        accept(ctx, loans, number, verdict)
    last = next(one for one in verdict.checks if one.rule == "amount_cny.usual_sum")
    assert last.observed and last.lower and last.upper and last.judged
    middle, reach = (last.lower + last.upper) / 2, 3 * (last.upper - last.lower) / 2
    _, verdict = judge((middle + reach) / last.observed, FIRST + timedelta(days=LEAST + 1))
    assert {one.rule for one in verdict.checks if not one.passed} == {"amount_cny.usual_sum"}


def test_a_drift_is_found_and_nothing_else(ctx: LoadContext) -> None:
    find_drift(ctx, 1)


def test_a_drift_of_sums_is_found_and_nothing_else(ctx: LoadContext) -> None:
    find_drift_of_sums(ctx, 1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 22))
def test_a_drift_of_sums_is_found_in_every_seed(ctx: LoadContext, seed: int) -> None:
    find_drift_of_sums(ctx, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 22))
def test_a_drift_is_found_in_every_seed(ctx: LoadContext, seed: int) -> None:
    find_drift(ctx, seed)


def test_measures_are_kept_without_cells(ctx: LoadContext) -> None:
    rng = Random(3)
    number, verdict = judged(ctx, rows(rng, 30, FIRST), FIRST)
    accept(ctx, EMPLOYMENT, number, verdict)
    with ctx.connect() as connection:
        written = dict(connection.execute("select measure, value from ledger.delivery_measure").fetchall())
    assert written["rows"] == 30 and 0 < written["town.blank"] < 1
    assert not any("P" in name or "U01" in name for name in written)
    few, verdict = judged(ctx, rows(rng, 3, FIRST), FIRST + timedelta(days=1))
    accept(ctx, EMPLOYMENT, few, verdict)
    with ctx.connect() as connection:
        names = {
            row[0] for row in connection.execute("select measure from ledger.delivery_measure where delivery_id = %s", [few])
        }
    assert names == {"rows", "age_days"}, "the sum of one row is its cell"


@pytest.mark.parametrize(
    ("amounts", "kept"), [([], False), (["4321.5"], False), (["1"] * 25, True), (["520381710101001"] + ["1"] * 25, False)]
)
def test_a_sum_is_kept_where_it_is_of_many_amounts(ctx: LoadContext, amounts: list[str], kept: bool) -> None:
    """The sum of a single amount is its cell, and one with an id of a person among the amounts says the id."""
    loans = load_spec("loans")
    one = fixture_rows("loans", "good")[0]
    (column,) = (column.delivered for column in loans.columns if column.name == "amount_cny")
    found = [
        one | {"合同号": f"C{number}", column: amount} for number, amount in enumerate([*amounts, *["0"] * (30 - len(amounts))])
    ]
    write_extract(loans, found, Path(ctx.inbox), day=FIRST, kind="delta")
    (number,) = take_in(ctx, loans, FIRST)
    accept(ctx, loans, number, check(ctx.conninfo, loans, DeliveryFacts(number, ctx.region, FIRST, len(found))))
    with ctx.connect() as connection:
        written = dict(connection.execute("select measure, value from ledger.delivery_measure").fetchall())
    assert written["rows"] == 30 and ("amount_cny.sum" in written) is kept
