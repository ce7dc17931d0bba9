"""How long a delivery takes to load, against `psql \\copy` of the same rows: `python -m bench.load [--rows 1000000 5000000]`.

The floor is psql's own copy of the rows in UTF-8 into an unindexed logged table. The product reads the GB18030 delivery, as a
night does: archive, sha256, decode, normalise, check digits, pseudonyms, COPY into the delivery's own table, committed. Both run
in turn on one server with the embedded one's settings, each measured stage in a process of its own; medians are compared.
Validation is apart (`bench.validate`).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

import psutil
import psycopg
from psycopg.conninfo import conninfo_to_dict

from bench.registrations_file import columns, make_city, write_delivery
from bench.throwaway_server import BIN
from ingest.archive import store
from ingest.context import LoadContext
from ingest.ddl import install
from ingest.load import load
from ingest.manifest import read_manifest
from ingest.pseudonym import fingerprint
from ingest.spec import load_spec
from ingest.take_in import take_in
from warehouse.migrate import migrate
from warehouse.services import postgres
from warehouse.services.process import memory as held
from warehouse.settings import Settings, make_folders

KEY = bytes(range(32))
DAY = date(2010, 12, 31)
_DROP = (
    "do $$ declare name text; begin for name in select tablename from pg_tables where schemaname = 'raw' and tablename like "
    "'%\\_\\_d%' loop execute format('drop table raw.%I', name); end loop; end $$"
)


@dataclass(frozen=True)
class Run:
    """Seconds of the clock, processor seconds of the client's processes, and the most memory they held at once (MiB, PSS)."""

    seconds: float
    processor: float
    memory: float


class Digested:
    """A stream that is hashed as it is read, and not kept: loading without the archive's write."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._digest = file, hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        data = self._file.read(size)
        self._digest.update(data)
        return data


def stage(name: str, home: Path, inbox: Path) -> None:
    """One stage, in this process."""
    settings = Settings(home=home)
    spec = load_spec("registrations")
    data = next((inbox / "saic").glob("*.csv"))
    if name == "archive":
        with data.open("rb") as file:
            store(settings.archive, file)
    elif name == "all in":
        context = LoadContext(
            postgres.conninfo(settings, role="bureau_loader"), settings.archive, str(inbox), "520381", KEY, date(2011, 1, 1)
        )
        assert len(take_in(context, spec, DAY)) == 1
    else:
        manifest = read_manifest(data.with_name(f"{data.stem}.manifest.json").read_bytes())
        with (
            psycopg.connect(postgres.conninfo(settings, role="bureau_loader")) as connection,
            data.open("rb") as file,
        ):
            load(connection, spec, 1, Digested(file), manifest, KEY)


def floor(settings: Settings, inbox: Path) -> list[str]:
    """The command of psql's own copy; the table is made for it."""
    plain = next((inbox / "saic").glob("*.utf8"))
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as connection:
        connection.execute("drop table if exists public.floor")
        names = ", ".join(f'"{name}" text' for name in columns(plain.with_suffix(".csv")))
        connection.execute(f"create table public.floor ({names})".encode())
    return [str(BIN / "psql"), "--no-psqlrc", "-qc", f"\\copy public.floor from '{plain}' csv header"]


def timed(command: list[str], environment: dict[str, str]) -> Run:
    """Run a command; its memory is looked at twice a second, its children's with it: a look costs what it measures some time."""
    began, memory, before = time.perf_counter(), 0.0, _spent()
    with subprocess.Popen(command, env=environment) as process:
        tree = psutil.Process(process.pid)
        while process.returncode is None:
            memory = max(memory, held([tree, *_children(tree)]) / 2**20)
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
        if process.returncode:
            raise SystemExit(f"{command} ended with {process.returncode}")
    return Run(time.perf_counter() - began, _spent() - before, memory)


def _spent() -> float:
    """Processor seconds of all children that have ended, and of theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _children(tree: psutil.Process) -> list[psutil.Process]:
    try:
        return tree.children(recursive=True)
    except psutil.Error:
        return []


def measure(settings: Settings, inbox: Path, rows: int, repetitions: int, report: Callable[[str], None]) -> dict[str, Run]:
    """The floor and each stage in turn, `repetitions` times; the medians."""
    access = conninfo_to_dict(postgres.conninfo(settings))
    environment = {
        **os.environ,
        "PGHOST": str(access["host"]),
        "PGPORT": str(access["port"]),
        "PGUSER": str(access["user"]),
        "PGPASSWORD": str(access["password"]),
        "PGDATABASE": str(access["dbname"]),
    }
    found: dict[str, list[Run]] = {}
    for _ in range(repetitions):
        for name in ("floor", "archive", "load without the archive's write", "all in"):
            _empty(settings)
            own = [sys.executable, "-m", "bench.load", "--stage", name, "--home", str(settings.home), "--inbox", str(inbox)]
            found.setdefault(name, []).append(timed(floor(settings, inbox) if name == "floor" else own, environment))
    medians = {
        name: Run(
            *(statistics.median(values) for values in zip(*((r.seconds, r.processor, r.memory) for r in runs), strict=True))
        )
        for name, runs in found.items()
    }
    for name, run in medians.items():
        report(
            f"{rows:>9,} rows  {name:<34} {run.seconds:7.2f} s  {run.seconds / medians['floor'].seconds:5.2f} x floor  "
            f"{rows / run.seconds:>10,.0f} rows/s  client {run.processor:6.2f} cpu s  peak {run.memory:5.0f} MiB"
        )
    return medians


def _empty(settings: Settings) -> None:
    for path in settings.archive.rglob("*"):
        if path.is_file():
            path.unlink()
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as connection:
        connection.execute("drop table if exists public.floor")
        connection.execute(_DROP.encode())
        connection.execute("truncate ledger.delivery, ledger.check_result restart identity cascade")
        connection.execute("checkpoint")
    os.sync()


def main() -> None:
    """Make the files, measure at wal_level minimal and at replica, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--stage")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--inbox", type=Path)
    asked = parser.parse_args()
    if asked.stage:
        return stage(asked.stage, asked.home, asked.inbox)
    with tempfile.TemporaryDirectory(prefix="load-bench-") as folder:
        base = Path(folder)
        base.chmod(0o755)
        make_city(base / "city")
        inboxes = {rows: base / f"inbox-{rows}" for rows in asked.rows}
        for rows, inbox in inboxes.items():
            write_delivery(inbox, rows, base / "city")
        settings = Settings(home=base / "home")
        make_folders(settings)
        try:
            for level in ("minimal", "replica"):
                _start(settings, level)
                print(f"wal_level {level}, {os.cpu_count()} processors, medians of {asked.repetitions}", flush=True)
                for rows, inbox in inboxes.items():
                    measure(settings, inbox, rows, asked.repetitions, lambda line: print(line, flush=True))
        finally:
            postgres.stop(settings)


def _start(settings: Settings, level: str) -> None:
    postgres.ensure_running(settings)
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as connection:
        connection.execute(f"alter system set wal_level = '{level}'".encode())
    postgres.stop(settings)
    postgres.ensure_running(settings)
    migrate(settings)
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as connection:
        install(connection, [load_spec("registrations")])
        connection.execute(
            "insert into ledger.pseudonym_key (version, fingerprint) values (1, %s) "
            "on conflict (version) do update set fingerprint = excluded.fingerprint",
            [fingerprint(KEY)],
        )
    return None


if __name__ == "__main__":
    main()
