from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from ingest.context import LoadContext
from ingest.ddl import install
from ingest.pseudonym import fingerprint
from ingest.spec import SourceSpec, all_specs
from warehouse.migrate import migrate
from warehouse.services import postgres
from warehouse.settings import Settings, make_folders

KEY = bytes(range(32))
SPECS = all_specs()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    make_folders(settings)
    postgres.ensure_running(settings)
    try:
        migrate(settings)
        with psycopg.connect(postgres.conninfo(settings), autocommit=True) as connection:
            install(connection, list(SPECS.values()))
            connection.execute("delete from ledger.pseudonym_key")
            connection.execute("insert into ledger.pseudonym_key (version, fingerprint) values (1, %s)", [fingerprint(KEY)])
        yield settings
    finally:
        postgres.stop(settings)


@pytest.fixture
def ctx(server: Settings, tmp_path: Path) -> Iterator[LoadContext]:
    """An empty ledger and an empty inbox."""
    yield LoadContext(
        conninfo=postgres.conninfo(server, role="bureau_loader"),
        archive=tmp_path / "archive",
        inbox=str(tmp_path / "inbox"),
        region="520381",
        key=KEY,
        today=date(2011, 1, 1),
    )
    with psycopg.connect(postgres.conninfo(server), autocommit=True) as connection:
        clean(connection, list(SPECS.values()))


def clean(connection: psycopg.Connection[tuple[object, ...]], specs: list[SourceSpec]) -> None:
    for spec in specs:
        connection.execute(f"truncate quarantine.{spec.name}")
    tables = connection.execute(
        "select format('drop table %I.%I', schemaname, tablename) from pg_tables where schemaname = 'raw' "
        "and tablename ~ '__[dm][0-9]+'"
    ).fetchall()
    for (statement,) in tables:
        connection.execute(str(statement))
    connection.execute("truncate ledger.delivery, ledger.check_result, ledger.expected_delivery restart identity cascade")
