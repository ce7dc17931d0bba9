"""Towns of addresses: exact rules, and never a guess."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.codes import Geography, load_geography
from ingest.coding.places import Gazetteer

GAZETTEER = Gazetteer("520381")
TOWNS = [unit for unit in load_geography() if unit.level == "town" and not unit.geography.endswith("999")]


@pytest.mark.parametrize(
    ("address", "town"),
    [
        ("贵州省遵义市赤水市大同镇建设路1号", "520381102"),
        ("赤水市市中街道1号", "520381001"),
        ("贵州省遵义市赤水市市中办五星路２号", "520381001"),
        ("贵州省遵义市赤水市中五星路2号", "520381001"),  # 市 written once
        ("赤水市文华办事处石柱山", "520381002"),
        ("赤水市旺隆鸭岭", "520381103"),  # a bare name where the address begins with it
        ("贵州省赤水市 人民西路 9 号", "520381001"),
        ("赤水市赤水市大同镇", "520381102"),
        ("赤水市鸭岭村三组", "520381103"),
        ("赤水市官渡镇大同路1号", "520381106"),  # a town before a road
    ],
)
def test_named(address: str, town: str) -> None:
    assert GAZETTEER.place(address).town == town


@pytest.mark.parametrize(
    "address",
    [
        "赤水市",
        "贵州省遵义市赤水市饭店二楼",
        "赤水市中医院",  # is no 市中
        "赤水市天台路3号",  # a road that has a town's bare name
        "赤水市大同镇与复兴镇交界处",
        "",
        None,
        "N/A",
    ],
)
def test_not_known(address: str | None) -> None:
    assert GAZETTEER.place(address).town is None


def test_elsewhere() -> None:
    place = GAZETTEER.place("贵州省遵义市湄潭县复兴镇街上")
    assert (place.town, place.region) == (None, "520328")


def test_the_registering_authority_counts_only_without_a_county() -> None:
    assert GAZETTEER.place("复兴镇街上", registered_in="520328").region == "520328"
    assert GAZETTEER.place("复兴镇街上", registered_in="520328").town is None
    assert GAZETTEER.place("复兴镇街上", registered_in="520381").town == "520381101"
    assert GAZETTEER.place("赤水市复兴镇街上", registered_in="520328").town == "520381101"
    assert GAZETTEER.place("复兴镇街上", registered_in="520300").town == "520381101"  # the prefecture's: says no county


def test_a_name_serves_only_where_the_address_is_silent() -> None:
    place = GAZETTEER.place("赤水市集市旁", name="赤水市旺隆镇某某农民专业合作社")
    assert (place.town, place.said_by) == ("520381103", "name")
    assert GAZETTEER.place("赤水市大同镇", name="赤水市旺隆镇某某合作社").town == "520381102"
    assert GAZETTEER.place("赤水市大同镇与复兴镇之间", name="赤水市旺隆镇某某合作社").town is None


@pytest.mark.parametrize(
    ("day", "town"), [(date(2015, 12, 31), "520381201"), (date(2016, 1, 1), "520381110"), (None, "520381110")]
)
def test_the_list_in_force_decides(day: date | None, town: str) -> None:
    for address in ("赤水市丙安乡艾华村", "赤水市丙安镇", "赤水市丙安场"):
        assert GAZETTEER.place(address, day).town == town


@pytest.mark.parametrize(
    ("name", "day", "town"),
    [
        ("甲乡", date(2012, 1, 1), "520381901"),  # the list of the day has it
        ("甲乡", date(2020, 1, 1), "520381903"),  # 甲乡 and 乙乡 became 丙镇
        ("乙乡", date(2020, 1, 1), "520381903"),
        ("丙镇", date(2012, 1, 1), "520381903"),  # which of the two, nobody can say
        ("丁乡", date(2012, 1, 1), "520381904"),  # and 丁乡 戊镇, which it is again before
        ("戊镇", date(2012, 1, 1), "520381904"),
        ("己乡", date(2020, 1, 1), "520381906"),  # ended without a successor
        ("甲乡", None, "520381903"),
    ],
)
def test_a_name_means_the_town_that_it_has_become(name: str, day: date | None, town: str) -> None:
    last, first = date(2015, 12, 31), date(2016, 1, 1)
    listed = [
        ("901", "甲乡", None, last, "903"), ("902", "乙乡", None, last, "903"), ("903", "丙镇", first, None, ""),
        ("904", "丁乡", None, last, "905"), ("905", "戊镇", first, None, ""), ("906", "己乡", None, last, ""),
    ]  # fmt: skip
    units = [
        Geography(f"520381{code}", "520381", "town", text, "", start, end, f"520381{after}" if after else "")
        for code, text, start, end, after in listed
    ]
    assert Gazetteer("520381", [*load_geography(), *units]).place(f"赤水市{name}", day).town == town


@given(st.text())
def test_never_raises(address: str) -> None:
    GAZETTEER.place(address, None, address, address)


@given(st.sampled_from(TOWNS), st.text(alphabet="0123456789号栋楼单元组、", max_size=20))
def test_a_full_name_in_the_address_decides(town: object, rest: str) -> None:
    day = town.valid_from or date(2010, 1, 1)  # type: ignore[attr-defined]
    assert GAZETTEER.place(f"贵州省遵义市赤水市{town.name_zh}{rest}", day).town == town.geography  # type: ignore[attr-defined]
