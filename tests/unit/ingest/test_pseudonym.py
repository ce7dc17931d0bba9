from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from ingest.pseudonym import (
    Identity,
    Pseudonymiser,
    canonical_id,
    check_character,
    fingerprint,
    is_right,
    mask_business_name,
    mask_name,
)
from tests.extracts import resident_id

P = Pseudonymiser(b"k" * 32)
BORN = st.dates(date(1900, 1, 1), date(1999, 12, 31))


def first_17(region: int, born: date, serial: int) -> str:
    return f"{region:06d}{born:%Y%m%d}{serial:03d}"


@given(st.integers(110000, 659999), BORN, st.integers(0, 999))
def test_one_person_is_one_pseudonym_in_both_generations(region: int, born: date, serial: int) -> None:
    long = resident_id(first_17(region, born, serial))
    short = long[:6] + long[8:17]
    assert ric.calc_check_digit(long) == long[17]
    assert P.identity(short) == P.identity(long) == P.identity(long.lower())
    identity = P.identity(long)
    assert identity is not None
    assert (identity.check, identity.birth_year, identity.region) == ("ok", str(born.year), f"{region:06d}")
    assert identity.sex == ("1" if serial % 2 else "2")
    assert long not in repr(identity) and len(identity.pseudonym) == 64


@given(st.text(max_size=20))
def test_any_text_is_an_id_or_nothing(text: str) -> None:
    identity = P.identity(text)
    assert (identity is None) == (canonical_id(text) is None)


def test_wrong_check_or_date_keeps_the_pseudonym_and_loses_year_and_sex() -> None:
    right = resident_id("52038119700101001")
    wrong = right[:17] + ("0" if right[17] != "0" else "1")
    identity = P.identity(wrong)
    assert identity is not None
    assert (identity.check, identity.birth_year, identity.sex, identity.region) == ("bad", None, None, "520381")
    assert identity.pseudonym != P.identity(right).pseudonym  # type: ignore[union-attr]
    impossible = P.identity(resident_id("52038119700230001"))
    assert impossible is not None and impossible.check == "bad"
    short = P.identity("520381700230001")
    assert short is not None and short.check == "bad"


@pytest.mark.parametrize("text", ["", "5203811970", "护照A1", "5203811970010100１5", "52038119700101001XX", "²" * 15])
def test_other_shapes_are_no_id(text: str) -> None:
    assert P.identity(text) is None


def test_what_a_taxpayer_number_holds() -> None:
    held = resident_id("52038119700101001")
    wrong = held[:17] + ("0" if held[17] != "0" else "1")
    identity = P.identity(held)
    assert P.taxpayer(held) == P.taxpayer("L" + held) == P.taxpayer(held + "01") == identity
    assert P.taxpayer("L" + held[:6] + held[8:17]) == identity
    assert P.taxpayer(wrong) == wrong
    assert isinstance(P.taxpayer("L" + wrong), Identity)
    assert P.taxpayer("L12345") is None
    assert P.taxpayer("520381700101001") == "520381700101001"
    assert P.taxpayer("520381600000015") == "520381600000015"


def test_another_key_gives_other_pseudonyms_and_another_fingerprint() -> None:
    held = resident_id("52038119700101001")
    assert Pseudonymiser(b"x" * 32).identity(held) != P.identity(held)
    assert fingerprint(b"x") != fingerprint(b"y")


def test_check_character_agrees_with_the_standard_for_both_ends() -> None:
    assert {check_character(f"5203811970010{n:04d}") for n in range(200)} == set("0123456789X")
    assert is_right(resident_id("52038119700101001"))


@pytest.mark.parametrize(
    ("name", "masked"),
    [("张三", "张**"), ("张三丰", "张**"), ("欧阳修", "欧阳**"), ("欧阳", "欧**"), ("Wang Wu", "W**"), ("买买提·艾力", "买**")],
)
def test_names_become_surname_and_mask(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("赤水竹艺有限公司", "赤水竹艺有限公司"),
        ("复兴镇竹笋农民专业合作社", "复兴镇竹笋农民专业合作社"),
        ("赤水市第一中学", "赤水市第一中学"),
        ("张三丰", "张**"),
        ("欧阳甲乙", "欧阳**"),
        ("张三丰副食店", "**店"),
        ("赤水市张三丰", "**"),
    ],
)
def test_business_names_without_a_known_owner(name: str, masked: str) -> None:
    assert mask_business_name(name) == masked
