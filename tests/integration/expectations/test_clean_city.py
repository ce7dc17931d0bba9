"""A clean delivery of the synthetic city raises no warning between rows, between sources or against history."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.integration.nights import arrive, load, rows
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import load_settings
from warehouse.synth import synthesise_nights

pytestmark = pytest.mark.integration


def warned(folder: Path, seed: int, scale: float, first: date, last: date) -> tuple[list[tuple[object, ...]], set[str]]:
    """Rules across rows and from history that failed in any night, and those that judged."""
    made = synthesise_nights(folder / "nights", seed=seed, scale=scale, first=first, last=last)
    settings = load_settings(home=folder / "home")
    prepare(settings)
    try:
        for night in made:
            arrive(folder / "nights", night.business_date, Path(settings.inbox_url))
            load(settings, night.business_date)
        found = rows(
            settings,
            "select d.file_name, r.rule, r.checked, r.failed, r.detail, r.observed, r.lower, r.upper, r.judged, r.passed "
            "from ledger.check_result as r inner join ledger.delivery as d using (delivery_id) where r.severity = 'warn' and ("
            "r.rule = any(%s) or r.rule ~ 'usual_' or r.rule = 'delivery.fresh')",
            [["first_is_disbursement", "repaid_within_lent", "relief_within_cap", "regno_known", "state_agrees_with_end",
              "delivery.keys_kept", "delivery.no_gap"]],
        )  # fmt: skip
    finally:
        postgres.stop(settings)
    return [row for row in found if not row[-1]], {str(row[1]) for row in found if row[-2]}


def test_a_clean_city_raises_no_warning(tmp_path: Path) -> None:
    broken, judged = warned(tmp_path, 7, 0.05, date(2010, 12, 29), date(2010, 12, 31))
    assert broken == []
    assert {"first_is_disbursement", "regno_known", "state_agrees_with_end", "delivery.no_gap"} <= judged


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_no_clean_city_raises_a_warning(tmp_path: Path, seed: int) -> None:
    broken, judged = warned(tmp_path, seed, 0.2, date(2010, 12, 9), date(2010, 12, 31))
    assert broken == []
    assert "delivery.usual_rows" in judged
