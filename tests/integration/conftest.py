"""Servers that the product did not set up: what a city's own PostgreSQL is like."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.integration.nights import City, play_city
from warehouse.services import identity, postgres
from warehouse.services.ports import free_port


@dataclass(frozen=True)
class Server:
    """A running server: `version` (major), and connection URLs of its superuser and of the owner of database `city`."""

    version: int
    superuser: str
    owner: str


def _debian_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return found[-1] if found else None


@pytest.fixture(scope="module", params=["debian", "wheel"])
def bare_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server with an ordinary login `keeper` that may create roles, not databases, and owns the database `city`."""
    programs = _debian_programs() if request.param == "debian" else postgres.programs()
    if programs is None:
        pytest.skip("Debian's PostgreSQL is not installed (package postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="server"))
    identity.give_to_server_user(folder)
    port = free_port()
    data = folder / "data"
    options = f"-c listen_addresses=127.0.0.1 -c unix_socket_directories= -p {port} -c shared_buffers=32MB"

    def run(*command: str) -> None:
        full = identity.as_server_user([str(programs / command[0]), *command[1:]], programs, folder)
        environment = {**identity.ENVIRONMENT, "HOME": str(folder)}
        subprocess.run(full, check=True, stdout=subprocess.DEVNULL, cwd="/", env=environment, timeout=60)

    run("initdb", "-D", str(data), "-U", "root", "--auth=trust", "--encoding=UTF8", "--locale=C")
    run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        superuser = f"postgresql://root@127.0.0.1:{port}/postgres"
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute("create role keeper login createrole password 'a b'")
            connection.execute("create database city owner keeper")
            version = connection.info.server_version // 10_000
        yield Server(version, superuser, f"postgresql://keeper:a%20b@127.0.0.1:{port}/city")
    finally:
        run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory, _own_environment: None) -> Iterator[City]:
    """A small city after the demonstration's four nights."""
    made = play_city(tmp_path_factory.mktemp("city"), scale=0.05)
    yield made
    postgres.stop(made.settings)


@pytest.fixture
def as_root() -> None:
    """Only for root: skips otherwise."""
    if os.geteuid() != 0:
        pytest.skip("only root can change the user")
