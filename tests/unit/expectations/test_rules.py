from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from expectations.rules import rules_of
from expectations.scan import rows_statement
from ingest.spec import SourceSpec, all_specs

SPECS = all_specs()
REGION = "520381"


@pytest.fixture(params=SPECS.values(), ids=list(SPECS))
def spec(request: pytest.FixtureRequest) -> SourceSpec:
    found: SourceSpec = request.param
    return found


def test_every_rule_has_its_own_id_and_tells_the_department_in_both_languages(spec: SourceSpec) -> None:
    rules = rules_of(spec, date(2010, 12, 31), REGION)
    assert len({rule.id for rule in rules}) == len(rules)
    for rule in rules:
        assert any("a" <= sign <= "z" for sign in rule.sentence_en), rule.id
        assert any("\u4e00" <= sign <= "\u9fff" for sign in rule.sentence_zh), rule.id
        assert "{" not in rule.sentence_en + rule.sentence_zh, rule.id
        assert (rule.owner_en, rule.owner_zh) == (spec.owner.en, spec.owner.zh)
        assert set(rule.columns) <= set(spec.raw_columns)
        assert (rule.sql is None) == (rule.kind != "row"), rule.id


def test_the_business_date_decides_the_geography_in_force() -> None:
    def towns(day: date) -> str:
        (rule,) = [r for r in rules_of(SPECS["registrations"], day, REGION) if r.id == "town.geography"]
        return rule.sql or ""

    assert "520381200" in towns(date(2010, 12, 31)) and "520381109" not in towns(date(2010, 12, 31))
    assert "520381109" in towns(date(2017, 1, 1)) and "520381200" not in towns(date(2017, 1, 1))


def test_a_brace_in_a_pattern_is_not_taken_for_a_name(spec: SourceSpec) -> None:
    text = rows_statement(rules_of(spec, date(2010, 12, 31), REGION)).format(partition=1, findings=2).as_string()
    assert "{partition}" not in text and "{{" not in text
    if spec.name == "registrations":
        assert "[0-9]{4}" in text


def test_importing_the_room_does_not_import_the_engine() -> None:
    code = "import sys, expectations; sys.exit('great_expectations' in sys.modules or 'pandas' in sys.modules)"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
