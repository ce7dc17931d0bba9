"""A real PostgreSQL for the tests: one embedded server a session, a fresh migrated database a module; who runs which test."""

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from warehouse.migrate import migrate
from warehouse.secret_key import check_fingerprint
from warehouse.services import postgres
from warehouse.settings import Settings, load_settings

Connect = Callable[..., psycopg.Connection[tuple[object, ...]]]


_ROOMS = ("integration", "end_to_end")  # the long ones begin first


@cache
def _plays_in_city(file: Path) -> bool:
    return "city: City" in file.read_text(encoding="utf-8")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that play in the session's city come first, then the other long ones."""
    in_city = {path for path in {item.path for item in items} if _plays_in_city(path)}
    items.sort(key=lambda item: (item.path not in in_city, item.path.parts[-2] not in _ROOMS))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Two processes share the tests of `./bureau test`: a file stays with one of them, and all files that play in the session's
    city stay together, so that there is one city. (The groups of xdist itself are lost with the node ids of pytest 9.2.)"""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "city" if _plays_in_city(config.rootpath / file) else file

    return ByFile(config, log)


@pytest.fixture(scope="session", autouse=True)
def _own_environment() -> None:
    """The caller's settings are not the tests'."""
    for name in [name for name in os.environ if name.startswith("BUREAU_")]:
        del os.environ[name]


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory, _own_environment: None) -> Iterator[Settings]:
    """Settings of a home whose path has a blank and Chinese characters, its server running."""
    made = load_settings(home=tmp_path_factory.mktemp("home") / "统计 局")
    postgres.ensure_running(made)
    yield made
    postgres.stop(made)


@pytest.fixture(scope="module")
def database(settings: Settings) -> Settings:
    """The settings, with a database that holds the migrations and nothing else."""
    with psycopg.connect(postgres.conninfo(settings, database="postgres"), autocommit=True) as connection:
        name = sql.Identifier(postgres.DATABASE)
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(name))
        connection.execute(sql.SQL("create database {}").format(name))
    migrate(settings)
    check_fingerprint(settings)
    return settings


@pytest.fixture
def connect(database: Settings) -> Iterator[Connect]:
    """`connect(role=None)`: an autocommit connection that takes the role; closed after the test."""
    opened: list[psycopg.Connection[tuple[object, ...]]] = []

    def open_one(role: str | None = None) -> psycopg.Connection[tuple[object, ...]]:
        opened.append(psycopg.connect(postgres.conninfo(database, role=role), autocommit=True))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()
