"""Another key: every pseudonym is another, no figure and no unit is; cut off anywhere it ends the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from ingest.archive import path_of
from ingest.pseudonym import fingerprint
from ingest.spec import all_specs
from tests.extracts import fixture_rows, write_extract
from tests.integration.nights import City, disagreements, figures, play, rows
from warehouse import rekey
from warehouse.compaction import compact_months
from warehouse.errors import BureauError
from warehouse.secret_key import key_file, new_key_file, pseudonym_key
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings

pytestmark = pytest.mark.integration
PERSONS = "select unit_key, unit_id from register.unit where unit_type = 'person' and unit_key ~ '^[0-9a-f]{64}$'"


@pytest.fixture
def third_night(city: City) -> Iterator[Settings]:
    """The city after three nights; its key is put back afterwards, for the copies that other tests read."""
    settings = city.from_night(3)
    place, held = key_file(settings), key_file(settings).read_bytes()
    yield settings
    for left in (new_key_file(settings), *place.parent.glob(f"{place.name}.v*")):
        left.unlink(missing_ok=True)
    place.chmod(0o600)
    place.write_bytes(held)


def state(settings: Settings) -> tuple[set[str], dict[str, int], list[object]]:
    return (
        figures(settings),
        dict(rows(settings, PERSONS)),
        rows(settings, "select version, fingerprint from ledger.pseudonym_key"),
    )


def _release(settings: Settings) -> None:
    """A release with hashes in it, which look like pseudonyms; nothing of it may be written again."""
    with psycopg.connect(postgres.conninfo(settings, role="bureau_owner")) as connection:
        connection.execute(
            "insert into release.release (release_id, title, build_id, business_date, figures, inputs_digest, head, created_by) "
            "select 1, 'a release', build_id, business_date, 0, repeat('a1', 32), repeat('b2', 32), 'somebody' from ledger.build "
            "where status = 'published' limit 1"
        )


def test_a_new_key_changes_every_pseudonym_and_nothing_else(city: City, third_night: Settings, tmp_path: Path) -> None:
    settings = third_night
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as connection:  # in a month's table as well
        compact_months(connection, settings.model_copy(update={"compact_after_months": 0}), date(2011, 1, 1))
    assert ("registrations__m201012",) in rows(settings, "select tablename from pg_tables where schemaname = 'raw'")
    _release(settings)
    old, (before, persons, _) = pseudonym_key(settings), state(settings)
    done = rekey.rotate(settings)
    after, renamed, keys = state(settings)
    new = pseudonym_key(settings)
    assert after == before and new != old
    assert keys == [(1, fingerprint(old)), (2, fingerprint(new))] and done.version == 2
    assert sorted(persons.values()) == sorted(renamed.values()) and not persons.keys() & renamed.keys() and len(persons) > 100
    assert done.old_key is not None and bytes.fromhex(done.old_key.read_text()) == old and done.old_key.stat().st_mode & 0o77 == 0
    dump = "\n".join(
        str(row)
        for table in ("raw.registrations", "raw.employment", "register.fold_training")
        for row in rows(settings, f"table {table}")
    )
    assert not [one for one in persons if one in dump]
    prepare(settings)
    postings = rows(settings, "select count(*) from evidence.posting")
    # the next night links the persons that it knows to the units that they were
    inbox = city.inbox(4, tmp_path / "inbox")
    play(settings, city.nights[3].business_date, inbox)
    assert disagreements(settings, inbox, city.nights[3].business_date) == []
    assert renamed.items() <= dict(rows(settings, PERSONS)).items()
    appended = rows(settings, "select count(*) from evidence.posting")[0][0] - postings[0][0]
    assert appended < postings[0][0] / 10


def test_a_rotation_that_is_cut_off_ends_the_same(third_night: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = third_night
    before = state(settings)

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    for place in ("_collect", "_rewrite"):  # before the database has changed: nothing has
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(rekey, place, cut_off)
            rekey.rotate(settings)
        assert state(settings) == before
        prepare(settings)
    made = new_key_file(settings).read_bytes()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):  # after it has: the files follow at the next start
        patch.setattr(rekey, "change_files", cut_off)
        rekey.rotate(settings)
    prepare(settings)
    assert key_file(settings).read_bytes() == made and not new_key_file(settings).exists()
    assert state(settings)[0] == before[0]


def test_nothing_is_changed_without_every_file(third_night: Settings) -> None:
    settings = third_night
    before = state(settings)
    (sha256,) = rows(settings, "select sha256 from ledger.delivery where source = 'employment' and status = 'accepted' limit 1")[
        0
    ]
    path = path_of(settings.archive, sha256)
    held = path.read_bytes()
    path.chmod(0o644)
    try:
        path.write_bytes(held[:-1] + b"x")
        with pytest.raises(BureauError) as caught:
            rekey.rotate(settings)
        assert caught.value.key == "key.not_in_archive"
    finally:
        path.write_bytes(held)
        path.chmod(0o444)
    assert state(settings) == before


def test_a_pseudonym_that_no_archived_file_explains_stops_it(third_night: Settings) -> None:
    settings = third_night
    with psycopg.connect(postgres.conninfo(settings)) as connection:
        connection.execute("insert into register.unit (unit_type, unit_key) values ('person', repeat('0f', 32))")
    before = state(settings)
    with pytest.raises(BureauError) as caught:
        rekey.rotate(settings)
    assert (caught.value.key, caught.value.values["table"]) == ("key.left_over", "register.unit")
    assert state(settings) == before


def test_an_id_that_was_typed_into_a_longer_key_changes_too(third_night: Settings, tmp_path: Path) -> None:
    """A contract's number holds its borrower's id, and the borrower, of whom nothing else is said, is called by the contract."""
    settings, day = third_night, date(2010, 12, 31)
    row = fixture_rows("loans", "good")[0] | {"合同号": "HT520381197001010015", "借款人证件号": ""}
    write_extract(all_specs()["loans"], [row], tmp_path, day=day, kind="delta")
    play(settings, day, tmp_path)
    keys = "select unit_type, unit_key from register.unit where unit_key ~ 'HT[0-9a-f]{64}' order by 1"
    (contract, old), (person, named) = rows(settings, keys)
    before = figures(settings)
    rekey.rotate(settings)
    (_, new), (_, renamed) = rows(settings, keys)
    assert (contract, person, named, renamed) == ("contract", "person", f"contract:{old}", f"contract:{new}") and old != new
    assert figures(settings) == before
    assert old[2:] not in str(rows(settings, "table register.fold_loans") + rows(settings, "table raw.loans"))


def test_a_night_at_work_is_waited_for_by_hand(third_night: Settings) -> None:
    name = f"take_in loans {third_night.region}"
    with psycopg.connect(postgres.conninfo(third_night), autocommit=True) as night:
        night.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [name])
        with pytest.raises(BureauError) as caught:
            rekey.rotate(third_night)
    assert caught.value.key == "key.busy"
