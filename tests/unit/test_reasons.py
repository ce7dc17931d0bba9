from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from expectations.rules import rules_of
from ingest.spec import all_specs
from warehouse.reasons import of_row, refusal
from warehouse.texts import catalogue, t

ROOT = Path(__file__).parents[2]
_RAISED = re.compile(r'(?:DeliveryRefused|_refuse)\(\s*"([a-z_]+\.[a-z_]+)"')


def test_every_refusal_that_the_code_raises_has_its_sentences() -> None:
    raised = {rule for path in (ROOT / "ingest").rglob("*.py") for rule in _RAISED.findall(path.read_text(encoding="utf-8"))}
    assert len(raised) > 20
    assert {rule for rule in raised if f"refusal.{rule}" not in catalogue()} == set()


def test_a_refusal_is_said_in_the_readers_language() -> None:
    reason = "manifest.rows at rows: the manifest says 3, the file has 2"
    assert refusal(reason, "en") == "The number of rows is not the manifest's (rows)"
    assert refusal(reason, "zh") == "数据行数与交付清单不一致（位置：rows）"
    two = "file.bom at byte 1; file.unknown_column at columns 2, 3"
    assert (
        refusal(two, "zh")
        == "文件以字节顺序标记开头（已略去）（位置：byte 1）；文件含有未约定的栏目（已略去）（位置：columns 2, 3）"
    )
    assert refusal("something that no rule says", "zh") == "something that no rule says"
    assert refusal(None, "en") == ""


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_row_rule_has_a_sentence_columns_and_a_kind_of_value(lang: str) -> None:
    for spec in all_specs().values():
        day = date(2010, 12, 31)
        rules = [rule.id for rule in rules_of(spec, day, "520381") if rule.severity == "quarantine"]
        for reason in of_row(spec, rules, day, "520381", lang):
            assert reason.sentence and reason.sentence != reason.rule and reason.value_class
            assert reason.columns or reason.rule.startswith(("row.", "delivery."))
            assert (reason.value_class == t("value_class.contradiction", lang)) <= (len(reason.columns) > 1), reason.rule


def test_a_kind_of_value_is_what_the_rule_says() -> None:
    spec, day = all_specs()["registrations"], date(2010, 12, 31)
    rules = {
        "estdate.not_after_business_date": "later than allowed",
        "pripid.max_length": "too long",
        "regcap.min": "out of bounds",
    }
    assert {one.rule: one.value_class for one in of_row(spec, rules, day, "520381", "en")} == rules
