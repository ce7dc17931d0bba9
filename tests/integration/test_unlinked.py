"""`./bureau unlinked`: what is linked to nobody is counted and listed."""

from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner, Result

from tests.integration.nights import City, rows
from warehouse.cli import LazyGroup
from warehouse.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def home(city: City) -> Settings:
    return city.from_night(4)


def bureau(home: Settings, *words: str, lang: str = "en") -> Result:
    environment = {"BUREAU_HOME": str(home.home), "BUREAU_LANG": lang}
    return CliRunner().invoke(LazyGroup("bureau"), ["unlinked", *words], env={**os.environ, **environment})


def test_they_are_counted_by_source_and_reason(home: Settings) -> None:
    spells, vouchers = rows(
        home,
        "select (select count(*) from mart.fct_employment_spell where employment_form = '1' and employer_id is null), "
        "(select count(*) from mart.fct_tax_payment where entity_id is null)",
    )[0]
    found = json.loads(bureau(home, "--format", "json").output)
    assert {one["reason"] for one in found} <= {"none_given", "not_found", "id_not_found"}
    assert sum(one["records"] for one in found if one["source"] == "employment") == spells > 0
    assert sum(one["records"] for one in found if one["source"].startswith("tax_")) >= vouchers > 0, "void ones, too"
    assert "注册号" in bureau(home, lang="zh").output


def test_each_is_named_by_its_row(home: Settings) -> None:
    listed = json.loads(bureau(home, "--source", "employment", "--limit", "5", "--format", "json").output)
    assert 0 < len(listed) <= 5 and all(one["file_name"].startswith("employment_") and one["row"] > 0 for one in listed)
    known = {number for (number,) in rows(home, "select row_id from mart.fct_employment_spell where employer_id is null")}
    assert {one["row_id"] for one in listed} <= known
    table = bureau(home, "--source", "employment", "--limit", "1").output
    assert table.count("row_id") == 1
    header, first, *_ = bureau(home, "--source", "employment", "--format", "csv").output.splitlines()
    assert header == "row_id,file_name,row,regno,reference_date,reason" and len(first.split(",")) == 6
    wrong = bureau(home, "--source", "survey")
    assert wrong.exit_code != 0 and "tax_local" in str(wrong.exception or wrong.output)
