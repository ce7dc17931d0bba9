"""Capital texts: amount in 万 of a currency, or nothing."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.coding.capital import Capital, Currencies

MONEY = Currencies()


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("10(万元)", "10", "156"),
        ("1,000(万元)", "1000", "156"),
        ("50(万美元)", "50", "840"),
        ("30( 万人民币元)", "30", "156"),
        ("0.5000( 万人民币元)", "0.5", "156"),
        ("2.1万元人民币", "2.1", "156"),
        ("5万人民币", "5", "156"),
        ("７．５（万元）", "7.5", "156"),
        ("3(万)", "3", "156"),
        ("120( 万元人民币元)", "120", "156"),
        ("8(万香港元)", "8", "344"),
        ("500000元", "50", "156"),
        ("12345元", "1.2345", "156"),
    ],
)
def test_read(text: str, amount: str, currency: str) -> None:
    assert MONEY.read(text) == Capital(Decimal(amount), currency)


@pytest.mark.parametrize(
    "text",
    [
        "N/A",
        "",
        None,
        "10",
        "万元",
        "10万贝壳",
        "-5万元",
        "1,00万元",
        "1.2.3万元",
        "123456789012345万元",
        "0.00001万元",
        "12.3456元",
        "1万元2",
    ],
)
def test_not_read(text: str | None) -> None:
    assert MONEY.read(text) is None


@given(st.text(alphabet=st.sampled_from("0123456789.,()（）万元美人民币 N/A-０９"), max_size=30) | st.text(max_size=30))
@example("9" * 500 + "万元")
def test_never_raises_and_fits_the_column(text: str) -> None:
    capital = MONEY.read(text)
    if capital is not None:
        assert 0 <= capital.amount < Decimal(10) ** 14
        assert capital.amount == round(capital.amount, 4)
