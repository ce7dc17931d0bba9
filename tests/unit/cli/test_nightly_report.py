"""What a night prints when it has ended."""

from dataclasses import replace
from datetime import date

import pytest

from ingest.accept import Outcome
from warehouse.cli.nightly import print_report
from warehouse.guard import FigureCheck
from warehouse.nightly import NightReport


def report(*days: date) -> NightReport:
    loads = tuple(
        Outcome(n, "loans", f"loans_520381_{day:%Y%m%d}_01.xlsx", day, 1, "accepted", 1, 1, 0, 0, None)
        for n, day in enumerate(days, start=1)
    )
    return NightReport(
        date(2010, 12, 31),
        loads,
        {"loans": "loaded"},
        reasons={},
        build_id=1,
        broken=(),
        failures=(),
        pages=None,
        seconds={"night": 1.0},
    )


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "2 business days, 2010-12-29 to 2010-12-31"), ("zh", "2010-12-29 至 2010-12-31 共 2")]
)
def test_a_backlog_says_that_it_made_one_build(capsys: pytest.CaptureFixture[str], lang: str, said: str) -> None:
    print_report(report(date(2010, 12, 29), date(2010, 12, 31)), lang)
    assert said in capsys.readouterr().out
    print_report(report(date(2010, 12, 31)), lang)
    assert said not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "a share of a whole lies within 0 and 100 (2 of 90)"), ("zh", "构成比例在 0 至 100 之间")]
)
def test_figures_that_cannot_be_right_are_named(capsys: pytest.CaptureFixture[str], lang: str, said: str) -> None:
    broken = FigureCheck(7, date(2010, 12, 31), "failed", "share_range", 90, 2, passed=False)
    print_report(replace(report(date(2010, 12, 31)), build_id=None, broken=(broken,)), lang)
    told = capsys.readouterr().out
    assert said in told and "7" in told
