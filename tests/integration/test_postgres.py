"""The embedded server: found again, started again, alone in its home."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from warehouse.errors import BureauError
from warehouse.secret_key import check_fingerprint, key_file, pseudonym_key
from warehouse.services import postgres
from warehouse.services.running import running_services
from warehouse.services.session import prepare
from warehouse.settings import PROJECT, Settings, load_settings

pytestmark = pytest.mark.integration


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Settings]:
    """A home of the test's own, closed to other users above."""
    settings = load_settings(home=tmp_path / "a b 中文")
    yield settings
    postgres.stop(settings)


def _answers(settings: Settings, database: str = "bureau") -> bool:
    with psycopg.connect(postgres.conninfo(settings, database=database)) as connection:
        return connection.execute("select 1").fetchone() == (1,)


def test_session_leaves_the_server_as_it_was_found(own: Settings) -> None:
    with running_services(own, with_airflow=False):
        assert _answers(own) and _answers(own, "airflow")
        with running_services(own, with_airflow=False):
            pass
        assert postgres.is_running(own)
    assert not postgres.is_running(own)
    assert postgres.ensure_running(own) is True
    assert postgres.ensure_running(own) is False


def test_starts_again_after_sigkill_even_when_the_process_id_is_anothers(own: Settings) -> None:
    postgres.ensure_running(own)
    pid = postgres.server_pid(own)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=5)
    lock_file = own.postgres / "data" / "postmaster.pid"
    stranger = subprocess.Popen(["sleep", "60"], user="nobody" if os.geteuid() == 0 else None)
    try:
        words = lock_file.read_text().split("\n", 1)
        lock_file.write_text(f"{stranger.pid}\n{words[1]}")
        assert not postgres.is_running(own)
        assert postgres.ensure_running(own) is True
        assert _answers(own)
    finally:
        stranger.kill()
        stranger.wait()


def test_two_homes_do_not_meet(own: Settings, settings: Settings) -> None:
    postgres.ensure_running(own)
    assert postgres.server_pid(own) != postgres.server_pid(settings)
    mine, other = postgres.conninfo(own), postgres.conninfo(settings)
    port = {"own": mine.split("port=")[1].split()[0], "other": other.split("port=")[1].split()[0]}
    assert port["own"] != port["other"]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(mine.replace(f"port={port['own']}", f"port={port['other']}"))
    postgres.stop(own)
    assert _answers(settings, "postgres")


def test_takes_another_port_when_its_own_is_taken(own: Settings) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        own.run.mkdir(parents=True)
        (own.run / "postgres.port").write_text(str(taken.getsockname()[1]))
        postgres.ensure_running(own)
        assert _answers(own)


def test_listens_on_loopback_only_with_password_and_without_socket_files(own: Settings) -> None:
    postgres.ensure_running(own)
    with psycopg.connect(postgres.conninfo(own)) as connection:
        shown = [
            connection.execute(f"show {name}".encode()).fetchone()
            for name in ("listen_addresses", "unix_socket_directories", "password_encryption", "wal_level")
        ]
    assert shown == [("127.0.0.1",), ("",), ("scram-sha-256",), ("minimal",)]
    rules = (own.postgres / "data" / "pg_hba.conf").read_text().splitlines()
    methods = {line.split()[-1] for line in rules if line.strip() and not line.startswith("#")}
    assert methods == {"scram-sha-256"}
    for name in ("postgres.password",):
        assert (own.secrets / name).stat().st_mode & 0o777 == 0o600


def test_runs_as_nobody_with_reading_as_its_only_capability(own: Settings, as_root: None) -> None:
    postgres.ensure_running(own)  # pytest's folders are closed to others
    pid = postgres.server_pid(own)
    assert pid is not None
    assert psutil.Process(pid).uids().effective == pwd.getpwnam("nobody").pw_uid
    lines = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    assert int(lines["CapEff"], 16) in (0, 1 << 2)  # CAP_DAC_READ_SEARCH is number 2
    assert int(lines["CapBnd"], 16) in (0, 1 << 2)


def test_runs_as_an_ordinary_user(as_root: None) -> None:
    folder = Path(tempfile.mkdtemp(prefix="plain"))
    shutil.chown(folder, "nobody")
    program = (
        "from warehouse.services.running import running_services\nfrom warehouse.settings import load_settings\n"
        "from warehouse.services import postgres\ns = load_settings()\n"
        "with running_services(s, with_airflow=False):\n    print(postgres.is_running(s))\n"
    )
    environment = {**os.environ, "BUREAU_HOME": str(folder / "家"), "HOME": str(folder), "PYTHONPATH": str(PROJECT)}
    user = pwd.getpwnam("nobody")
    # the interpreter of this run may stand in a folder that is closed to others
    caps = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    change = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *caps]
    try:
        result = subprocess.run(
            [*change, sys.executable, "-c", program], env=environment, cwd="/", capture_output=True, text=True, timeout=120
        )
        assert result.stdout == "True\n", result.stderr
        assert {path.owner() for path in (folder / "家").iterdir()} == {"nobody"}
    finally:
        shutil.rmtree(folder)


def test_key_is_made_once_and_its_loss_or_change_stops_everything(own: Settings) -> None:
    prepare(own)
    path = key_file(own)
    key = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(pseudonym_key(own)) == 32
    path.unlink()
    with pytest.raises(BureauError) as caught:
        check_fingerprint(own)
    assert caught.value.key == "key.missing"
    assert not path.exists()
    path.write_text("00" * 32)
    path.chmod(0o600)
    with pytest.raises(BureauError) as caught:
        prepare(own)
    assert caught.value.key == "key.mismatch"
    path.write_text(key)
    path.chmod(0o644)
    with pytest.raises(BureauError) as caught:
        prepare(own)
    assert caught.value.key == "key.open"


def test_failed_statement_leaves_no_cell_in_the_log(database: Settings) -> None:
    with psycopg.connect(postgres.conninfo(database), autocommit=True) as connection:
        connection.execute("create temp table t (a text primary key)")
        connection.execute("insert into t values ('520381198001011234')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into t values ('520381198001011234')")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation, match="520381198001011234x"):
            connection.execute("select (a || 'x')::bigint from t")  # the message itself quotes, not only its detail
    log = (database.logs / "postgresql.log").read_text()
    assert "ready to accept connections" in log
    assert "520381198001011234" not in log
