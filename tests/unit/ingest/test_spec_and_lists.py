from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ingest.calendar import BusinessDays, expected, window_of
from ingest.codes import allowed_codes, allowed_geographies, load_code_lists, load_geography, load_industry_sections
from ingest.errors import SpecError
from ingest.spec import SOURCES, all_specs, load_spec

SPECS = all_specs()
LISTS = load_code_lists()


@pytest.mark.parametrize("name", SPECS)
def test_every_list_of_a_spec_exists(name: str) -> None:
    for column in SPECS[name].columns:
        if column.type in ("code", "codes"):
            codes = allowed_codes(column, LISTS)
            assert codes and len(codes) == len(set(codes))


def test_both_tax_offices_have_the_same_columns_and_their_own_taxes() -> None:
    national, local = SPECS["tax_national"], SPECS["tax_local"]
    assert national.raw_columns == local.raw_columns
    assert allowed_codes(national.column("taxtype"), LISTS) == ("10101", "10102", "10104")
    assert allowed_codes(local.column("taxtype"), LISTS) == ("10103", "10105", "10109", "10110")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("title:", "titel:", "titel"),
        ("{name: year,", "{name: year, width: 3,", "columns.0.width"),
        ("key: [year, geo]", "key: [year, town]", "no such column: town"),
        ("kinds: [full]", "kinds: [all]", "kinds.0"),
        ('min: "0"', 'min: "nought"', "columns.resident"),
        ("list: population_status}", "list: population_status, min: '1'}", "min and max"),
        ("name: population", "name: people", "name"),
        ("format: csv", "format: [", "not readable"),
    ],
)
def test_what_a_spec_has_wrong_is_named(tmp_path: Path, old: str, new: str, key: str) -> None:
    text = (SOURCES / "population.yml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "population.yml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load_spec("population", tmp_path)
    assert "population.yml" in str(caught.value) and key in str(caught.value)


def test_a_missing_spec_is_named() -> None:
    with pytest.raises(SpecError, match=r"moon\.yml"):
        load_spec("moon")


def test_geography_has_vintages() -> None:
    units = load_geography()
    town, anywhere = SPECS["registrations"].column("town"), SPECS["population"].column("geo")
    in_2010 = allowed_geographies(town, units, "520381", date(2015, 12, 31))
    in_2016 = allowed_geographies(town, units, "520381", date(2016, 1, 1))
    assert len(in_2010) == len(in_2016) == 18
    assert set(in_2010) - set(in_2016) == {"520381200", "520381201"}
    assert set(in_2016) - set(in_2010) == {"520381109", "520381110"}
    assert set(allowed_geographies(anywhere, units, "520381", date(2010, 1, 1))) == {*in_2010, "520381"}
    assert {unit.geography: unit.successor for unit in units if unit.valid_to} == {
        "520381200": "520381109",
        "520381201": "520381110",
    }
    codes = {unit.geography for unit in units}
    assert all(unit.parent in codes for unit in units if unit.parent)


@pytest.mark.parametrize(
    "rows",
    [
        "1,X,,,,,2015-12-31,2",
        "1,X,,,,,,2\n2,X,,,,,,",
        "1,X,,,,,2015-12-31,2\n2,Y,,,,,,",
        "1,X,,,,,2015-12-31,2\n2,X,,,,,2014-12-31,",
    ],
    ids=["unknown", "not_ended", "elsewhere", "ended_before"],
)
def test_a_successor_is_a_unit_beside_it_that_outlasts_it(tmp_path: Path, rows: str) -> None:
    header = "geography,parent,level,name_zh,name_en,valid_from,valid_to,successor"
    (tmp_path / "geography.csv").write_text(f"{header}\n{rows}\n", encoding="utf-8")
    with pytest.raises(SpecError, match=r"geography\.csv: 1: 2"):
        load_geography(tmp_path)


def test_industry_sections_of_the_three_standards() -> None:
    sections = load_industry_sections()
    assert [sum(1 for standard, _ in sections if standard == year) for year in ("2002", "2011", "2017")] == [95, 96, 97]
    assert (sections["2002", "65"], sections["2011", "52"], sections["2017", "79"]) == ("H", "F", "N")
    assert ("2002", "38") not in sections and ("2002", "64") not in sections
    for year in ("2002", "2011", "2017"):
        letters = [letter for (standard, _), letter in sorted(sections.items()) if standard == year]
        assert letters == sorted(letters) and set(letters) == set("ABCDEFGHIJKLMNOPQRST")


def test_calendars() -> None:
    days = BusinessDays()
    first, last = date(2010, 12, 24), date(2011, 1, 4)
    working = expected(SPECS["loans"], first, last, days)
    assert [day.isoformat()[5:] for day in working] == ["12-24", "12-27", "12-28", "12-29", "12-30", "12-31", "01-04"]
    assert expected(SPECS["training"], date(2010, 1, 1), last, days) == [
        date(2010, 3, 31),
        date(2010, 6, 30),
        date(2010, 9, 30),
        date(2010, 12, 31),
    ]
    assert expected(SPECS["survey"], date(2009, 6, 1), last, days) == [date(2009, 12, 31), date(2010, 12, 31)]
    assert window_of(SPECS["survey"], date(2010, 12, 31)) == (date(2010, 10, 1), date(2010, 12, 31))
    assert window_of(SPECS["loans"], date(2010, 12, 31)) == (date(2010, 12, 31), date(2010, 12, 31))


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2010-02-15", False),  # Spring Festival, a Monday
        ("2010-02-20", True),  # a Saturday, worked for it
        ("2010-10-06", False),  # National Day's week
        ("2010-10-09", True),  # a Saturday, worked for it
        ("2010-10-11", True),
        ("2010-10-16", False),
        ("2009-10-01", False),
        ("2026-02-17", False),
        ("2099-01-01", True),  # not announced yet: a Thursday
        ("2099-01-03", False),
    ],
)
def test_public_holidays_and_the_weekends_worked_for_them(day: str, worked: bool) -> None:
    assert BusinessDays().are_worked(date.fromisoformat(day)) is worked


def test_a_place_has_days_of_its_own() -> None:
    days = BusinessDays(off=frozenset({date(2010, 3, 3), date(2099, 2, 2)}), worked=frozenset({date(2010, 2, 15)}))
    assert not days.are_worked(date(2010, 3, 3))
    assert days.are_worked(date(2010, 2, 15))
    assert [days.are_announced(year) for year in (2010, 2098, 2099)] == [True, False, True]
