"""The catalogue as data against what the calculator makes and what the product defines."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from warehouse.indicators import Indicator, load_indicators

from .catalogue import CATALOGUE, EXPECTED_MISSING
from .figures import compute

DEFINED = load_indicators()


def test_the_calculator_makes_every_cell_of_the_catalogue_and_no_other(tmp_path: Path) -> None:
    found = Counter((name, len(period), kind, member) for name, period, _, kind, member in compute(tmp_path, date(2009, 12, 31)))
    lengths = {"Y": (len("2009"), 1), "Q": (len("2009-Q1"), 4), "M": (len("2009-01"), 12)}
    places = 19
    expected: Counter[tuple[str, int, str, str]] = Counter()
    for name, its in CATALOGUE.items():
        for kind in its.kinds:
            for member in its.members(kind):
                for grain in its.grains:
                    length, periods = lengths[grain]
                    expected[name, length, kind, member] += periods * places
    assert found == expected


def test_every_indicator_of_the_catalogue_is_defined() -> None:
    assert DEFINED.keys() <= CATALOGUE.keys()
    assert CATALOGUE.keys() - DEFINED.keys() <= EXPECTED_MISSING, "only those of the list may be missing"


@pytest.mark.parametrize("indicator", DEFINED.values(), ids=lambda indicator: indicator.indicator)
def test_definitions_have_the_periods_and_breakdowns_of_the_catalogue(indicator: Indicator) -> None:
    its = CATALOGUE[indicator.indicator]
    assert set(indicator.periods) == set(its.grains)
    assert {"total", *indicator.breakdowns} == set(its.kinds)
