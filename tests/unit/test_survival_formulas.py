"""The laws of survival, asked of the formulas as they are written in the indicators' definitions."""

from fractions import Fraction
from math import prod

from hypothesis import given
from hypothesis import strategies as st

from warehouse.indicators import Part, load_indicators

INDICATORS = load_indicators()
YEARS = range(1, 8)
COUNTS = st.lists(st.integers(0, 9), min_size=7, max_size=7)


def amount(part: Part | None, balance: dict[str, int]) -> Fraction:
    """The part of a cohort whose accounts stand at these balances."""
    assert part is not None
    return sum((Fraction(sign * balance[account]) for account, sign in part.accounts.items()), Fraction(0))


def cohort(deaths: list[int], mergers: list[int], living: int) -> dict[str, int]:
    """Balances of a cohort's accounts, by what became of its members in each year of life."""
    return {
        "entity.birth": sum(deaths) + sum(mergers) + living,
        **{f"survival.death_{year}": count for year, count in zip(YEARS, deaths, strict=True)},
        **{f"survival.merger_{year}": count for year, count in zip(YEARS, mergers, strict=True)},
    }


@given(deaths=COUNTS, living=st.integers(1, 9))
def test_without_mergers_survival_is_the_product_of_the_hazards(deaths: list[int], living: int) -> None:
    balance = cohort(deaths, [0] * 7, living)
    for k in range(1, 6):
        legal = INDICATORS[f"SURV_LEGAL_{k}"]
        hazards = [INDICATORS[f"HAZ_{year}"] for year in range(1, k + 1)]
        survived = prod((1 - amount(h.numerator, balance) / amount(h.denominator, balance) for h in hazards), start=Fraction(1))
        assert amount(legal.numerator, balance) / amount(legal.denominator, balance) == survived


@given(deaths=COUNTS, mergers=COUNTS, living=st.integers(0, 9))
def test_who_is_at_risk_dies_merges_or_is_at_risk_in_the_next_year(deaths: list[int], mergers: list[int], living: int) -> None:
    balance = cohort(deaths, mergers, living)
    at_risk = [amount(INDICATORS[f"HAZ_{year}"].denominator, balance) for year in YEARS]
    died = [amount(INDICATORS[f"HAZ_{year}"].numerator, balance) for year in YEARS]
    assert at_risk[0] == balance["entity.birth"] and died == deaths
    for year in range(6):
        assert at_risk[year] - deaths[year] - mergers[year] == at_risk[year + 1]


def test_cohorts_look_back_to_the_year_of_their_birth() -> None:
    lagged = {f"SURV_LEGAL_{k}": k for k in range(1, 6)} | {f"HAZ_{k}": k for k in YEARS}
    for name, lag in lagged.items():
        denominator = INDICATORS[name].denominator
        assert INDICATORS[name].numerator.lag_years == lag and denominator is not None and denominator.lag_years == lag
    for k in range(1, 6):
        active = INDICATORS[f"SURV_ACT_{k}"]
        assert active.numerator.lag_years == 0 and active.denominator is not None and active.denominator.lag_years == k
