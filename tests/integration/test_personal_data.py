"""After the nights no resident id and no planted name is anywhere but in the inbox and the archive."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from stdnum.cn import ric

from ingest.inbox import Inbox, scan
from ingest.readers import Findings, Naming, read
from ingest.spec import SourceSpec, all_specs
from tests.integration.leaks import forms, leaks
from tests.integration.nights import SEED, City
from warehouse.secret_key import pseudonym_key
from warehouse.services import postgres
from warehouse.settings import Settings
from warehouse.synth import PLANTED_NAMES, planted_ids

pytestmark = pytest.mark.integration
_ID = re.compile(r"\d{17}[\dXx]|\d{15}")


@pytest.fixture(scope="module")
def delivered_ids(city: City, tmp_path_factory: pytest.TempPathFactory) -> set[bytes]:
    """Every id in a column of any delivery that holds ids, in all its forms."""
    inbox = city.inbox(4, tmp_path_factory.mktemp("inbox"))
    found: set[bytes] = set()
    for spec in all_specs().values():
        columns = [(place, column.type) for place, column in enumerate(spec.columns) if column.holds_id]
        for row in _delivered(inbox, spec):
            for place, kind in columns:
                match = _ID.search(row[place] or "")
                if match and (kind == "resident_id" or _is_a_persons(row[place] or "", match[0])):
                    found |= forms(match[0])
    return found


def _is_a_persons(taxpayer: str, digits: str) -> bool:
    """Other taxpayers have numbers too: of 15 digits, or 18 or 20 that are no right id (ruling 20)."""
    return taxpayer.startswith("L") or ric.is_valid(digits)


def _delivered(inbox: Path, spec: SourceSpec) -> Iterator[tuple[str | None, ...] | list[str | None]]:
    for path in sorted((inbox / spec.department).glob(f"{spec.name}_*.{spec.extension}")):
        day = next(one.business_date for one in scan(Inbox(str(inbox), spec.department), spec) if one.file_name == path.name)
        assert day is not None
        for batch in read(spec, path, Naming("520381", day), Findings()):
            yield from batch.rows


def holds_key(settings: Settings, content: bytes) -> bool:
    """Whether the key of the pseudonyms is in it, as bytes or in hexadecimal digits."""
    key = pseudonym_key(settings)
    return key in content or key.hex().encode() in content.lower()


def test_the_search_finds_what_was_delivered(city: City, delivered_ids: set[bytes]) -> None:
    """Held against the archive, which has it all: a search that finds nothing there would prove nothing."""
    content = b"".join(path.read_bytes() for path in city.settings.archive.rglob("*") if path.is_file())
    found = leaks(content, delivered_ids)
    assert {name.encode("gb18030") for name in PLANTED_NAMES} <= found
    assert {ident.encode() for ident in planted_ids(SEED)} <= delivered_ids
    assert len(delivered_ids) > 1000
    assert holds_key(city.settings, (city.settings.secrets / "pseudonym.key").read_bytes())


def test_no_table_of_any_database_holds_an_id_or_a_name(city: City, delivered_ids: set[bytes]) -> None:
    """Every table of every schema, the server's own with their statistics included, as it stands after the last night."""
    checked = 0
    for database in ("night_4", postgres.AIRFLOW_DATABASE, "postgres"):
        with psycopg.connect(postgres.conninfo(city.settings), dbname=database) as connection:
            tables = connection.execute(
                "select n.nspname, c.relname from pg_class as c join pg_namespace as n on c.relnamespace = n.oid "
                "where c.relkind in ('r', 'm', 't', 'S') and n.nspname <> 'pg_toast' order by 1, 2"
            ).fetchall()
            for schema, table in tables:
                statement = sql.SQL("copy (select * from {}) to stdout").format(sql.Identifier(schema, table))
                with connection.cursor().copy(statement) as copy:
                    content = b"".join(bytes(block) for block in copy)
                assert leaks(content, delivered_ids) == set(), f"{database}: {schema}.{table}"
                assert not holds_key(city.settings, content), f"{database}: {schema}.{table}"
                checked += 1
            assert connection.execute("select count(*) from pg_largeobject_metadata").fetchone() == (0,)
    assert checked > 200


def test_no_file_of_the_home_holds_an_id_or_a_name(city: City, delivered_ids: set[bytes]) -> None:
    """Logs, dbt's artefacts, validation results, the server's own files: all but what was delivered."""
    home = city.settings.home
    files = [path for path in home.rglob("*") if path.is_file() and not path.is_relative_to(home / "inbox")]
    files = [path for path in files if not path.is_relative_to(home / "archive")]
    for path in files:
        names = [name.encode() for name in PLANTED_NAMES]
        content = path.read_bytes()
        assert not [name for name in names if name in content], path
        assert path.is_relative_to(home / "secrets") or not holds_key(city.settings, content), path
        if not path.is_relative_to(
            home / "postgres"
        ):  # tables and WAL are compressed and binary: what they say is looked at above
            assert leaks(content, delivered_ids) == set(), path
    assert any(path.name == "dbt.log" for path in files) and any(path.name == "postgresql.log" for path in files)
