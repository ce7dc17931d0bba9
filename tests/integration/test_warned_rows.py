"""Accepted rows that are warned of: which they are is kept, and the department can be told."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from ingest.spec import load_spec
from tests.extracts import fixture_rows, resident_id, write_extract
from tests.integration.nights import rows
from warehouse.cli import LazyGroup
from warehouse.night import accept, take_in
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings

pytestmark = pytest.mark.integration
LOANS = load_spec("loans")
FIRST, SECOND = date(2010, 12, 30), date(2010, 12, 31)
UNKNOWN, NAME, IDENT = "520381200000016", "慕容泄漏", resident_id("52038119760117123")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Two nights of loans that nothing is put aside of but one row."""
    settings = load_settings(home=tmp_path_factory.mktemp("home"))
    prepare(settings)
    one = fixture_rows("loans", "good")[0] | {"借款人姓名": NAME, "借款人证件号": IDENT}
    lent, paid = one | {"事件序号": "1", "事件": "放款", "金额": "1000"}, one | {"事件": "还款", "到期日": "", "金额": "600"}
    first = [
        lent | {"合同号": "A", "到期日": ""},  # a disbursement without its due date
        lent | {"合同号": "B", "注册号": UNKNOWN, "事件日期": "20101101"},  # a number that nobody knows
        paid | {"合同号": "A", "事件序号": "2"},
        lent | {"合同号": "C", "注册号": UNKNOWN, "事件日期": "20101201"},  # one that has time yet
        lent | {"合同号": "C", "注册号": UNKNOWN, "事件日期": "20101201"},
        lent | {"合同号": "D", "金额": "much", "到期日": ""},
    ]
    second = [paid | {"合同号": "A", "事件序号": "3"}]  # 1,200 of 1,000
    try:
        with warnings.catch_warnings():  # of the library's own imports
            warnings.simplefilter("ignore")
            import great_expectations  # noqa: F401
        deliver(settings, "registrations", fixture_rows("registrations", "good")[:1], FIRST, "full")
        deliver(settings, "loans", first, FIRST, "delta")
        deliver(settings, "loans", second, SECOND, "delta")
        yield settings
    finally:
        postgres.stop(settings)


def deliver(settings: Settings, source: str, found: list[dict[str, str]], day: date, kind: str) -> None:
    write_extract(load_spec(source), found, Path(settings.inbox_url), day, kind=kind)
    take_in(settings, source, day)
    accept(settings, source, day)


def bureau(settings: Settings, *words: str) -> Result:
    environment = {"BUREAU_HOME": str(settings.home), "BUREAU_LANG": "en"}
    result = CliRunner().invoke(LazyGroup("bureau"), ["quarantine", *words], env={**os.environ, **environment})
    assert result.exit_code == 0, result.output
    return result


def test_which_rows_are_warned_of_is_kept(home: Settings) -> None:
    found = rows(
        home,
        "select w.row_id >> 32 = w.delivery_id, w.row_id & (2 ^ 32 - 1)::bigint, w.rule from quarantine.warned as w "
        "inner join ledger.delivery as d using (delivery_id) where d.source = 'loans' order by w.delivery_id, 2, 3",
    )
    assert [row for row in found if row[2] != "regno_check"] == [
        (True, 1, "due_date_given"),
        (True, 2, "regno_known"),
        (True, 4, "delivery.key_repeated"),
        (True, 1, "repaid_within_lent"),
        (False, 5, "regno_known"),  # a month has gone by; row 4 does not count
    ]
    checks = dict(rows(home, "select rule, sum(failed) from ledger.check_result where severity = 'warn' group by 1"))
    assert (checks["regno_known"], checks["due_date_given"], checks["repaid_within_lent"]) == (2, 2, 1)


def test_the_department_is_told_which_they_are(home: Settings, tmp_path: Path) -> None:
    listed = json.loads(bureau(home, "list", "--warned", "--department", "pboc", "--format", "json").output)
    assert [one["business_date"] for one in listed["rows"]] == ["2010-12-30", "2010-12-31"] and listed["refused"] == []
    shown = bureau(home, "show", "pboc", "--warned").output
    assert "row 1 " in shown and "due_date_given" in shown and "its key cannot be read" not in shown
    out = tmp_path / "back.xlsx"
    bureau(home, "export", "pboc", "--warned", "--out", str(out))
    book = openpyxl.load_workbook(out)
    assert [sheet.title for sheet in book.worksheets] == [LOANS.title.en, f"Look at – {LOANS.title.en}"[:31]]
    held, kept = (list(sheet.iter_rows(min_row=2, values_only=True)) for sheet in book.worksheets)
    assert len(held) == 1 and len(kept) == 5
    assert "What was repaid" in kept[-1][-3] and "repaid_within_lent" in kept[-1][-1]
    said = str(held) + str(kept) + shown
    assert NAME not in said and IDENT not in said and "慕容**" in said


def test_without_asking_the_workbook_has_what_waits_alone(home: Settings, tmp_path: Path) -> None:
    out = tmp_path / "back.xlsx"
    bureau(home, "export", "pboc", "--out", str(out))
    assert [sheet.title for sheet in openpyxl.load_workbook(out).worksheets] == [LOANS.title.en]


def test_a_row_is_listed_under_the_night_that_found_it_until_it_is_said_again(home: Settings) -> None:
    def found() -> list[tuple[str, int]]:
        listed = json.loads(bureau(home, "show", "pboc", "--warned", "--format", "json").output)
        return [(one["file_name"][13:21], one["row"]) for one in listed]

    assert found() == [("20101230", row) for row in (1, 2, 4, 5)] + [("20101231", 1)]
    of_second = json.loads(bureau(home, "list", "--warned", "--date", "2010-12-31", "--format", "json").output)["rows"]
    assert [(one["business_date"], one["waiting"]) for one in of_second] == [("2010-12-30", 1), ("2010-12-31", 1)]
    one = fixture_rows("loans", "good")[0] | {"事件序号": "1", "事件": "放款", "金额": "1200", "合同号": "A"}
    deliver(home, "loans", [one], date(2011, 1, 4), "delta")
    assert found() == [("20101230", row) for row in (2, 4, 5)] + [("20101231", 1)], "the third event is not said again"
    deliver(home, "loans", [one], date(2011, 1, 5), "full")
    assert found() == []
