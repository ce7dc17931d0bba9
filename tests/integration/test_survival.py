"""Survival against an estimator of another's making: Kaplan and Meier's, of scipy (lifelines does not go with pandas 3)."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from jinja2 import Environment
from scipy.stats import CensoredData, ecdf

from tests.conftest import Connect
from tests.integration.nights import LAST, City, rows
from tests.reference.catalogue import SECTORS
from tests.reference.fold import facts
from tests.reference.frame import months_later
from tests.reference.units import Entity
from warehouse.settings import PROJECT

pytestmark = pytest.mark.integration
FOR_EVER = 99


def year_of_life(born: date, exit_day: date) -> int:
    """The first year whose anniversary is not before the exit."""
    return next(year for year in range(1, FOR_EVER) if exit_day <= months_later(born, 12 * year))


def kaplan_meier(cohort: list[Entity]) -> dict[int, float]:
    """Share that survives each of the first seven years; who merged or split is under observation up to that year."""
    died = [year_of_life(e.estdate, e.exit) for e in cohort if e.exit and e.reason not in ("4", "5")]
    merged = [year_of_life(e.estdate, e.exit) for e in cohort if e.exit and e.reason in ("4", "5")]
    living = [FOR_EVER for e in cohort if not e.exit]
    estimate = ecdf(CensoredData(uncensored=died, right=[*merged, *living])).sf
    return {year: float(estimate.evaluate(year)) for year in range(8)}


def test_hazards_and_survival_are_kaplan_and_meiers(city: City, tmp_path: Path) -> None:
    cohorts: dict[int, list[Entity]] = defaultdict(list)
    for entity in facts(city.inbox(4, tmp_path), LAST, "520381").entities:
        if entity.sector in SECTORS and entity.born_here:
            cohorts[entity.estdate.year].append(entity)
    figures = {
        (indicator, int(period)): float(value)
        for indicator, period, value in rows(
            city.after(4),
            "select indicator, period, value from mart.indicator_values where geography = '520381' and breakdown_type = 'total' "
            "and (indicator like 'HAZ%%' or indicator like 'SURV_LEGAL%%') and value is not null",
        )
    }
    assert len(figures) == 2 * (7 + 5)
    compared = 0
    for (indicator, year), value in figures.items():
        k = int(indicator[-1])
        cohort = cohorts[year - k]
        known = kaplan_meier(cohort)
        if indicator.startswith("HAZ"):
            assert value / 100 == pytest.approx(1 - known[k] / known[k - 1], abs=1e-9), (indicator, year)
        elif not any(e.exit and e.reason in ("4", "5") for e in cohort):
            assert value / 100 == pytest.approx(known[k], abs=1e-9), (indicator, year)
            compared += 1
    assert compared
    assert len({value for (indicator, _), value in figures.items() if indicator.startswith("HAZ")}) > 5, "something dies"


def test_year_of_life_is_that_of_the_calendar(connect: Connect) -> None:
    macros = (PROJECT / "dbt_project" / "macros" / "age.sql").read_text(encoding="utf-8")
    expression = Environment(autoescape=False).from_string(macros + "{{ year_of_life('born', 'exit') }}").render()
    random = Random(29)
    births = [date(2008, 2, 29)] * 300 + [date(2007, 2, 28), date(2008, 12, 31)] * 100
    births += [date(2000, 1, 1) + timedelta(days=random.randrange(3600)) for _ in range(1000)]
    exits = [
        months_later(born, 12 * random.randrange(8)) + timedelta(days=random.choice((-1, 0, 0, 1, random.randrange(366))))
        for born in births
    ]
    pairs = [(born, max(born, exit_day)) for born, exit_day in zip(births, exits, strict=True)]
    query = f"select {expression} from unnest(%s::date[], %s::date[]) with ordinality as t (born, exit, place) order by place"
    found = connect().execute(query.encode(), [list(dates) for dates in zip(*pairs, strict=True)])
    assert [row[0] for row in found.fetchall()] == [year_of_life(*pair) for pair in pairs]
