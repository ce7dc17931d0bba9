"""The brute-force calculator against tiny cities worked by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import sqrt
from pathlib import Path

import pytest

from .cells import section_2017
from .compare import differences, interval
from .containers import Refused
from .figures import compute
from .files import read
from .fold import facts
from .frame import Cell, CellKey, months_later, rounded
from .tiny import answer, deliver, entity, resident_id, spell


def parts(cell: Cell) -> list[object]:
    return [cell.numerator, cell.denominator, cell.unit_count, cell.value]


K = date(2010, 12, 31)
CITY = "520381"


def of(cells: dict[CellKey, Cell], indicator: str, period: str = "2010", geography: str = CITY, member: str = "total") -> Cell:
    """The one cell with that member (members of different breakdowns never share a name but `unknown`)."""
    return next(
        cell
        for (name, when, where, _, what), cell in cells.items()
        if (name, when, where, what) == (indicator, period, geography, member)
    )


def test_entities_come_stay_move_and_go(tmp_path: Path) -> None:
    rows = [
        entity("old"),
        entity("born", ESTDATE="20100203", TOWN="520381002"),
        entity("closed", REGSTATE="3", CANDATE="20100515", EXITREASON="1"),
        entity("purged", REGSTATE="2", REVDATE="20100615", EXITREASON="3"),
        entity("left", REGSTATE="4", OUTDATE="20100715"),
        entity("came", INDATE="20101101"),
        entity("both", REGSTATE="4", OUTDATE="20100801", CANDATE="20100801"),
        entity("passing", ESTDATE="20100105", REGSTATE="3", CANDATE="20100820", EXITREASON="1"),
        entity("firm", ENTTYPE="1130", ESTDATE="20101231"),
        entity("state", ENTTYPE="1110", ESTDATE="20100601"),
    ]
    deliver(tmp_path, "registrations", "20101228", rows[:-2])
    deliver(tmp_path, "registrations", "20101231", rows[-2:], "delta")
    cells = compute(tmp_path, K)
    # 31 Dec 2009: old closed purged left both = 5; 31 Dec 2010: old born came firm = 4
    assert [of(cells, "ENT_STK", when).value for when in ("2009", "2010", "2010-07", "2010-Q3")] == [5, 4, 4, 2]
    assert of(cells, "ENT_NEW").value == 3
    assert of(cells, "ENT_EXIT").value == 3
    assert of(cells, "ENT_PURGE").value == 1
    assert parts(of(cells, "ENT_MIG")) == [0, None, 2, 0]
    assert parts(of(cells, "ENT_NET")) == [-1, None, 7, -1]
    assert of(cells, "ENT_STK_PRIV").value == of(cells, "ENT_STK", member="private").value == 1
    assert of(cells, "ENT_STK", geography="520381002").value == 1
    assert of(cells, "ENT_STK", geography="520381999").value == 0
    assert of(cells, "ENT_STK", member="F").value == 4, "65 is retail: H of 2002, F of 2017"
    for key, cell in cells.items():
        if key[0] == "ENT_NET":
            new, gone, purged, moved = (cells[name, *key[1:]] for name in ("ENT_NEW", "ENT_EXIT", "ENT_PURGE", "ENT_MIG"))
            assert cell.numerator == new.numerator + moved.numerator - gone.numerator - purged.numerator


def test_what_the_fold_knows(tmp_path: Path) -> None:
    deliver(tmp_path, "registrations", "20101220", [entity("a"), entity("b"), entity("c")])
    deliver(tmp_path, "registrations", "20101221", [entity("a", TOWN="520381002"), entity("wrong")], "delta")
    deliver(tmp_path, "registrations", "20101221", [entity("d")], "delta", sequence=2)
    deliver(tmp_path, "registrations", "20101221", [entity("e")], "delta", sequence=3, false={"rows": 9})
    deliver(tmp_path, "registrations", "20101223", [entity("a", ENTTYPE="?"), entity("c"), entity("x", REGNO="1")])
    known = {e.pripid: e.town for e in facts(tmp_path, date(2010, 12, 22), CITY).entities}
    assert known == dict.fromkeys("abcd", "520381001"), "01 was replaced by 02, the refused 03 replaces nothing"
    assert {e.pripid for e in facts(tmp_path, K, CITY).entities} == {"a", "c"}, "a's row is quarantined: its version stands"
    first = {"registrations_520381_20101220_01.csv"}
    assert {e.pripid for e in facts(tmp_path, K, CITY, first).entities} == {"a", "b", "c"}


def test_a_survey_replaces_the_waves_it_contains(tmp_path: Path) -> None:
    old = [answer("1", "A", "1", "1", "1", WAVE="2009"), answer("1", "A", "1", "1", "1"), answer("2", "A", "1", "1", "1")]
    deliver(tmp_path, "survey", "20101201", old)
    deliver(tmp_path, "survey", "20101202", [answer("3", "A", "1", "1", "1"), answer("2", "A", "1", "0", "1")])
    deliver(tmp_path, "survey", "20101203", [])
    known = sorted((a.wave, a.sample) for a in facts(tmp_path, K, CITY).answers)
    assert known == [(2009, "1"), (2010, "2"), (2010, "3")]


def test_one_year_survival(tmp_path: Path) -> None:
    rows = [
        entity("alive", ESTDATE="20090401"),
        entity("on the day", ESTDATE="20090401", REGSTATE="3", CANDATE="20100401", EXITREASON="1"),
        entity("after", ESTDATE="20090401", REGSTATE="3", CANDATE="20100402", EXITREASON="1"),
        entity("merged", ESTDATE="20090401", REGSTATE="3", CANDATE="20091001", EXITREASON="4"),
        entity("came", ESTDATE="20090401", INDATE="20090601"),
        entity("young", ESTDATE="20100401"),
    ]
    deliver(tmp_path, "registrations", "20101231", rows)
    cell = of(compute(tmp_path, K), "SURV_LEGAL_1")
    assert parts(cell) == [3, 4, 4, 75]
    assert of(compute(tmp_path, K), "SURV_LEGAL_1", "2009").availability == "no_denominator"


def test_founders_are_distinct_and_divided_by_the_urban_labour_force(tmp_path: Path) -> None:
    ann = resident_id("19750101", "002")
    rows = [
        entity("1", LEREPCERNO=ann),
        entity("2", LEREPCERNO=ann[:6] + ann[8:17], TOWN="520381002", FOUNDERGROUP="01;02"),
        entity("3"),
        entity("4"),
        entity("5", LEREPCERNO=ann, REGSTATE="3", CANDATE="20101231"),
    ]
    deliver(tmp_path, "registrations", "20101231", rows)
    people = [{"YEAR": "2010", "GEO": CITY, "URBANLABOUR": "48"}, {"YEAR": "2010", "GEO": "520381002", "URBANLABOUR": "0"}]
    deliver(tmp_path, "population", "20101231", people)
    cells = compute(tmp_path, K)
    city = of(cells, "ACT_IDX")
    assert parts(city) == [3, 48, 3, Decimal("6.25")]
    assert of(cells, "ACT_IDX", member="35-44").numerator == 1
    assert of(cells, "ACT_IDX", member="2").denominator is None
    assert of(cells, "ACT_IDX", member="02").numerator == of(cells, "ACT_IDX", member="01").numerator == 1
    assert of(cells, "ACT_IDX", member="07").numerator == 3
    assert parts(of(cells, "ACT_IDX", geography="520381002")) == [1, 0, 1, None]
    assert of(cells, "ACT_IDX", "2009").denominator is None
    assert of(cells, "ACT_IDX", geography="520381001").denominator is None


def test_new_jobs_by_startups(tmp_path: Path) -> None:
    young, old = "520381200000016", "520381600000015"
    bob = resident_id("19850615")
    deliver(
        tmp_path,
        "registrations",
        "20101231",
        [
            entity("young", REGNO=young, ESTDATE="20070311"),
            entity("old", REGNO=old, ESTDATE="20070310"),
            entity("older namesake", REGNO=young, ESTDATE="20000101", ENTTYPE="1110"),
        ],
    )
    jobs = [
        spell("1", AAC002=bob, AAB003=old),
        spell("1", AAC002=bob, AAB003=young, AAE030="20100301", TOWN="520381002"),
        spell("2", AAB003=young),
        spell("3", ACC031="2", AAB001="", AAC004="2", AAC006="19500101"),
        spell("4", AAB003="nowhere"),
        spell("5", ACC032="0", AAB003=young),
        spell("6", AAE031="20100301", ACC033="1"),
    ]
    deliver(tmp_path, "employment", "20101231", jobs)
    cells = compute(tmp_path, K)
    year = of(cells, "JOB_CONTR", "2010")
    assert parts(year) == [3, 4, 4, 75], "the person of two spells counts once"
    first_town = of(cells, "JOB_CONTR", geography="520381001")
    assert parts(first_town)[:2] == [2, 4], "there bob works for the old one alone"
    assert of(cells, "JOB_CONTR", member="55+").numerator == 1
    assert of(cells, "JOB_CONTR", member="25-34").denominator == 1
    assert of(cells, "JOB_CONTR", "2010-04").availability == "no_denominator"


def test_satisfaction_and_its_standard_error(tmp_path: Path) -> None:
    rows = [
        answer("1", "A", "1", "1", "5"),
        answer("2", "A", "2", "1", "3", SEX="1"),
        answer("3", "B", "1", "2", "1"),
        answer("4", "B", "2", "4", ""),
        answer("5", "C", "1", "1", "1", S2="2", S3="2", AGE="15", TOWN=""),
    ]
    deliver(tmp_path, "survey", "20101201", rows)
    cells = compute(tmp_path, K)
    city = of(cells, "SAT_IDX")
    third = rounded(Fraction(50, 3))
    assert third == Decimal("16.666666666667")
    assert parts(city)[:3] == [150 + Fraction(third), 5, 4]
    mean = float(150 + Fraction(third)) / 5
    z = {"A": [(100 - mean) / 5, (50 - mean) / 5], "B": [2 * (0 - mean) / 5, 0.0]}
    variance = sum(2 * sum((x - sum(v) / 2) ** 2 for x in v) for v in z.values())
    assert city.standard_error == pytest.approx(sqrt(variance), rel=1e-12)
    assert of(cells, "SAT_IDX", member="1").value == 50
    assert of(cells, "SAT_IDX", geography="520381999").unit_count == 1
    under_age = cells["SAT_IDX", "2010", CITY, "age_band", "unknown"]
    assert [*parts(under_age)[1:3], under_age.standard_error] == [1, 1, 0]
    assert of(cells, "SAT_IDX", "2009").value is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"sha256": "0" * 64}, {"rows": 3}, {"totals": {"REGCAP": "1.51"}}, {"totals": {"ENTNAME": "0"}}, {"region": "520382"},
        {"business_date": "2010-12-30"}, {"sequence": 2}, {"department": "hrss"}, {"kind": "half"},
    ],
)  # fmt: skip
def test_deliveries_refused_whole(tmp_path: Path, wrong: dict[str, object]) -> None:
    rows = [entity("a", REGCAP="1.5"), entity("b", REGCAP="?")]
    deliver(tmp_path, "registrations", "20101231", rows, false={"totals": {"REGCAP": "1.50"}})
    assert len(facts(tmp_path, K, CITY).entities) == 1
    path = deliver(tmp_path, "registrations", "20101231", rows, false=wrong)
    with pytest.raises(Refused):
        read(path.with_name(f"{path.stem}.manifest.json"), "registrations", CITY, "20101231", 1, CITY)
    assert not facts(tmp_path, K, CITY).entities


@pytest.mark.parametrize(
    "broken",
    [
        {"ENTNAME": ""}, {"ESTDATE": "20110101"}, {"ESTDATE": "20100230"}, {"REGSTATE": "3"}, {"CANDATE": "20080229"},
        {"INDATE": "20080101"}, {"OUTDATE": "20080229"}, {"TOWN": "520381109"}, {"FOUNDERGROUP": "01;08"}, {"REGCAP": "-1"},
        {"LEREPCERNO": "5203811975"}, {"INDUSTRYCO": "0011"}, {"UNISCID": "910000000000000000"}, {"DOM": "x" * 4001},
    ],
)  # fmt: skip
def test_rows_quarantined(tmp_path: Path, broken: dict[str, str]) -> None:
    deliver(tmp_path, "registrations", "20101231", [entity("a"), entity("b", **broken)])
    assert [e.pripid for e in facts(tmp_path, K, CITY).entities] == ["a"]


def test_places_sections_and_days(tmp_path: Path) -> None:
    rows = [
        entity("named", TOWN="", DOM="赤水市大同镇一号"),
        entity("two", TOWN="", DOM="大同镇转复兴镇"),
        entity("digits", TOWN="５２０３８１００３", ESTDATE="2008-03-01"),
    ]
    deliver(tmp_path, "registrations", "20101231", rows)
    assert [e.town for e in facts(tmp_path, K, CITY).entities] == ["520381102", "520381999", "520381003"]
    assert [section_2017("2002", d) for d in ("51", "60", "63", "66", "01")] == ["G", "I", "F", "H", "A"]
    assert months_later(date(2008, 2, 29), 36) == date(2011, 2, 28)
    assert rounded(Fraction(-1, 2), 0) == -1


def test_every_difference_is_told(tmp_path: Path) -> None:
    deliver(tmp_path, "registrations", "20101231", [entity("a")])
    deliver(tmp_path, "survey", "20101201", [answer("1", "A", "1", "1", "5"), answer("2", "A", "2", "3", "2")])
    cells = {key: cell for key, cell in compute(tmp_path, K).items() if key[1] == "2010" and key[2] == CITY}
    columns = ("indicator", "period", "geography", "breakdown_type", "breakdown")
    rows: list[dict[str, object]] = [dict(zip(columns, key, strict=True)) | _row(cell) for key, cell in cells.items()]
    assert differences(cells, rows) == []
    assert len(differences(cells, rows[1:])) == len(differences(cells, [*rows, rows[0]])) == 1
    assert differences(cells, [*rows, rows[0] | {"indicator": "OTHER"}]) == []
    assert len(differences(cells, [*rows, rows[0] | {"breakdown": "U"}])) == 1
    place = next(i for i, key in enumerate(cells) if key[0] == "SAT_IDX" and key[4] == "total")
    for column, value in {"value": 1, "numerator": 1, "denominator": None, "unit_count": 9, "standard_error": 1}.items():
        changed = [row | {column: value} if i == place else row for i, row in enumerate(rows)]
        assert len(differences(cells, changed)) == 1, column
    late = [row | {"value": None, "availability": "stale"} if row["indicator"] == "SAT_IDX" else row for row in rows]
    assert differences(cells, late, known_to=date(2010, 12, 31)) and not differences(cells, late, known_to=date(2010, 12, 30))
    assert len(differences(cells, [row | {"status": "P"} for row in rows], date(2011, 8, 31))) == 0
    final = differences(cells, [row | {"status": "P"} for row in rows], date(2011, 9, 1))
    assert len(final) == sum(key[0] not in ("ENT_DEATH_RATE", "ENT_CHURN") for key in cells)
    wrong = replace(next(iter(cells.values())), unit_count=-1)
    assert len(differences(cells | {next(iter(cells)): wrong}, rows)) == 1


def _row(cell: Cell) -> dict[str, object]:
    return {
        "value": cell.value,
        "numerator": None if cell.numerator is None else Decimal(cell.numerator.numerator) / cell.numerator.denominator,
        "denominator": None if cell.denominator is None else Decimal(int(cell.denominator)),
        "unit_count": cell.unit_count,
        **interval(cell),
        "availability": cell.availability,
    }
