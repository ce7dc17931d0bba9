"""The database goes away or its disk is full, in the midst of anything: a clear error, and the next try is clean."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import psycopg
import pytest

from tests.integration import crashes
from tests.integration.nights import LAST, City, disagreements, load, play, quiet_build, rows
from tests.integration.nights import _quiet as quiet
from tests.integration.test_builds import assert_same
from warehouse.errors import BureauError
from warehouse.night import accept, take_in
from warehouse.night_reasons import of_failure
from warehouse.services import identity, postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings
from warehouse.synth import synthesise_nights

pytestmark = [pytest.mark.integration, pytest.mark.long]
Trouble = Callable[[Settings], None]
DAY = date(2010, 12, 31)
ROOM = 700  # megabytes of the small disk


def stop(settings: Settings) -> None:
    """The server dies at once."""
    programs, data = postgres.programs(), settings.postgres / "data"
    command = identity.as_server_user(
        [str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"], programs, settings.postgres
    )
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", env=identity.ENVIRONMENT)


@contextmanager
def broken_at(settings: Settings, table: str, trouble: Trouble) -> Iterator[None]:
    """What goes on inside meets the trouble when it is about to write to a table."""
    ready, met = threading.Event(), threading.Event()

    def wait_and_break() -> None:
        with suppress(psycopg.OperationalError), psycopg.connect(postgres.conninfo(settings)) as holding:
            holding.execute(f"lock table {table} in share mode".encode())
            with psycopg.connect(postgres.conninfo(settings), autocommit=True) as watching:
                ready.set()
                waiting = "select count(*) from pg_locks where not granted and relation = %s::regclass"
                deadline = time.monotonic() + 120
                while time.monotonic() < deadline and watching.execute(waiting.encode(), [table]).fetchone() == (0,):
                    time.sleep(0.02)
            met.set()
            trouble(settings)

    thread = threading.Thread(target=wait_and_break)
    thread.start()
    assert ready.wait(30)
    try:
        yield
    finally:
        thread.join()
        assert met.is_set()
        postgres.ensure_running(settings)


@pytest.mark.parametrize(
    ("table", "trouble"),
    list(itertools.product(("ledger.check_result", "register.reg_entity"), (crashes.end_sessions, stop))),
)
def test_the_server_goes_away(city: City, table: str, trouble: Trouble, tmp_path: Path) -> None:
    """While a delivery is accepted, while dbt works."""
    home = city.from_night(3)
    inbox = city.inbox(4, tmp_path)
    if table.startswith(("register", "evidence")):
        load(home, LAST, inbox)
        with pytest.raises((BureauError, psycopg.OperationalError)) as caught, broken_at(home, table, trouble):
            quiet_build(home, LAST)
        assert isinstance(caught.value, BureauError) or of_failure(caught.value) == "database.lost"
        quiet_build(home, LAST)
    else:
        with pytest.raises(psycopg.OperationalError) as lost, broken_at(home, table, trouble), quiet():
            take_in(home, "registrations", LAST, str(inbox))
            accept(home, "registrations", LAST)
        assert of_failure(lost.value) == "database.lost"
        play(home, LAST, inbox)
    assert_same(home, city.after(4))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Settings]:
    """A home whose database is on a disk of its own; the archive is not."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}m", "none", str(disk)], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("file systems cannot be mounted here")
    settings = load_settings(home=disk / "home")
    try:
        (tmp_path / "archive").mkdir()
        settings.home.mkdir()
        settings.archive.symlink_to(tmp_path / "archive")
        prepare(settings)
        yield settings
    finally:
        postgres.stop(settings)
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@contextmanager
def full(settings: Settings) -> Iterator[None]:
    """No block of the disk is free; afterwards there is room again, and the server runs."""
    ballast = settings.home.parent / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(settings.home).free)
    try:
        yield
    finally:
        ballast.unlink()
        postgres.ensure_running(settings)


def test_the_databases_disk_is_full(small_disk: Settings, tmp_path: Path) -> None:
    settings, inbox = small_disk, tmp_path / "inbox"
    synthesise_nights(tmp_path / "nights", seed=7, scale=0.05, first=DAY, last=DAY)
    shutil.copytree(tmp_path / "nights" / DAY.isoformat(), inbox)
    for step in (lambda: take_in(settings, "registrations", DAY, str(inbox)), lambda: accept(settings, "registrations", DAY)):
        with pytest.raises(psycopg.OperationalError) as caught, full(settings), quiet():
            step()
        assert of_failure(caught.value) in ("database.full", "database.lost"), caught.value
        assert rows(settings, "select count(*) from ledger.delivery where status = 'accepted'") == [(0,)]
        with quiet():
            step()
    assert rows(settings, "select status, rows_in_file > 100 from ledger.delivery") == [("accepted", True)]
    load(settings, DAY, inbox)
    with pytest.raises((BureauError, psycopg.OperationalError)) as caught_building, full(settings):
        quiet_build(settings, DAY)
    assert isinstance(caught_building.value, BureauError) or of_failure(caught_building.value), caught_building.value
    quiet_build(settings, DAY)
    assert disagreements(settings, inbox, DAY)[:5] == []
    stray = (
        "select relname from pg_class where relnamespace = 'raw'::regnamespace and relname ~ '__d[0-9]+' and not relispartition"
    )
    assert rows(settings, f"{stray} and relkind = 'r'") == []
