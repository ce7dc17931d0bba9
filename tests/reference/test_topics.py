"""The brute-force calculator's other topics against tiny cities worked by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ingest.spec import all_specs
from tests.extracts import write_extract

from .catalogue import CATALOGUE
from .figures import compute
from .frame import Cell, Cells
from .tiny import answer, deliver, entity, resident_id, spell

K = date(2010, 12, 31)
CITY = "520381"
ANN, BOB = resident_id("19750101", "002"), resident_id("19850615")


def of(cells: Cells, name: str, period: str = "2010", place: str = CITY, member: str = "total") -> Cell:
    kind = next(kind for kind in CATALOGUE[name].kinds if member in CATALOGUE[name].members(kind))
    return cells[name, period, place, kind, member]


def parts(cell: Cell) -> tuple[object, ...]:
    """Numerator, denominator, units."""
    return cell.numerator, cell.denominator, cell.unit_count


def write(inbox: Path, source: str, *rows: dict[str, str], day: date = K) -> None:
    write_extract(all_specs()[source], list(rows), inbox, day, kind="delta")


def closed(pripid: str, est: str, end: str, reason: str, **cells: str) -> dict[str, str]:
    return entity(pripid, ESTDATE=est, REGSTATE="3", CANDATE=end, EXITREASON=reason, **cells)


def voucher(number: str, **cells: str) -> dict[str, str]:
    """100 yuan paid in May 2010 on the first quarter's revenue, by the entity of the tiny register, unless told otherwise."""
    base = {
        "VOUCHER": number, "REGNO": "520381600000015", "PERIODSTART": "20100101", "PERIODEND": "20100331", "REVENUE": "9",
        "TAXDUE": "200", "PAID": "100", "PAIDDATE": "20100501", "TAXTYPE": "10101", "VOID": "N",
    }  # fmt: skip
    return base | cells


def lent(contract: str, number: str, event: str, day: str, amount: str = "", due: str = "", **cells: str) -> dict[str, str]:
    told = {"合同号": contract, "事件序号": number, "事件": event, "事件日期": day, "金额": amount, "到期日": due}
    return told | {"借款人证件号": ANN} | cells


def course(group: str, number: str, last: str, result: str = "合格", **cells: str) -> dict[str, str]:
    return {"班次号": group, "证件号": number, "结班日": last, "考核": result, "TOWN": "520381001"} | cells


def test_survival_and_hazard_on_the_29th_of_february(tmp_path: Path) -> None:
    rows = [
        closed("on the 28th", "20080229", "20100228", "1"),
        closed("after it", "20080229", "20100301", "1"),
        closed("first year", "20080229", "20090228", "1"),
        closed("at once", "20080229", "20080229", ""),
        closed("merged", "20080229", "20091231", "4"),
        closed("purged", "20080229", "20091231", "3"),
        entity("left", ESTDATE="20080229", REGSTATE="4", OUTDATE="20090101"),
        entity("came", ESTDATE="20080229", INDATE="20090101"),
        entity("both", ESTDATE="20080229", REGSTATE="3", CANDATE="20100227", REVDATE="20100401", EXITREASON="1"),
    ]
    deliver(tmp_path, "registrations", "20101231", rows)
    cells = compute(tmp_path, K)
    assert parts(of(cells, "SURV_LEGAL_2")) == (3, 8, 8), "after it, merged, left"
    assert parts(of(cells, "SURV_LEGAL_1", "2009")) == (6, 8, 8)
    assert parts(of(cells, "HAZ_1", "2009")) == (2, 8, 8), "first year, at once"
    assert parts(of(cells, "HAZ_2")) == (3, 6, 6), "on the 28th, purged and both, of those who had no exit a year before"
    assert parts(of(cells, "SURV_ACT_2")) == (0, 8, 8)
    assert of(cells, "HAZ_3").availability == "no_denominator"


def test_activity_births_and_deaths(tmp_path: Path) -> None:
    numbers = {
        name: f"5203816000{n:05}" for n, name in enumerate(("born", "old", "dead", "shown", "split", "purged", "void", "gone"))
    }
    rows = [
        entity("born", REGNO=numbers["born"], ESTDATE="20090501"),
        entity("old", REGNO=numbers["old"], INDATE="20090601"),
        closed("dead", "20080301", "20090301", "", REGNO=numbers["dead"]),
        closed("shown", "20080301", "20090301", "1", REGNO=numbers["shown"]),
        closed("split", "20080301", "20090301", "5", REGNO=numbers["split"]),
        closed("purged", "20080301", "20090301", "3", REGNO=numbers["purged"]),
        entity("void", REGNO=numbers["void"]),
        closed("gone", "20080301", "20090101", "1", REGNO=numbers["gone"]),
    ]
    deliver(tmp_path, "registrations", "20101231", rows)
    over_new_year = {"PERIODSTART": "20081201", "PERIODEND": "20090131"}
    write(
        tmp_path,
        "tax_national",
        *(voucher(name, REGNO=numbers[name], **over_new_year) for name in numbers if name != "void"),
        voucher("later", REGNO=numbers["shown"], PERIODSTART="20100101", PERIODEND="20101231"),
        voucher("nothing", REGNO=numbers["void"], REVENUE="0", **over_new_year),
        voucher("voided", REGNO=numbers["void"], VOID="Y", **over_new_year),
        voucher("corrected", REGNO=numbers["void"], CORRECTION="2", **over_new_year),
    )
    deliver(tmp_path, "employment", "20101231", [spell("1", AAB003=numbers["old"], AAE030="20081231")])
    cells = compute(tmp_path, K)
    assert of(cells, "ENT_ACTIVE", "2009").value == 6, "void has nothing that counts, gone was in stock on no day of the year"
    assert parts(of(cells, "ENT_BIRTH_RATE", "2009")) == (1, 6, 6)
    assert parts(of(cells, "ENT_DEATH_RATE", "2009")) == (1, 6, 6), "dead alone: shown has a voucher of the year after"
    assert parts(of(cells, "ENT_CHURN", "2009")) == (2, 6, 6)
    assert of(cells, "ENT_ACTIVE").value == 1, "old, by a spell that lasts until K"
    assert parts(of(cells, "ENT_NEW_RATE", "2009")) == (1, 6, 7), "stock of 2008: all but born and old"


def test_a_household_is_found_by_the_id_in_its_taxpayer_number(tmp_path: Path) -> None:
    rows = [
        entity("old shop", LEREPCERNO=ANN, ESTDATE="20000101"),
        entity("shop", LEREPCERNO=ANN, REGNO="520381600000023", ESTDATE="20090101", TOWN="520381002", FOUNDERGROUP="01;02"),
        entity("firm", LEREPCERNO=ANN, REGNO="520381600000031", ESTDATE="20100101", ENTTYPE="1130"),
    ]
    deliver(tmp_path, "registrations", "20101231", rows)
    write(
        tmp_path,
        "tax_national",
        voucher("1", REGNO="", TAXPAYER=f"L{ANN}"),
        voucher("2", REGNO="999", TAXPAYER=f"{ANN}01"),
        voucher("3", REGNO="", TAXPAYER=f"L{ANN[:6]}{ANN[8:17]}", RELIEF="30", RELIEFCODE="S01", PAID="0"),
        voucher("4", REGNO="", TAXPAYER=ANN[:6] + ANN[8:17], PAID="1"),
        voucher("5", REGNO="520381600000031", TAXPAYER=f"L{ANN}", PAID="7", PERIODEND="20100102", PERIODSTART=""),
        voucher("6", REGNO="520381600000015", PAID="1000", RELIEF="1", RELIEFCODE="S01", TAXDUE="1001"),
        voucher("7", REGNO="520381600000023", PAID="0", RELIEF="5", RELIEFCODE="S99"),
    )
    local = {
        "PZH": "1", "ZCH": "520381600000023", "SSQS": "20091001", "SSQZ": "20091231", "JSSR": "1", "YNSE": "11", "SJSE": "11",
        "RKRQ": "20100110", "ZSXM": "10103",
    }  # fmt: skip
    write(tmp_path, "tax_local", local)
    cells = compute(tmp_path, K)
    assert parts(of(cells, "TAX_YOUNG")) == (218, None, 2), "100 + 100 + 11 of the shop, 7 of the firm; the old one is none"
    assert of(cells, "TAX_YOUNG").value == Decimal("0.0218")
    assert parts(of(cells, "TAX_YOUNG", place="520381002", member="individual")) == (211, None, 1)
    assert parts(of(cells, "TAX_YOUNG", member="01")) == parts(of(cells, "TAX_YOUNG", member="02")) == (211, None, 1)
    assert parts(of(cells, "TAX_YOUNG", "2010-01")) == (11, None, 1)
    assert parts(of(cells, "TAX_RELIEF", "2010-Q1")) == (30, None, 1)
    assert of(cells, "TAX_RELIEF_N").value == 1
    assert parts(of(cells, "GRW_SHARE")) == (218, 1218, 3)


def test_loans_extended_repaid_late_and_compensated(tmp_path: Path) -> None:
    deliver(tmp_path, "registrations", "20101231", [entity("shop", TOWN="520381002")])
    write(
        tmp_path,
        "loans",
        lent("A", "1", "放款", "20090601", "50000", "20100601", 注册号="520381600000015", 人员类别="01;02"),
        lent("A", "2", "展期", "20100601", due="20100901"),
        lent("A", "3", "还款", "20100901", "20000.50"),
        lent("A", "4", "展期", "20100902", due="20120901"),
        lent("A", "5", "还款", "20100902", "9999.50"),
        lent("A", "6", "代偿", "20101231", "4000"),
        lent("A", "7", "追偿", "20101231", "4000"),
        lent("A", "8", "贴息", "20100601", "300"),
        lent("A", "9", "贴息", "20100602", "200"),
        lent("B", "1", "还款", "20100101", "77"),
        lent("C", "1", "放款", "20100315", "10000", "20101231", 借款人证件号=""),
        lent("C", "2", "还款", "20101230", "10000"),
    )
    cells = compute(tmp_path, K)
    assert parts(of(cells, "LOAN_ISS")) == (10000, None, 1)
    assert [of(cells, "LOAN_ISS_N", when).value for when in ("2009", "2010", "2010-03")] == [1, 1, 1]
    assert parts(of(cells, "LOAN_BAL")) == (16000, None, 1)
    assert of(cells, "LOAN_BAL").value == Decimal("1.6")
    assert parts(of(cells, "LOAN_BAL", "2010-11", "520381002", "35-44")) == (20000, None, 1)
    assert parts(of(cells, "LOAN_REPAY", "2010-Q3")) == (Decimal("20000.50"), 50000, 1), "the second extension came a day late"
    assert parts(of(cells, "LOAN_REPAY")) == (Decimal("30000.50"), 60000, 2)
    assert parts(of(cells, "LOAN_REPAY", place="520381999", member="unknown")) == (10000, 10000, 1)
    assert parts(of(cells, "LOAN_COMP")) == (4000, 16000, 1)
    assert parts(of(cells, "LOAN_COMP", member="07")) == (0, 0, 0), "C's balance is 0"
    assert parts(of(cells, "LOAN_SUBS")) == (300, None, 1), "the one in the extension is not counted"


def test_training_and_what_came_of_it(tmp_path: Path) -> None:
    deliver(tmp_path, "registrations", "20101231", [entity("shop", LEREPCERNO=ANN, ESTDATE="20100228")])
    cid, dan = resident_id("19900101", "011"), resident_id("19560101", "013")
    write(
        tmp_path,
        "training",
        course("1", ANN, "20090831"),
        course("2", ANN, "20100301", "不合格", TOWN=""),
        course("1", BOB, "20100630", 创业日期="20101230"),
        course("1", cid, "20100630", 创业日期="20101231"),
        course("2", BOB, "20090630", 创业日期="20090701"),
        course("1", dan, "20101201", ""),
    )
    deliver(
        tmp_path, "survey", "20101201", [answer("1", "A", "1", "0.5", "", STATUS="1"), answer("2", "A", "1", "2", "", STATUS="3")]
    )
    cells = compute(tmp_path, K)
    assert parts(of(cells, "TRN_N")) == (4, None, 4)
    assert of(cells, "TRN_N", "2010-Q2").value == 2
    assert parts(of(cells, "TRN_PASS")) == (2, 3, 3), "dan has no result"
    assert parts(of(cells, "TRN_SUCC")) == (2, 3, 3), "ann on the last day of six months, bob too, cid a day late"
    assert parts(of(cells, "TRN_SUCC", member="35-44")) == (1, 1, 1)
    assert parts(of(cells, "TRN_COV")) == (4, Decimal("0.5"), 5)
    assert parts(of(cells, "TRN_COV", place="520381999")) == (1, 0, 1)
    assert of(cells, "TRN_COV", place="520381999").value is None


def test_jobs_at_young_entities(tmp_path: Path) -> None:
    young, other, old = "520381600000023", "520381600000031", "520381600000049"
    rows = [
        entity("young", REGNO=young, ESTDATE="20080101", LEREPCERNO=ANN),
        entity("other", REGNO=other, ESTDATE="20100101", ENTTYPE="1130", TOWN="520381002"),
        entity("old", REGNO=old, ESTDATE="20071231"),
        closed("closed", "20100101", "20101231", "1", REGNO="520381600000056"),
    ]
    deliver(tmp_path, "registrations", "20101231", rows)
    spells = [
        spell("1", AAC002=BOB, AAB003=young, AAB001="a"),
        spell("1", AAC002=BOB, AAB003=other, AAB001="b", AAC006="19400101"),
        spell("2", AAC002=ANN, AAB003=young),
        spell("3", AAC002=ANN, AAB003=other, ACC031="3"),
        spell("4", AAB003=other, AAE031="20101231", ACC033="1"),
        spell("5", AAB003=other, AAE031="20101230", ACC033="2", ACC032="0"),
        spell("6", AAB003=old),
        spell("7", AAB003="520381600000056"),
        spell("8", AAC002=BOB, AAE030="20090101", AAE031="20100101", ACC033="1", ACC031="3", ACC032="0"),
    ]
    deliver(tmp_path, "employment", "20101231", spells)
    cells = compute(tmp_path, K)
    assert parts(of(cells, "JOB_YOUNG")) == (3, None, 3), "bob, ann, and the spell that ends that day"
    assert parts(of(cells, "JOB_YOUNG", place="520381002")) == (2, None, 2)
    assert of(cells, "JOB_YOUNG", member="55+").value == of(cells, "JOB_YOUNG", member="25-34").value == 1
    assert parts(of(cells, "JOB_MULT")) == (2, 2, 4), "ann founded one of them"
    assert parts(of(cells, "JOB_MULT", place="520381001")) == (1, 1, 2)
    assert of(cells, "JOB_MULT", "2009").value == 0, "young alone, without workers"
    assert parts(of(cells, "JOB_NEW_URB")) == (2, None, 4), "bob, ann, 4, 6, 7 began; 4, 5 and bob ended"


def test_firms_by_people_and_the_survey_by_age(tmp_path: Path) -> None:
    rows = [
        entity("new", ENTTYPE="1150", ESTDATE="20100401", TOWN="520381002", INDUSTRYCO="5100"),
        entity("came", ENTTYPE="1130", ESTDATE="20100401", INDATE="20100501"),
        entity("partners", ENTTYPE="4530", ESTDATE="20100401"),
    ]
    deliver(tmp_path, "registrations", "20101231", rows)
    deliver(tmp_path, "population", "20101231", [{"YEAR": "2010", "GEO": CITY, "AGE1564": "400", "AGE1560": "300"}])
    answers = [
        answer("1", "A", "1", "1.5", "4", STATUS="2", AGE="17", MOTIVE="2", S2="5", S3="3"),
        answer("2", "A", "2", "2", "5", STATUS="4", AGE="64", MOTIVE="1"),
        answer("3", "B", "1", "1", "", STATUS="1", AGE="18", MOTIVE="2"),
        answer("4", "B", "1", "4", "1", STATUS="3", AGE="65", MOTIVE="2"),
        answer("5", "B", "1", "8", "1", STATUS="3", AGE="", MOTIVE="2"),
    ]
    deliver(tmp_path, "survey", "20101201", answers)
    cells = compute(tmp_path, K)
    assert [parts(of(cells, "DENS_LLC")), of(cells, "DENS_LLC").value] == [(1, 400, 1), Decimal("2.5")]
    assert [parts(of(cells, "DENS_PRIV")), of(cells, "DENS_PRIV").value] == [(3, 300, 3), 100]
    assert of(cells, "DENS_LLC", member="G").numerator == 1, "51 is transport, F in 2002 and G since"
    assert of(cells, "DENS_PRIV", place="520381002").denominator is None
    assert parts(of(cells, "ACT_SVY")) == (Decimal("3.5"), Decimal("4.5"), 3)
    assert parts(of(cells, "ACT_TEA")) == (0, 3, 2)
    assert parts(of(cells, "ACT_INTENT")) == (1, Decimal("4.5"), 3)
    assert parts(of(cells, "ACT_OPP_SHARE")) == (Decimal("1.5"), Decimal("3.5"), 2)
    assert parts(of(cells, "SAT_SHARE")) == (Decimal("5"), Decimal("18.5"), 4)
    assert of(cells, "ACT_SVY", member="55+").denominator == 2
    assert of(cells, "ACT_SVY").standard_error == pytest.approx(_error(), rel=1e-12)


def _error() -> float:
    """z = w (y − R) ÷ 4.5 of the PSUs 1 and 2 of A; B has one PSU and adds nothing."""
    ratio = 3.5 / 4.5
    one, two = 1.5 * (1 - ratio) / 4.5, 2 * (1 - ratio) / 4.5
    middle = (one + two) / 2
    return float(100 * (2 * ((one - middle) ** 2 + (two - middle) ** 2)) ** 0.5)
