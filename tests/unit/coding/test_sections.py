"""Sections of business scopes: the first item decides, formulas say nothing, unknown stays unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.coding.sections import Sections

CODER = Sections()
FORMULA = (
    "法律、法规、国务院决定规定禁止的不得经营；法律、法规、国务院决定规定应当许可（审批）的，经审批机关批准后凭许可（审批）"
    "文件经营;法律、法规、国务院决定规定无需许可（审批）的，市场主体自主选择经营。"
)


@pytest.mark.parametrize(
    ("scope", "section"),
    [
        ("白酒生产、销售。", "C"),  # who sells what they make is a producer
        ("白酒销售。", "F"),
        ("煤炭的开采及销售", "B"),
        ("水力发电", "D"),
        ("房屋建筑工程施工；销售：建材", "E"),
        ("销售：建筑材料、化工产品；装饰装修", "F"),  # the first item
        ("化肥、农药、农膜", "F"),  # goods alone
        ("日用百货、五金、家电维修", "F"),
        ("道路普通货物运输；汽车配件销售", "G"),
        ("住宿、餐饮服务", "H"),
        ("基础电信业务、增值电信业务", "I"),
        ("吸收公众存款；发放贷款", "J"),
        ("房地产开发经营", "K"),
        ("汽车租赁", "L"),
        ("设计、制作、代理、发布国内广告", "L"),
        ("工程监理", "M"),
        ("二类维修（小型车辆）", "O"),
        ("机动车驾驶员培训", "P"),
        ("养老服务", "Q"),
        ("电影放映", "R"),
        ("蔬菜种植、加工及销售；为成员提供技术培训", "A"),
        (FORMULA + "（茶叶加工", "C"),
        ("建筑材料", "F"),  # is no construction
    ],
)
def test_by_the_scope(scope: str, section: str) -> None:
    answer = CODER.section(scope)
    assert (answer.section, answer.said_by) == (section, "scope")


def test_the_name_answers_where_the_scope_is_silent() -> None:
    for scope in (FORMULA, "", None, "为本公司结算接洽"):
        answer = CODER.section(scope, "赤水市某某酒业销售有限公司")
        assert (answer.section, answer.said_by) == ("F", "name")
    assert CODER.section("白酒生产", "赤水市某某酒业销售有限公司").section == "C"


@pytest.mark.parametrize("scope", [FORMULA, "", None, "*", "按批准文件"])
def test_unknown_stays_unknown(scope: str | None) -> None:
    assert CODER.section(scope, "赤水市甲乙丙有限公司").section is None


def test_a_formula_is_no_scope() -> None:
    assert not CODER.says_something(FORMULA)
    assert CODER.says_something(FORMULA + "茶叶")


@given(st.text(), st.text())
def test_never_raises(scope: str, name: str) -> None:
    CODER.section(scope, name)


@given(
    st.sampled_from(["、百货零售", "；餐饮服务", "。维修", ";物业管理"]), st.sampled_from(["白酒生产", "煤炭开采", "水稻种植"])
)
def test_what_comes_later_does_not_change_a_producer(later: str, first: str) -> None:
    assert CODER.section(first + later).section == CODER.section(first).section
