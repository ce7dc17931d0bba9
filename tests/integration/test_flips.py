"""100 random changes of one byte of what a release was made of: `release verify` finds and names each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from random import Random

import psycopg
import pytest

from tests.integration.flips import PLACES, Connection, Flip, flipped, flipped_file
from tests.integration.nights import FIRST, LAST, SEED, arrive, play
from warehouse.releases.compare import compare
from warehouse.releases.create import Wanted, create
from warehouse.releases.register import decide, find_release
from warehouse.releases.replay import replayed
from warehouse.releases.stored import Finding, archive_findings, seal_findings, stored_findings
from warehouse.releases.verify import verify
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings
from warehouse.synth import synthesise_nights

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(3600)]
KINDS = ("archive", "ledger", "evidence", "figures")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A city of a short series after four nights, with a release of the first night and one of the last, both approved."""
    tmp_path = tmp_path_factory.mktemp("flips")
    settings = load_settings(home=tmp_path / "home", series_start=date(2010, 10, 1))
    prepare(settings)
    try:
        nights = synthesise_nights(tmp_path / "nights", seed=SEED, scale=0.05, first=FIRST, last=LAST, faults="demo")
        for number, night in enumerate(nights, start=1):
            arrive(tmp_path / "nights", night.business_date, Path(settings.inbox_url))
            play(settings, night.business_date)
            if number in (1, 4):
                release(settings, f"after night {number}", None if number == 1 else "three nights of a small city")
        yield settings
    finally:
        postgres.stop(settings)


def release(settings: Settings, title: str, reason: str | None) -> None:
    made = create(settings, Wanted(title, reason=reason))
    with psycopg.connect(postgres.conninfo(settings, role="bureau_owner"), autocommit=True) as connection:
        decide(connection, made.release_id, True, "somebody", "looked at")


@contextmanager
def connections(settings: Settings) -> Iterator[tuple[Connection, Connection]]:
    """One that reads as an evaluator, and one that no trigger stops."""
    with (
        psycopg.connect(postgres.conninfo(settings, role="bureau_evaluator"), autocommit=True) as reading,
        psycopg.connect(postgres.conninfo(settings), autocommit=True) as forging,
    ):
        forging.execute("set session_replication_role = replica")
        yield reading, forging


@contextmanager
def flip(settings: Settings, forging: Connection, number: int, random: Random) -> Iterator[Flip]:
    """The kinds take turns, and within a kind its places."""
    kind = KINDS[number % len(KINDS)]
    if kind == "archive":
        with flipped_file(settings, forging, random) as made:
            yield made
    else:
        place = PLACES[kind][number // len(KINDS) % len(PLACES[kind])]
        with flipped(forging, place, random) as made:
            yield made


def found(settings: Settings, reading: Connection) -> list[Finding]:
    """What the hashes say, with the release read anew, as `release verify` does."""
    release = find_release(reading, 2)
    return archive_findings(reading, settings, release)[1] + stored_findings(reading, release)[1]


def test_a_hundred_changed_bytes_are_found_and_named(settings: Settings) -> None:
    """Hashes find each; the one recomputation names the posting itself, where a posting's own content was changed."""
    random, missed, places = Random(20101231), [], Counter[str]()
    with connections(settings) as (reading, forging), replayed(settings, reading, find_release(reading, 2)) as scratch:
        assert found(settings, reading) == []
        assert compare(reading, find_release(reading, 2), scratch.connection).findings == ()
        for number in range(100):
            with flip(settings, forging, number, random) as made:
                places[made.place] += 1
                said = found(settings, reading)
                if made.place == "evidence.posting" and made.column not in ("build_id", "caused_by"):
                    again = compare(reading, find_release(reading, 2), scratch.connection).findings
                    assert {one.kind for one in again} == {"recomputed_posting"}, made
                if not any(made.named in one.what for one in said):
                    missed.append((made, said[:5]))
            print(number, made, [(one.kind, one.what) for one in said[:3]], flush=True)
        assert found(settings, reading) == []
        assert compare(reading, find_release(reading, 2), scratch.connection).findings == ()
    assert not missed, missed
    assert places.keys() == {"archive"} | {place.table for kind in PLACES.values() for place in kind}


def test_another_engine_comes_to_the_same_figures(settings: Settings) -> None:
    """And says so where one was changed."""
    proven = verify(settings, 2, second_engine=True)
    assert proven.findings == () and proven.recomputed_by_second == proven.figures > 10_000
    cell = "release_id = 2 and indicator = 'ENT_STK' and period = '2010-11' and geography = '520381' and breakdown = 'total'"
    with connections(settings) as (_, forging):
        forging.execute(f"update release.figure set value = value + 1 where {cell}".encode())
        try:
            found = verify(settings, 2, second_engine=True).findings
        finally:
            forging.execute(f"update release.figure set value = value - 1 where {cell}".encode())
    said = {one.kind: one.what for one in found}
    assert said.keys() == {"figure", "evidence", "recomputed", "second_engine"}
    assert all(what.startswith("ENT_STK v1 2010-11 520381 total") for what in said.values())


@pytest.mark.parametrize(
    ("release_id", "forged"),
    [
        (1, "delete from release.decision where release_id = 1"),
        (2, "update release.decision set release_id = 3 where release_id = 2"),
    ],
)
def test_a_decision_that_is_gone_is_missed(settings: Settings, release_id: int, forged: str) -> None:
    """The one that the next release builds on, or whose seal still says what it was of."""
    with connections(settings) as (_, forging), forging.transaction(force_rollback=True):
        forging.execute(forged.encode())
        kinds = [(one.kind, one.what) for one in seal_findings(forging, find_release(forging, release_id))]
        assert ("decision", f"release {release_id}") in kinds
    with connections(settings) as (reading, _):
        assert list(seal_findings(reading, find_release(reading, release_id))) == []


@pytest.mark.parametrize(
    "forged",
    [
        "delete from release.seal where release_id = 2 and kind = 'release'",
        "update release.seal set release_id = 6 where release_id = 2 and kind = 'release'",
        "delete from release.seal where release_id = 2",
    ],
)
def test_a_seal_that_is_gone_is_missed(settings: Settings, forged: str) -> None:
    with connections(settings) as (_, forging), forging.transaction(force_rollback=True):
        forging.execute(forged.encode())
        found = [(one.kind, one.what) for one in seal_findings(forging, find_release(forging, 2))]
        assert ("seal_release", "release 2") in found
