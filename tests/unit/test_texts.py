"""The catalogue: both languages, the same placeholders, and every key that the code names."""

import ast
import string
from pathlib import Path

import pytest

from warehouse.cli import COMMANDS
from warehouse.settings import PROJECT
from warehouse.texts import LANGUAGES, catalogue

# functions and exceptions whose first argument is a key
_TAKERS = {"t", "BureauError"}


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _keys(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    firsts = [
        call.args[0]
        for call in calls
        if call.args and isinstance(call.func, ast.Name | ast.Attribute) and _name(call.func) in _TAKERS
    ]
    helps = [word.value for call in calls for word in call.keywords if word.arg == "help"]
    return {node.value for node in [*firsts, *helps] if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _name(function: ast.Name | ast.Attribute) -> str:
    return function.id if isinstance(function, ast.Name) else function.attr


@pytest.mark.parametrize("key", sorted(catalogue()))
def test_text_has_both_languages_with_the_same_placeholders(key: str) -> None:
    texts = catalogue()[key]
    assert set(texts) == set(LANGUAGES)
    assert all(isinstance(text, str) and text.strip() for text in texts.values())
    assert _placeholders(texts["en"]) == _placeholders(texts["zh"])


@pytest.mark.parametrize("path", sorted((PROJECT / "warehouse").rglob("*.py")), ids=lambda path: path.name)
def test_every_key_in_the_code_is_in_the_catalogue(path: Path) -> None:
    assert _keys(path) <= catalogue().keys()


def test_every_command_has_its_line() -> None:
    assert {f"{name}.short" for name in COMMANDS} <= catalogue().keys()
