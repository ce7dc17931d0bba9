"""A home of its own for a test of the whole product: commands, conditions, kills, and what a night left behind."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import psycopg

from warehouse.services import postgres, process
from warehouse.services.airflow import SERVICES
from warehouse.settings import Settings, load_settings

PROJECT = Path(__file__).resolve().parents[2]
_PATIENCE = 240.0


class Home:
    """A bureau's home in `folder`; nothing is scheduled unless `given` says so."""

    def __init__(self, folder: Path, **given: str) -> None:
        self.folder = folder
        self.settings: Settings = load_settings(home=folder)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "BUREAU"))},
            "BUREAU_HOME": str(folder),
            "BUREAU_SCHEDULE": "none",
            **given,
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command, not waited for."""
        command = [sys.executable, "-m", "warehouse", *words]
        return subprocess.Popen(
            command, env=self.environment, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command's end."""
        with self.start(*words) as started:
            out, err = started.communicate()
        return subprocess.CompletedProcess(words, started.returncode, out, err)

    def copy(self, folder: Path) -> "Home":
        """The same home (stopped) in another place; the database's files stay its user's."""
        subprocess.run(["cp", "-a", str(self.folder), str(folder)], check=True)
        return Home(folder)

    def deliver(self, arriving: Path) -> None:
        """Put what arrives in a night into the inbox."""
        shutil.copytree(arriving, self.settings.inbox_url, dirs_exist_ok=True)

    def processes(self) -> list[psutil.Process]:
        """Everything of this home that lives, but for commands."""
        known = [process.recorded(self.settings.run / f"{name}.json") for name in (*SERVICES, "nursery")]
        found = {p.pid: p for one in known if one is not None for p in process.tree(one)}
        server = postgres.server_pid(self.settings)
        if server is not None:
            leader = psutil.Process(server)
            found.update({p.pid: p for p in [leader, *leader.children(recursive=True)]})
        return list(found.values())

    def kill_everything(self, command: subprocess.Popen[str]) -> None:
        """SIGKILL for the command, the services, the server and all that they started, without a moment between."""
        command.kill()
        while rest := self.processes():
            kill(rest)
        command.communicate()

    def service(self, name: str) -> list[psutil.Process]:
        """The leading process of a service."""
        pid = postgres.server_pid(self.settings) if name == "postgresql" else None
        if name != "postgresql":
            identity = process.recorded(self.settings.run / f"{name}.json")
            pid = identity.pid if identity is not None else None
        return [psutil.Process(pid)] if pid is not None else []

    def query(self, statement: str, database: str = postgres.DATABASE, **values: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement."""
        with psycopg.connect(postgres.conninfo(self.settings, database=database)) as connection:
            return connection.execute(statement, values or None).fetchall()

    def wait_for_task(self, task: str, night: str, command: subprocess.Popen[str]) -> None:
        """Until a task of that name runs in a run of the night; it must while the command runs."""

        def runs() -> bool:
            assert command.poll() is None, command.communicate()
            return bool(
                self.query(
                    "select 1 from task_instance where task_id = %(task)s and state = 'running' and run_id like %(runs)s",
                    postgres.AIRFLOW_DATABASE,
                    task=task,
                    runs=f"night\\_\\_{night}%",
                )
            )

        wait_until(runs)


def kill(processes: list[psutil.Process]) -> None:
    """SIGKILL, and wait until they are gone."""
    for one in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes, timeout=5)


def wait_until(holds: Callable[[], bool]) -> None:
    """Ask until it holds. A server that cannot be reached yet does not answer yes."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(psycopg.OperationalError, psycopg.errors.UndefinedTable):
            if holds():
                return
        time.sleep(0.02)
    raise AssertionError("it never held")


def result(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """What people see of a night, and what must be the same after any crash. The server must run."""
    columns = [name for (name,) in home.query(
        "select attname from pg_attribute where attrelid = 'mart.indicator_values'::regclass and attnum > 0 "
        "and attname <> 'build_id' and not attisdropped order by attnum"
    )]  # fmt: skip
    rows = {
        "figures": home.query(f"select {', '.join(columns)} from mart.indicator_values order by {', '.join(columns)}"),
        "deliveries": home.query(
            "select source, file_name, business_date, sequence, kind, sha256, status, rows_in_file, rows_accepted, "
            "rows_quarantined, warnings, reason from ledger.delivery order by 1, 2, 6, 7"
        ),
        "promises": home.query("select source, business_date, status from ledger.expected_delivery order by 1, 2"),
    }
    for (source,) in home.query("select distinct source from ledger.delivery order by 1"):
        for schema in ("raw", "quarantine"):
            rows[f"{schema}.{source}"] = home.query(
                f"select d.file_name, d.sequence, count(*) from {schema}.{source} join ledger.delivery d using (delivery_id) "
                "group by 1, 2 order by 1, 2"
            )
    return rows


def leftovers(home: Home) -> dict[str, list[Any]]:
    """Stand-alone tables of deliveries that nobody waits for, and files in the archive that are no whole files."""
    import hashlib

    tables = home.query(
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'raw' "
        "and c.relkind = 'r' and not c.relispartition and c.relname like '%\\_\\_d%'"
    )
    waiting = {f"{source}__d{number}" for source, number in home.query(
        "select source, delivery_id from ledger.delivery where status = 'loading'"
    )}  # fmt: skip
    files = [path for path in home.settings.archive.rglob("*") if path.is_file() and path.parent.name != "incoming"]
    return {
        "tables": [name for (name,) in tables if name not in waiting],
        "files": [str(path) for path in files if hashlib.sha256(path.read_bytes()).hexdigest() not in path.name],
    }
