"""A source's night, broken off at its n-th event: before and after every exchange with the database and every change of a file.
What happens in between leaves no trace outside the process, so that being broken off there is the same.

The night runs in a forked child that counts its events and, at the chosen one, kills itself (`late`: a moment later, in the midst
of what comes then) or has the server end its sessions.
What stands afterwards is compared without moments and without the gaps that numbers may have.
"""

from __future__ import annotations

import gc
import hashlib
import os
import signal
import sys
import threading
import time
import traceback
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg import sql

from ingest.ddl import install
from ingest.spec import all_specs, load_spec
from tests.extracts import fixture_rows, write_extract, write_manifest
from tests.integration import bad_deliveries as bad
from tests.integration.nights import load
from warehouse.services import postgres
from warehouse.settings import Settings

How = Literal["kill", "late", "server"]
_LATE = 0.001
WALKED = ("registrations", "tax_local")
_KEPT = (
    "ledger.delivery",
    "ledger.check_result",
    "ledger.delivery_measure",
    "ledger.source_night",
    "ledger.expected_delivery",
)
DAY = bad.FIRST
LAST = DAY + timedelta(days=1)
_FILE_EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.link", "shutil.rmtree"}


@dataclass
class Counter:
    """Counts events; `at` is the one that breaks off (0: none)."""

    settings: Settings
    at: int
    how: How
    seen: int = 0

    def event(self) -> None:
        self.seen += 1
        if self.seen == self.at:
            if self.how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.how == "late":  # in the midst of what comes now
                threading.Timer(_LATE, os.kill, (os.getpid(), signal.SIGKILL)).start()
            else:
                end_sessions(self.settings)


def end_sessions(settings: Settings) -> None:
    """Have the server end every other session of the database."""
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as connection:
        others = "where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
        end = "select pg_terminate_backend(pid{}) from pg_stat_activity " + others
        # Who waits for a lock goes before who holds it: it would go on
        connection.execute((end.format("") + " order by wait_event_type is not distinct from 'Lock' desc").encode())
        connection.execute(end.format(", 5000").encode())


def watch(counter: Counter) -> None:
    """From now on this process counts. It is a child that ends soon: nothing is put back."""
    archive, busy = str(counter.settings.archive), [False]

    def event() -> None:
        if not busy[0]:
            busy[0] = True  # what the counter itself does is no event
            try:
                counter.event()
            finally:
                busy[0] = False

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            event()
            return function(*args, **kwargs)  # after it is before the next

        return watched

    def audit(name: str, args: tuple[Any, ...]) -> None:
        if name in _FILE_EVENTS and args and str(args[0]).startswith(archive):
            event()

    psycopg.Connection.wait = around(psycopg.Connection.wait)  # type: ignore[method-assign]
    os.fsync, os.fdatasync = around(os.fsync), around(os.fdatasync)
    sys.addaudithook(audit)


def night(settings: Settings, inbox: Path, at: int = 0, how: How = "kill") -> tuple[int, int]:
    """The night in a child; (its wait status, events counted; 0 when it was killed)."""
    reading, writing = os.pipe()
    gc.freeze()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            counter = Counter(settings, at, how)
            watch(counter)
            load_walked(settings, inbox)
            os.write(writing, str(counter.seen).encode())
            status = 0
        except BaseException:
            with (settings.home / "broken_off.log").open("a", encoding="utf-8") as log:
                traceback.print_exc(file=log)
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        counted = pipe.read()
    _, status = os.waitpid(child, 0)
    return status, int(counted or 0)


def load_walked(settings: Settings, inbox: Path) -> None:
    from tests.integration.nights import _quiet
    from warehouse.night import accept, take_in

    with _quiet():
        for source in WALKED:
            take_in(settings, source, LAST, str(inbox))
            accept(settings, source, LAST)


def before(settings: Settings, inbox: Path) -> None:
    """What was there: sequence 01 of the day, which 02 replaces, and a day with a row in quarantine, which 02 settles."""
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as connection:
        install(connection, list(all_specs().values()))
    for source in WALKED:
        earlier = bad.Delivery(inbox, source, bad.FIRST - timedelta(days=1))
        earlier.rows[0] |= {earlier.spec.columns[-1].delivered: "x"}
        earlier.write()
        bad.Delivery(inbox, source, DAY).write()
    load(settings, DAY, inbox)


def tonight(inbox: Path) -> None:
    """What comes: sequence 02 with a row for quarantine and a key twice (the table in a zip), a refused 03, one that waits."""
    for source in WALKED:
        spec = all_specs()[source]
        good = fixture_rows(source, "good")
        rows_now = [*good[:3], good[1], good[2] | {spec.columns[-1].delivered: "x", spec.columns[0].delivered: "NEW"}]
        path = write_extract(spec, rows_now, inbox, DAY, sequence=2, kind="delta")
        write_extract(spec, good, inbox, DAY, sequence=3, kind="delta", changed={"rows": 1})
        write_extract(spec, good, inbox, DAY, sequence=4, kind="delta").with_suffix(".manifest.json").unlink()
        if source == "tax_local":
            content = path.read_bytes()
            path.unlink()
            with zipfile.ZipFile(path.with_name(f"{path.name}.zip"), "w") as container:
                container.writestr(path.name, content)
            stem = path.with_suffix("")
            packed = path.with_name(f"{path.name}.zip").rename(stem.with_suffix(".dbf"))
            write_manifest(spec, packed, DAY, 2, "delta", len(rows_now), {}, {})
            packed.rename(stem.with_name(f"{path.name}.zip"))


def a_long_one(inbox: Path) -> None:
    """A delivery of so many rows that several processes read it and its COPY takes hundreds of writes."""
    delivery = bad.Delivery(inbox, "registrations", LAST)
    delivery.rows = [row | {"PRIPID": f"L{number}"} for number in range(8_000) for row in delivery.rows]
    delivery.write()


def helpers() -> list[int]:
    """Processes of this machine that make rows for a loader which is gone."""
    import psutil

    found = psutil.process_iter(["cmdline", "ppid"])
    return [one.pid for one in found if "ingest.worker" in (one.info["cmdline"] or ()) and one.info["ppid"] == 1]


def state(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that a night leaves, comparable between homes: deliveries by file name and status instead of number."""
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as connection:
        found = {name: connection.execute(statement.encode()).fetchall() for name, statement in _STATE.items()}
    files = [path for path in settings.archive.rglob("*") if path.is_file()]
    for path in files:
        assert path.parent.name == "incoming" or hashlib.sha256(path.read_bytes()).hexdigest() == path.name, "a half file"
    found["archive"] = sorted((path.parent.name, path.name) for path in files)
    found["incoming"] = [(path.name,) for path in (settings.archive / "incoming").iterdir()]
    return found


def left_behind(settings: Settings) -> str:
    """A digest of all that a night which broke off has left, moments apart: where two are equal a second night does the same.

    Waits until the server has let go of the broken sessions.
    """
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as connection:
        others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        while connection.execute(f"{others} and backend_type = 'client backend'".encode()).fetchone() != (0,):
            time.sleep(0.01)
        tables = connection.execute(
            "select relname, relispartition from pg_class where relnamespace = 'raw'::regnamespace and relkind = 'r' order by 1"
        ).fetchall()
        rows: list[Any] = [tables]
        for name in (*(f"raw.{table}" for table, _ in tables), *(f"quarantine.{source}" for source in WALKED), *_KEPT):
            moments = "array['received_at', 'accepted_at', 'quarantined_at', 'resolved_at', 'seconds']"
            digest = (
                f"select md5(coalesce(string_agg(row, '' order by row), '')) from (select (to_jsonb(t) - {moments})::text as row"
            )
            rows += connection.execute(f"{digest} from {name} as t) as found".encode()).fetchall()
    files = [path.relative_to(settings.archive) for path in settings.archive.rglob("*") if path.is_file()]
    rows += sorted(str(path) for path in files if path.parts[0] != "incoming")
    rows.append(sum(path.parts[0] == "incoming" for path in files))
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def _statements() -> dict[str, str]:
    numbered = (
        "with d as (select delivery_id, file_name || ' ' || row_number() over (partition by file_name order by delivery_id) "
        "as file from ledger.delivery) "
    )
    found = {
        "delivery": "select source, region, business_date, sequence, kind, file_name, sha256, rows_in_file, rows_accepted, "
        "rows_quarantined, warnings, status, regexp_replace(reason, 'delivery [0-9]+', 'delivery') from ledger.delivery "
        "order by file_name, delivery_id",
        "check": numbered + "select file, rule, severity, column_name, checked, failed, share, passed from ledger.check_result "
        "join d using (delivery_id) order by 1, 2",
        "night": "select source, business_date, outcome from ledger.source_night order by 1, 2",
        "promise": "select source, business_date, status from ledger.expected_delivery order by 1, 2",
        "tables": numbered + "select regexp_replace(relname, '__d[0-9]+.*', ''), relispartition, file, "
        "regexp_replace(relname, '.*__d[0-9]+', '') from pg_class join pg_namespace n on n.oid = relnamespace "
        "left join d on delivery_id = substring(relname from '__d([0-9]+)')::int "
        "where nspname = 'raw' and relkind = 'r' order by 1, 3, 4",
    }
    for source in WALKED:
        columns = ", ".join(f'"{name}"' for name in load_spec(source).raw_columns)
        found[f"raw {source}"] = (
            f"{numbered} select file, row_id & 4294967295, {columns}, faults from raw.{source} "
            "join d using (delivery_id) order by 1, 2"
        )
        found[f"quarantine {source}"] = (
            f"{numbered} select d.file, row_id & 4294967295, key, reasons, s.file from quarantine.{source} "
            "join d using (delivery_id) left join d as s on s.delivery_id = settled_by order by 1, 2"
        )
    return found


_STATE = _statements()


def differences(found: dict[str, list[tuple[Any, ...]]], wanted: dict[str, list[tuple[Any, ...]]]) -> list[str]:
    """What is there and should not be, and the other way round."""
    found_now = []
    for name in (name for name in wanted if found[name] != wanted[name]):
        more = [row for row in found[name] if row not in wanted[name]]
        less = [row for row in wanted[name] if row not in found[name]]
        found_now.append(f"{name}: there is {more}, there should be {less}")
    return found_now


def copy_database(settings: Settings, source: str, target: str) -> None:
    """Make a database anew from another that nobody uses."""
    with psycopg.connect(postgres.conninfo(settings, database="postgres"), autocommit=True) as connection:
        names = {"source": sql.Identifier(source), "target": sql.Identifier(target)}
        connection.execute(sql.SQL("drop database if exists {target} with (force)").format(**names))
        connection.execute(sql.SQL("create database {target} template {source} strategy file_copy").format(**names))
