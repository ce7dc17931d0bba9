"""The rules on rows of the tax offices, the loan ledger and training; a row that breaks one raises Bad."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from .cells import (
    Raw,
    code,
    codes,
    common,
    decimal,
    group_codes,
    integer,
    need,
    parse_date,
    past_date,
    required,
    resident,
    taxpayer,
    town_code,
)
from .layouts import TAX_LOCAL, TAX_NATIONAL
from .units import Course, LoanEvent, Voucher


def national(row: Raw, region: str, day: date) -> Voucher:
    return _voucher(row, "national", day)


def local(row: Raw, region: str, day: date) -> Voucher:
    """The same fields in the same order as the national office's."""
    names = dict(zip(TAX_NATIONAL.split(), TAX_LOCAL.split(), strict=True))
    return _voucher({name: row[delivered] for name, delivered in names.items()}, "local", day)


def _voucher(row: Raw, office: str, day: date) -> Voucher:
    common(row)
    required(row["VOUCHER"], 36)
    need(len(row["REGNO"]) <= 36)
    code(row["TAXTYPE"], {tax for tax, of in codes("tax_type").items() if of == office})
    first, last = parse_date(row["PERIODSTART"]), parse_date(row["PERIODEND"])
    need(first is None or last is None or first <= last)
    revenue, due, relief, paid = (decimal(row[name], 2) or Decimal(0) for name in ("REVENUE", "TAXDUE", "RELIEF", "PAID"))
    relief_code = code(row["RELIEFCODE"], codes("relief"))
    need(relief == 0 or bool(relief_code))
    need(paid <= due - relief)
    void, correction = code(row["VOID"], ("Y", "N")), code(row["CORRECTION"], codes("correction"))
    return Voucher(
        regno=row["REGNO"],
        payer=taxpayer(row["TAXPAYER"]),
        first=first,
        last=last,
        revenue=revenue,
        relief=relief,
        relief_code=relief_code,
        paid=paid,
        paid_on=past_date(row["PAIDDATE"], day),
        counts=void != "Y" and correction != "2",
    )


def loan_event(row: Raw, region: str, day: date) -> LoanEvent:
    common(row)
    need(len(row["注册号"]) <= 36)
    number = integer(required(row["事件序号"]))
    assert number is not None
    when, due = past_date(row["事件日期"], day), parse_date(row["到期日"])
    need(when is None or due is None or due >= when)
    decimal(row["年利率"], 4)
    code(row["贷款类别"], codes("loan_kind"))
    return LoanEvent(
        contract=required(row["合同号"], 60),
        number=number,
        event=code(row["事件"], codes("loan_event")),
        day=when,
        amount=decimal(row["金额"], 2) or Decimal(0),
        borrower=resident(row["借款人证件号"]),
        groups=group_codes(row["人员类别"]),
        regno=row["注册号"],
        due=due,
    )


def course(row: Raw, region: str, day: date) -> Course:
    common(row)
    required(row["班次号"], 60)
    need(len(row["证书号"]) <= 60 and len(row["注册号"]) <= 36)
    code(row["课程"], codes("course"))
    first, last = parse_date(row["开班日"]), parse_date(row["结班日"])
    need(first is None or last is None or first <= last)
    result = code(row["考核"], codes("training_result"))
    need(not result or last is not None)
    decimal(row["补贴金额"], 2)
    integer(row["带动就业人数"])
    person = resident(required(row["证件号"]))
    assert person is not None
    return Course(
        person=person,
        groups=group_codes(row["人员类别"]),
        last=last,
        result=result,
        venture=past_date(row["创业日期"], day),
        town=town_code(row["TOWN"], region, day),
    )
