"""What a night prints when it has ended."""

from datetime import date

import pytest

from ingest.accept import Outcome
from warehouse.cli.nightly import print_report
from warehouse.nightly import NightReport


def report(*days: date) -> NightReport:
    loads = tuple(
        Outcome(n, "loans", f"loans_520381_{day:%Y%m%d}_01.xlsx", day, 1, "accepted", 1, 1, 0, 0, None)
        for n, day in enumerate(days, start=1)
    )
    return NightReport(
        date(2010, 12, 31), loads, {"loans": "loaded"}, reasons={}, build_id=1, failures=(), seconds={"night": 1.0}
    )


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "2 business days, 2010-12-29 to 2010-12-31"), ("zh", "2010-12-29 至 2010-12-31 共 2")]
)
def test_a_backlog_says_that_it_made_one_build(capsys: pytest.CaptureFixture[str], lang: str, said: str) -> None:
    print_report(report(date(2010, 12, 29), date(2010, 12, 31)), lang)
    assert said in capsys.readouterr().out
    print_report(report(date(2010, 12, 31)), lang)
    assert said not in capsys.readouterr().out
