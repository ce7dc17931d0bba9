"""Every rule for which a delivery can be refused, or is remarked on, has its sentence in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from warehouse.texts import catalogue

PROJECT = Path(__file__).resolve().parents[2]
RULE = re.compile(r"(file|manifest|delivery)\.[a-z_0-9]+")


def named() -> Iterator[str]:
    """Texts in `ingest` that are, or begin with, a rule of whole deliveries."""
    for path in (PROJECT / "ingest").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and (found := RULE.match(node.value)):
                rest = node.value[found.end() :]
                if not rest or rest.startswith((" at ", ": ")):
                    yield found[0]


@pytest.mark.parametrize("rule", sorted({*named(), "file.conflict", "file.duplicate"}))
def test_a_rule_has_its_sentence(rule: str) -> None:
    texts = catalogue()[f"refusal.{rule}"]
    assert re.search("[\u4e00-\u9fff]", texts["zh"]) and not re.search("[\u4e00-\u9fff]", texts["en"])


def test_the_rules_are_found() -> None:
    assert {"file.container", "file.macros", "manifest.sha256", "delivery.empty", "file.unknown_source", "file.bom"} <= {*named()}
