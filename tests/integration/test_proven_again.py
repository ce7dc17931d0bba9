"""Two releases a month apart, each proven when it is made, later, and a third time after ten more nights: bit by bit the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from tests.integration.nights import SEED, arrive, play, rows
from warehouse.releases.compare import compare, figures_of, postings_of
from warehouse.releases.create import Wanted, create
from warehouse.releases.register import decide, find_release
from warehouse.releases.replay import replayed
from warehouse.releases.stored import archive_findings, stored_findings
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings
from warehouse.synth import Night, synthesise_nights

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(3600)]
FIRST_RELEASE, SECOND_RELEASE, LATER = date(2010, 11, 26), date(2010, 12, 27), 10


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    settings = load_settings(home=tmp_path / "home", series_start=date(2010, 7, 1))
    prepare(settings)
    yield settings
    postgres.stop(settings)


def nights_of(folder: Path) -> list[Night]:
    """From some days before the first release to ten working days after the second, with the demonstration's faults."""
    made = synthesise_nights(folder, seed=SEED, scale=0.02, first=date(2010, 11, 22), last=date(2011, 1, 11), faults="demo")
    before = [night for night in made if night.business_date <= SECOND_RELEASE]
    return made[: len(before) + LATER]


def release(settings: Settings, title: str, reason: str | None = None) -> int:
    made = create(settings, Wanted(title, reason=reason))
    with psycopg.connect(postgres.conninfo(settings, role="bureau_owner"), autocommit=True) as connection:
        decide(connection, made.release_id, True, "somebody")
    return made.release_id


def proven(settings: Settings, release_id: int) -> tuple[str, str]:
    """Nothing is found; the head, and a digest over all that was recomputed, the floats of standard errors included."""
    digest = hashlib.sha256()
    with psycopg.connect(postgres.conninfo(settings, role="bureau_evaluator"), autocommit=True) as connection:
        made = find_release(connection, release_id)
        assert archive_findings(connection, settings, made)[1] == []
        assert stored_findings(connection, made)[1] == []
        with replayed(settings, connection, made) as scratch:
            compared = compare(connection, made, scratch.connection)
            assert compared.findings == () and compared.figures == made.figures and compared.postings > 1000
            for entry in (*figures_of(scratch.connection, "mart.indicator_values as f"), *postings_of(scratch.connection)):
                digest.update(repr(entry).encode())
    return made.head, digest.hexdigest()


def test_releases_are_the_same_bits_a_third_time(settings: Settings, tmp_path: Path) -> None:
    said: dict[int, list[tuple[str, str]]] = {1: [], 2: []}
    nights = nights_of(tmp_path / "nights")
    days = [night.business_date for night in nights]
    assert len([day for day in days if day > SECOND_RELEASE]) == LATER
    for day in days:
        arrive(tmp_path / "nights", day, Path(settings.inbox_url))
        play(settings, day)
        if day == FIRST_RELEASE:
            said[release(settings, "November")].append(proven(settings, 1))
        if day == SECOND_RELEASE:
            said[release(settings, "December", "a month of a small city")].append(proven(settings, 2))
            said[1].append(proven(settings, 1))
        if day == days[-LATER // 2]:
            said[2].append(proven(settings, 2))
    for number in (1, 2):
        said[number].append(proven(settings, number))
        assert len(said[number]) == 3 and len(set(said[number])) == 1
    assert said[1][0] != said[2][0]
    changed = rows(
        settings, "select count(*) from evidence.indicator_value where build_id > (select max(build_id) from release.release)"
    )
    assert changed[0][0] > 1000  # the ten nights did something
