"""The SQL functions of the row rules against Python's calendar, decimal and stdnum."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc

from ingest.context import LoadContext

pytestmark = pytest.mark.integration
quick = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def ask(ctx: LoadContext, expression: str, values: list[str | None]) -> list[object]:
    with ctx.connect() as connection:
        return [
            row[0]
            for row in connection.execute(
                f"select {expression} from unnest(%s::text[]) with ordinality as t (v, n) order by n",  # type: ignore[arg-type]
                [values],
            )
        ]


def is_iso(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def regno(first_14: str) -> str:
    p = 10
    for digit in first_14:
        p = ((p + int(digit)) % 10 or 10) * 2 % 11
    return first_14 + str((11 - p) % 10)


@quick
@given(st.lists(st.text(max_size=12) | st.from_regex(r"[012][0-9]{3}-[01][0-9]-[0-3][0-9]", fullmatch=True), max_size=30))
def test_dates(ctx: LoadContext, texts: list[str]) -> None:
    texts = [text.replace("\0", "") for text in [*texts, "2008-02-29", "1900-02-29", "2000-02-29", "2010-04-31", "0000-01-01"]]
    assert ask(ctx, "raw.is_date(v)", [*texts, None]) == [*map(is_iso, texts), None]
    assert ask(ctx, "raw.as_date(v)", [*texts, None]) == [date.fromisoformat(t) if is_iso(t) else None for t in texts] + [None]


@quick
@given(st.lists(st.from_regex(r"[0-9]{14}", fullmatch=True), min_size=1, max_size=20))
def test_registration_numbers(ctx: LoadContext, firsts: list[str]) -> None:
    right = [regno(first) for first in firsts]
    wrong = [number[:14] + str((int(number[14]) + 1) % 10) for number in right]
    assert set(ask(ctx, "raw.regno_ok(v)", right)) == {True}
    assert set(ask(ctx, "raw.regno_ok(v)", wrong)) == {False}


def test_published_numbers_and_shapes(ctx: LoadContext) -> None:
    assert ask(ctx, "raw.regno_ok(v)", ["520381600000015", "520381200000016", "5203812000001", "52NA1", None]) == [
        True,
        True,
        True,
        True,
        None,
    ]
    assert ask(ctx, "raw.regno_shape(v)", ["520381600000015", "5203812000001", "52NA1", "12345", "52038160000001X", None]) == [
        True,
        True,
        True,
        False,
        False,
        None,
    ]


@quick
@given(
    st.lists(
        st.tuples(st.from_regex(r"[0-9]{8}", fullmatch=True), st.text(ALPHABET, min_size=9, max_size=9)), min_size=1, max_size=20
    )
)
def test_credit_codes(ctx: LoadContext, parts: list[tuple[str, str]]) -> None:
    right = [a + b + uscc.calc_check_digit(a + b) for a, b in parts]
    wrong = [code[:17] + ALPHABET[(ALPHABET.index(code[17]) + 1) % 31] for code in right]
    assert set(ask(ctx, "raw.uscc_ok(v)", right)) == {True}
    assert set(ask(ctx, "raw.uscc_ok(v)", wrong)) == {False}
    assert set(ask(ctx, "raw.uscc_ok(v)", [code[:17] for code in right] + ["", "91520381I00000015A"])) == {False}


def test_numbers(ctx: LoadContext) -> None:
    texts = ["1", "-1", "+1.25", "007.10", "1.234", "12345678901234567", "1e5", "NaN", "1_0", ".5", "5.", "", "９", None]
    assert ask(ctx, "raw.is_decimal(v, 18, 2)", texts) == [
        True,
        True,
        True,
        True,
        False,
        False,
        False,
        False,
        False,
        False,
        False,
        False,
        False,
        None,
    ]
    assert ask(ctx, "raw.as_decimal(v)", ["1.50", "x", None, "9" * 81]) == [Decimal("1.50"), None, None, None]
    assert ask(ctx, "raw.amount(v)", ["1.50", "x", None]) == [Decimal("1.50"), None, Decimal(0)]
    assert ask(ctx, "raw.is_integer(v)", ["12", "-3", "1.0", "x", None]) == [True, True, False, False, None]
    longest = ["2147483647", "2147483648", "-2147483648", "20101231001", "0000000000012", "9" * 81]
    assert ask(ctx, "raw.is_integer(v)", longest) == [True, False, True, False, True, False]
