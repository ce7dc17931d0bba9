"""The handbook says everything about an indicator, in both languages."""

import pytest

from warehouse import handbook
from warehouse.accounts import account_words
from warehouse.indicators import Indicator, load_indicators
from warehouse.texts import LANGUAGES

INDICATORS = load_indicators()
PAGES = {lang: handbook.pages(lang) for lang in LANGUAGES}


def _accounts(one: Indicator) -> set[str]:
    return {account for part in (one.numerator, one.denominator) if part for account in part.accounts}


@pytest.mark.parametrize("one", INDICATORS.values(), ids=lambda one: one.indicator)
def test_accounts_of_a_formula_have_words(one: Indicator) -> None:
    assert _accounts(one) <= account_words().keys()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("one", INDICATORS.values(), ids=lambda one: one.indicator)
def test_a_page_says_all_that_the_definition_says(one: Indicator, lang: str) -> None:
    page = PAGES[lang][handbook.page_path(one.indicator, lang)]
    said = [getattr(texts, lang) for texts in (one.name, one.unit, one.definition, one.meaning, one.source_of_definition)]
    said += [getattr(one.caveat, lang)] if one.caveat else []
    said += [f"`{word}`" for word in (*one.needs, *one.breakdowns, *_accounts(one))]
    assert all(text in page for text in said)
    assert ("◇" in page) == one.own_reading
    assert page.count(" ÷ ") == (one.denominator is not None)
    assert (f"× {one.scale}" in page) == (one.scale != 1)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_index_marks_own_readings(lang: str) -> None:
    marked = {
        line.split("]")[0].removeprefix("| [") for line in PAGES[lang][handbook.index_path(lang)].splitlines() if "◇ |" in line
    }
    assert marked == {name for name, one in INDICATORS.items() if one.own_reading}


def test_signs_of_accounts_are_said() -> None:
    page = PAGES["en"][handbook.page_path("LOAN_BAL", "en")]
    assert "all up to the end of the period: amounts disbursed (放款), yuan (`loan.issued`) − principal repaid" in page
    assert "Value = numerator × 0.0001" in page
