"""Legal forms: code, then type, then name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.codes import load_code_lists
from ingest.coding.terms import DATA, rows
from ingest.coding.types import EntityTypes

TYPES = EntityTypes()


@pytest.mark.parametrize(
    ("uscc", "enttype", "name", "code"),
    [
        ("92520381", "有限责任公司", "某某有限公司", "9500"),
        ("93520381", "N/A", "某某合作社", "9100"),
        ("91520381", "有限责任公司 国有企业", "某某有限公司", "1110"),
        ("91520381", "N/A", "某某有限公司", "1130"),
        ("91520381", None, "某某有限公司第二分公司", "2100"),
        ("91520381", "N/A", "某某股份有限公司", "1200"),
        ("91520381", "闻所未闻", "某某有限公司", None),
        ("91520381", "N/A", "某某厂", None),
        (None, None, None, None),
    ],
)
def test_code_then_type_then_name(uscc: str | None, enttype: str | None, name: str | None, code: str | None) -> None:
    assert TYPES.code(uscc, enttype, name) == code


def test_every_code_is_one_of_the_list() -> None:
    known = {code.code for code in load_code_lists()["entity_type"]}
    assert {row["enttype"] for row in rows("entity_type.csv", ("kind", "text", "enttype", "note"), DATA)} - {""} <= known


@given(st.text(), st.text(), st.text())
def test_never_raises(uscc: str, enttype: str, name: str) -> None:
    TYPES.code(uscc, enttype, name)
