"""A clean delivery of the synthetic city raises no warning, and a drift is found in it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from expectations.usual import LEAST
from ingest.context import LoadContext
from tests.integration.expectations.city import city
from warehouse.synth import synthesise_nights

pytestmark = pytest.mark.integration
JUDGED = 2
KINDS = {"usual_rows", "fresh"}
"""What every delta of a day can drift in. Shares and sums are of twenty rows and amounts or more, which a day of so small a city
does not have in every seed: test_usual.py plants those."""


def test_the_first_nights_of_a_clean_city_raise_no_warning(ctx: LoadContext, tmp_path: Path) -> None:
    made = synthesise_nights(tmp_path, seed=7, scale=0.05, first=date(2010, 12, 29), last=date(2010, 12, 31), faults="clean")
    with city(ctx, tmp_path) as one:
        for night in made:
            one.judge(night.business_date)
    assert one.warned == []
    assert {"first_is_disbursement", "regno_known", "state_agrees_with_end", "delivery.no_gap"} <= one.judged


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_no_clean_city_raises_a_warning_and_each_drift_is_found(ctx: LoadContext, tmp_path: Path, seed: int) -> None:
    """Scale 1: full deliveries, deltas to learn from (of one city judged too), then two nights judged and one with drifts of
    three times the band."""
    made = synthesise_nights(tmp_path, seed=seed, scale=1, first=date(2010, 12, 13), last=date(2010, 12, 31), faults="clean")
    first, *days = [night.business_date for night in made]
    assert len(days) == LEAST + JUDGED + 2
    with city(ctx, tmp_path) as one:
        one.judge(first)
        for day in days[: LEAST + 1]:
            (one.judge if seed == 0 else one.teach)(day)
        for day in days[LEAST + 1 : -1]:
            one.judge(day)
        planted, missed = one.find_drifts(days[-1])
    assert one.warned == []
    assert missed == [] and planted >= KINDS
    assert {"delivery.usual_rows", "delivery.fresh", "delivery.keys_kept"} - one.judged == {"delivery.keys_kept"}
