"""Rules between rows, against another source and against what came before: warnings; the rows are kept."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from expectations import DeliveryFacts, check
from ingest.accept import Verdict, accept
from ingest.context import LoadContext
from ingest.ledger import CheckResult
from ingest.spec import SourceSpec, all_specs
from ingest.take_in import take_in
from tests.extracts import fixture_rows, write_extract

pytestmark = pytest.mark.integration
SPECS = all_specs()
DAYS = (date(2010, 12, 28), date(2010, 12, 29), date(2010, 12, 30))
Rows = list[dict[str, str]]


def deliver(
    ctx: LoadContext, source: str, rows: Rows, day: date, kind: str = "delta", aside: int = 0, sequence: int = 1
) -> Verdict:
    """Take in, check and accept a delivery of its day, of which so many rows are put aside."""
    spec: SourceSpec = SPECS[source]
    write_extract(spec, rows, Path(ctx.inbox), day=day, kind=kind, sequence=sequence)
    (number,) = take_in(ctx, spec, day)
    verdict = check(ctx.conninfo, spec, DeliveryFacts(number, ctx.region, day, len(rows)))
    assert accept(ctx, spec, number, verdict).rows_quarantined == aside, "such rows are kept"
    return verdict


def result(verdict: Verdict, rule: str) -> CheckResult:
    return next(one for one in verdict.checks if one.rule == rule)


def said(verdict: Verdict, rule: str) -> tuple[bool, bool, int | None, int | None]:
    one = result(verdict, rule)
    assert one.severity == "warn"
    return one.judged, one.passed, one.checked, one.failed


def changed(source: str, *changes: dict[str, str]) -> Rows:
    first = fixture_rows(source, "good")[0]
    return [first | change for change in changes]


def test_a_contract_begins_with_its_disbursement_and_repays_no_more(ctx: LoadContext) -> None:
    lent, paid = {"事件": "放款", "金额": "1000"}, {"事件": "还款", "到期日": ""}
    first = changed(
        "loans",
        {"合同号": "A", "事件序号": "1", **lent},
        {"合同号": "A", "事件序号": "2", **paid, "金额": "600"},
        {"合同号": "B", "事件序号": "2", **lent},
        {"合同号": "B", "事件序号": "1", **paid, "金额": "1"},
    )
    verdict = deliver(ctx, "loans", first, DAYS[0], "full")
    assert said(verdict, "first_is_disbursement") == (True, False, 2, 1)
    assert said(verdict, "repaid_within_lent") == (True, True, 2, 0)
    assert verdict.warnings == 1
    # What stood before counts: 600 + 401 > 1000; B is not touched and not asked again
    verdict = deliver(ctx, "loans", changed("loans", {"合同号": "A", "事件序号": "3", **paid, "金额": "401"}), DAYS[1])
    assert said(verdict, "repaid_within_lent") == (True, False, 1, 1)
    assert said(verdict, "first_is_disbursement") == (True, True, 1, 0)
    # A correction takes the place of its key's earlier version
    verdict = deliver(ctx, "loans", changed("loans", {"合同号": "A", "事件序号": "3", **paid, "金额": "400"}), DAYS[2])
    assert said(verdict, "repaid_within_lent") == (True, True, 1, 0)


def test_what_is_put_aside_leaves_its_earlier_version_standing_in_a_full_delivery_too(ctx: LoadContext) -> None:
    lent, paid = {"事件": "放款", "金额": "1000"}, {"事件": "还款", "到期日": ""}
    of_a, of_b = {"合同号": "A", "事件序号": "1", **lent}, {"合同号": "B", "事件序号": "1", **lent}
    deliver(ctx, "loans", changed("loans", of_a, of_b), DAYS[0], "full")
    rows = changed(
        "loans", of_a | {"金额": "much"}, {"合同号": "A", "事件序号": "2", **paid}, {"合同号": "B", "事件序号": "2", **paid}
    )
    verdict = deliver(ctx, "loans", rows, DAYS[1], "full", aside=1)
    assert said(verdict, "first_is_disbursement") == (True, False, 2, 1), "of B it says that there is no disbursement"


def test_relief_of_a_household_stays_within_its_yearly_cap(ctx: LoadContext) -> None:
    of = {"YNSE": "9000", "SJSE": "0", "SSQS": "20100101", "SSQZ": "20101130"}
    rows = changed(
        "tax_local",
        {"PZH": "1", **of, "JMSE": "8000"},
        {"PZH": "2", **of, "JMSE": "8000", "SSQZ": "20091130", "SSQS": "20090101"},
        {"PZH": "3", **of, "JMSE": "100", "ZFBZ": "Y"},
        {"PZH": "4", **of, "JMSE": "100", "GZLX": "2"},
        {"PZH": "5", **of, "JMSE": "100", "JMDM": "S02"},
    )
    assert said(deliver(ctx, "tax_local", rows, DAYS[0], "full"), "relief_within_cap") == (True, True, 2, 0)
    verdict = deliver(ctx, "tax_local", changed("tax_local", {"PZH": "6", **of, "JMSE": "0.01"}), DAYS[1])
    assert said(verdict, "relief_within_cap") == (True, False, 1, 1), "of 2009 it has said nothing"
    other = {"PZH": "7", **of, "JMSE": "100", "JMDM": "S02"}
    assert said(deliver(ctx, "tax_local", changed("tax_local", other), DAYS[2]), "relief_within_cap") == (False, True, 0, 0)


def test_a_household_known_by_its_registration_number_alone_has_its_cap(ctx: LoadContext) -> None:
    of = {"YNSE": "9000", "SJSE": "0", "SSQS": "20100101", "SSQZ": "20101130", "JMSE": "5000", "NSRSBH": ""}
    for day, number in zip(DAYS[:2], ("1", "2"), strict=True):
        verdict = deliver(ctx, "tax_local", changed("tax_local", {"PZH": number, **of}), day)
    assert said(verdict, "relief_within_cap") == (True, False, 1, 1)
    # Corrected: what it was in the delivery before does not stand any longer
    verdict = deliver(ctx, "tax_local", changed("tax_local", {"PZH": "1", **of, "JMSE": "100"}), DAYS[2])
    assert said(verdict, "relief_within_cap") == (True, True, 1, 0)


def test_a_late_delivery_is_judged_with_what_came_before_it(ctx: LoadContext) -> None:
    lent, paid = {"合同号": "A", "事件": "放款", "金额": "1000"}, {"合同号": "A", "事件": "还款", "金额": "600", "到期日": ""}
    deliver(ctx, "loans", changed("loans", {"事件序号": "1", **lent}), DAYS[0])
    deliver(ctx, "loans", changed("loans", {"事件序号": "3", **paid}), DAYS[2])
    verdict = deliver(ctx, "loans", changed("loans", {"事件序号": "2", **paid}), DAYS[1])
    assert said(verdict, "repaid_within_lent") == (True, False, 1, 1)


def test_a_stratum_has_two_sampling_units_of_the_wave_that_stands(ctx: LoadContext) -> None:
    def wave(year: str, *units: tuple[str, str]) -> Rows:
        return changed("survey", *({"WAVE": year, "SAMPLEID": f"S{of}{unit}", "STRATUM": of, "PSU": unit} for of, unit in units))

    verdict = deliver(ctx, "survey", wave("2009", ("1", "01"), ("1", "02"), ("2", "01")), DAYS[0], "full")
    assert said(verdict, "psus_in_stratum") == (True, False, 2, 1), "one respondent is one unit"
    verdict = deliver(ctx, "survey", wave("2010", ("1", "01"), ("1", "02")), DAYS[1], "full")
    assert said(verdict, "psus_in_stratum") == (True, True, 1, 0), "of 2009 it says nothing"
    verdict = deliver(ctx, "survey", wave("2010", ("1", "01")), DAYS[2], "full")
    assert said(verdict, "psus_in_stratum") == (True, False, 1, 1), "the wave is replaced"


def test_relief_of_a_household_ends_after_three_years(ctx: LoadContext) -> None:
    of = {"YNSE": "900", "SJSE": "0", "JMSE": "100"}
    rows = changed(
        "tax_local",
        {"PZH": "1", **of, "SSQS": "20070301", "SSQZ": "20070331"},
        {"PZH": "2", **of, "SSQS": "20100101", "SSQZ": "20100331"},
        {"PZH": "3", **of, "SSQS": "20100101", "SSQZ": "20101130", "ZFBZ": "Y"},
        {"PZH": "4", **of, "SSQS": "20100101", "SSQZ": "20101130", "GZLX": "2"},
        {"PZH": "5", **of, "SSQS": "20100101", "SSQZ": "20101130", "JMDM": "S03"},
        {"PZH": "6", **of, "SSQS": "20100101", "SSQZ": "20101130", "JMSE": "0"},
    )
    assert said(deliver(ctx, "tax_local", rows, DAYS[0], "full"), "relief_within_years") == (True, True, 1, 0)
    later = {"PZH": "7", **of, "SSQS": "20100401", "SSQZ": "20100430"}
    verdict = deliver(ctx, "tax_local", changed("tax_local", later), DAYS[1])
    assert said(verdict, "relief_within_years") == (True, False, 1, 1), "the first month stands in the delivery before"


@pytest.mark.parametrize(
    ("source", "number", "day"),
    [("loans", "注册号", "事件日期"), ("tax_national", "REGNO", "PERIODEND"), ("tax_local", "ZCH", "SSQZ"),
     ("employment", "AAB003", "AAE030")],
)  # fmt: skip
def test_numbers_are_known_to_the_register(ctx: LoadContext, source: str, number: str, day: str) -> None:
    known = fixture_rows("registrations", "good")[0]["REGNO"]
    other = "520381200000016"
    spec, keys = SPECS[source], [SPECS[source].column(name).delivered for name in SPECS[source].key]
    start = {"PERIODSTART": "20100101", "SSQS": "20100101", "到期日": ""}
    row = fixture_rows(source, "good")[0] | {k: v for k, v in start.items() if k in fixture_rows(source, "good")[0]}
    rows = [
        row | {keys[0]: f"K{index}", number: of, day: when}
        for index, (of, when) in enumerate(
            [(known, "20100601"), (other, "20100601"), ("", "20100601"), (other, "20101215")], start=1
        )
    ]
    assert spec.references
    verdict = deliver(ctx, source, rows, DAYS[0], "full")
    assert said(verdict, "regno_known") == (False, True, 0, 0), "no register, no judgement"
    deliver(ctx, "registrations", changed("registrations", {}), DAYS[0], "full")
    verdict = deliver(ctx, source, rows, DAYS[1], "full")
    assert said(verdict, "regno_known") == (True, False, 2, 1), "a number has 30 days to be delivered; blanks are not asked"
    assert result(verdict, "regno_known").threshold == 0.01


def test_a_number_is_asked_when_it_has_had_time_to_be_delivered(ctx: LoadContext) -> None:
    known, other = fixture_rows("registrations", "good")[0]["REGNO"], "520381200000016"
    deliver(ctx, "registrations", changed("registrations", {}), DAYS[0], "full")
    fresh = [
        {"合同号": f"{of}{day}", "注册号": of, "事件日期": f"201011{day}", "到期日": ""}
        for of in (known, other)
        for day in (28, 29, 30)
    ]
    verdict = deliver(ctx, "loans", changed("loans", *fresh), DAYS[0])
    assert said(verdict, "regno_known") == (True, False, 2, 1), "of 28 November"
    last = {"合同号": "C", "注册号": other, "事件日期": "20101229", "到期日": ""}
    assert said(deliver(ctx, "loans", changed("loans", last), DAYS[2]), "regno_known") == (True, False, 4, 2), "of 29 and 30"
    # A number that stood in a replaced delivery alone is not known
    deliver(ctx, "registrations", changed("registrations", {"REGNO": other}), DAYS[1])
    deliver(ctx, "registrations", changed("registrations", {}), DAYS[1], sequence=2)
    old = {"合同号": "D", "注册号": other, "事件日期": "20101101", "到期日": ""}
    assert said(deliver(ctx, "loans", changed("loans", old), date(2010, 12, 31)), "regno_known") == (True, False, 1, 1)


def test_keys_do_not_vanish_from_a_full_delivery(ctx: LoadContext) -> None:
    many = changed("employment", *({"AAC001": f"P{number}"} for number in range(100)))
    verdict = deliver(ctx, "employment", many, DAYS[0], "full")
    assert said(verdict, "delivery.keys_kept") == (False, True, 0, 0), "nothing came before"
    assert said(deliver(ctx, "employment", many[2:], DAYS[1], "full"), "delivery.keys_kept") == (True, True, 100, 2)
    assert said(deliver(ctx, "employment", many[5:], DAYS[2], "full"), "delivery.keys_kept") == (True, False, 98, 3)


def test_a_survey_is_asked_only_for_the_waves_that_it_contains(ctx: LoadContext) -> None:
    waves = changed("survey", *({"WAVE": wave, "SAMPLEID": f"{n}"} for wave in ("2008", "2009") for n in range(10)))
    deliver(ctx, "survey", waves, DAYS[0], "full")
    verdict = deliver(ctx, "survey", [row for row in waves if row["WAVE"] == "2009"], DAYS[1], "full")
    assert said(verdict, "delivery.keys_kept") == (True, True, 10, 0)
    lost = deliver(ctx, "survey", [row for row in waves if row["WAVE"] == "2009"][1:], DAYS[2], "full")
    assert said(lost, "delivery.keys_kept") == (True, False, 10, 1)


def test_a_promised_day_without_a_delivery_is_a_gap(ctx: LoadContext) -> None:
    deliver(ctx, "employment", changed("employment", {}), DAYS[0])
    with ctx.connect() as connection:
        connection.execute(
            "insert into ledger.expected_delivery (source, region, business_date, status) "
            "select 'employment', %s, day, 'missing' from unnest(%s::date[]) as day",
            [ctx.region, list(DAYS)],
        )
    verdict = deliver(ctx, "employment", changed("employment", {}), DAYS[2])
    assert said(verdict, "delivery.no_gap") == (True, False, 2, 1)
    following = date(2010, 12, 31)
    with ctx.connect() as connection:
        connection.execute(
            "insert into ledger.expected_delivery (source, region, business_date) values ('employment', %s, %s)",
            [ctx.region, following],
        )
    assert said(deliver(ctx, "employment", changed("employment", {}), following), "delivery.no_gap") == (True, True, 1, 0)


def test_a_window_without_a_delivery_is_a_gap(ctx: LoadContext) -> None:
    """Anywhere in the window is in time: that of 2007 was kept in November, that of 2008 was not, those of 2009
    and 2010 were."""
    days = [date(2007, 11, 3), date(2009, 10, 4), date(2010, 12, 31)]
    rows = changed("population", {"YEAR": "2006"})
    deliver(ctx, "population", rows, days[0], "full")
    with ctx.connect() as connection:
        connection.execute(
            "insert into ledger.expected_delivery (source, region, business_date, status) "
            "select 'population', %s, make_date(year, 12, 31), 'missing' from generate_series(2007, 2010) as year",
            [ctx.region],
        )
    assert said(deliver(ctx, "population", rows, days[1], "full"), "delivery.no_gap") == (True, False, 2, 1)
    assert said(deliver(ctx, "population", rows, days[2], "full"), "delivery.no_gap") == (True, True, 2, 0)
