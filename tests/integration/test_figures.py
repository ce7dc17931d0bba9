"""Every figure against the independent calculator, night by night."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.integration.nights import City, disagreements, play, play_city, rows
from tests.reference import random_city
from tests.reference.catalogue import CATALOGUE
from tests.reference.random_city import RandomCity
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import load_settings

pytestmark = pytest.mark.integration
SEEDS = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233]
NIGHTS = (1, 2, 3, 4)
LATER = (date(2011, 1, 4), date(2011, 9, 1), date(2013, 1, 1))


def told(city: City, night: int, inbox: Path) -> list[str]:
    """What differs after a night from what its files come to."""
    return disagreements(city.after(night), city.inbox(night, inbox), city.nights[night - 1].business_date)


@pytest.mark.parametrize("night", [1, 4])
def test_every_figure_is_what_the_files_come_to(city: City, night: int, tmp_path: Path) -> None:
    assert told(city, night, tmp_path) == []


@pytest.mark.long
@pytest.mark.parametrize("night", [2, 3])
def test_every_figure_is_what_the_files_come_to_in_the_nights_between(city: City, night: int, tmp_path: Path) -> None:
    assert told(city, night, tmp_path) == []


@pytest.fixture(scope="module", params=[1, 7, 1949])
def other_city(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = play_city(tmp_path_factory.mktemp("other"), seed=request.param, scale=0.1)
    yield made
    postgres.stop(made.settings)


@pytest.mark.long
def test_every_figure_of_other_cities(other_city: City, tmp_path: Path) -> None:
    assert [told(other_city, night, tmp_path / str(night))[:5] for night in NIGHTS] == [[]] * 4


def test_every_figure_of_an_invented_city_that_is_all_awkward(tmp_path: Path) -> None:
    assert _invented(2010, tmp_path, random_city.NIGHTS[-1:])[:20] == []


@pytest.mark.long
@pytest.mark.parametrize("seed", [2010, *SEEDS])
def test_every_figure_of_invented_cities_after_each_night(seed: int, tmp_path: Path) -> None:
    assert _invented(seed, tmp_path, random_city.NIGHTS)[:20] == []


@pytest.mark.long
@pytest.mark.parametrize("seed", [2010, *SEEDS[:2]])
def test_every_figure_of_an_invented_city_of_which_nothing_more_comes(seed: int, tmp_path: Path) -> None:
    """Years turn: what runs on is counted on, periods close, and what is not known any longer is stale."""
    assert _invented(seed, tmp_path, random_city.NIGHTS[-1:], LATER)[:20] == []


def _invented(seed: int, folder: Path, played: tuple[date, ...], later: tuple[date, ...] = ()) -> list[str]:
    """What differs after any of the nights of an invented city that are played, and of those without a delivery later."""
    settings = load_settings(home=folder / "home")
    inbox = Path(settings.inbox_url)
    invented = RandomCity(seed, inbox)
    told: list[str] = []
    try:
        prepare(settings)
        for night in random_city.NIGHTS:
            invented.arrive(night)
            if night not in played:
                continue
            play(settings, night)
            told += [f"{night}: {line}" for line in disagreements(settings, inbox, night)]
        for night in later:
            play(settings, night)
            told += [f"{night}: {line}" for line in disagreements(settings, inbox, night, random_city.NIGHTS[-1])]
            stale = (
                "select distinct indicator, period from mart.indicator_values where availability = 'stale' "
                "and indicator in ('ENT_STK', 'SAT_IDX') and period in ('2010', '2010-12', '2011', '2011-08', '2011-Q2')"
            )
            wanted = {("ENT_STK", "2011-08"), ("ENT_STK", "2011-Q2")} if night.year > 2011 or night.month > 1 else set()
            wanted |= {("ENT_STK", "2011"), ("SAT_IDX", "2011")} if night.year > 2011 else set()
            assert set(rows(settings, stale)) == wanted
    finally:
        postgres.stop(settings)
    return told


@pytest.mark.parametrize("night", NIGHTS)
def test_net_is_new_and_moved_in_less_exits_and_purges(city: City, night: int) -> None:
    broken = rows(
        city.after(night),
        """
        select period, geography, breakdown_type, breakdown from mart.indicator_values
        where numerator = value and indicator in ('ENT_NET', 'ENT_NEW', 'ENT_MIG', 'ENT_EXIT', 'ENT_PURGE')
        group by period, geography, breakdown_type, breakdown
        having count(*) <> 5 or sum(
            case when indicator in ('ENT_NEW', 'ENT_MIG') then numerator else -numerator end
        ) <> 0
        """,
    )
    assert broken == []


PLACES = 1 + 3 + 9 + 5 + 1  # the city, its streets, towns and townships, and the unknown one


@pytest.mark.parametrize(("night", "periods"), [(1, {"M": 23, "Q": 7, "Y": 1}), (4, {"M": 24, "Q": 8, "Y": 2})])
def test_every_combination_has_a_row(city: City, night: int, periods: dict[str, int]) -> None:
    found = rows(
        city.after(night),
        "select indicator, period_grain, breakdown_type, count(*), count(distinct (period, geography, breakdown)) "
        "from mart.indicator_values group by 1, 2, 3",
    )
    catalogue = {name for (name,) in rows(city.after(night), "select indicator from mart.indicator_catalogue")}
    expected = {
        (name, grain, kind): periods[grain] * PLACES * len(its.members(kind))
        for name, its in CATALOGUE.items()
        for kind in its.kinds
        for grain in its.grains
        if name in catalogue
    }
    assert {(indicator, grain, kind): count for indicator, grain, kind, count, _ in found} == expected
    assert all(count == distinct for *_, count, distinct in found)
    availability = dict(rows(city.after(night), "select availability, count(*) from mart.indicator_values group by 1"))
    assert set(availability) == {"ok", "no_denominator"}, "every promised delivery came, or came again"
    empty = rows(city.after(night), "select 1 from mart.indicator_values where (value is null) <> (availability <> 'ok')")
    assert empty == []
