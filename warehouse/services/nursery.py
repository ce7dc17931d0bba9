"""Airflow's services of one home, forked from one process that has imported Airflow: else each of them pays seconds for it.

`python -m warehouse.services.nursery PLAN` (JSON, see Plan) runs in the services' environment and ends once they are started.
Each is then a process as if it had been started alone: leader of a session of its own, its output in its own log, written
down in its own record, signals and title its own. What stands in `warm.py` is imported by the scheduler, meanwhile the
metadata database is made.
"""

import gc
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from warehouse.services import process

_SHARED = (
    "airflow.configuration",
    "airflow.settings",
    "airflow.cli.cli_parser",
    "airflow.cli.commands.api_server_command",
    "airflow.cli.commands.dag_processor_command",
    "airflow.cli.commands.db_command",
    "airflow.cli.commands.scheduler_command",
    "airflow.cli.commands.triggerer_command",
    "airflow.executors.local_executor",
)
_MIGRATION = ["db", "migrate"]
NOT_MIGRATED = 3
"""Exit code when the metadata database could not be made."""


@dataclass(frozen=True)
class Child:
    """A service: the words behind `airflow`, the file for its output, and its record."""

    name: str
    words: list[str]
    log: str
    record: str


@dataclass(frozen=True)
class Plan:
    """What to start; `migration_log` when the metadata database has to be made first."""

    children: list[Child]
    migration_log: str | None

    def as_json(self) -> str:
        """For the command line."""
        return json.dumps(asdict(self))


def read_plan(text: str) -> Plan:
    """The plan that `as_json` wrote."""
    given = json.loads(text)
    return Plan([Child(**one) for one in given["children"]], given["migration_log"])


def start(plan: Plan) -> int:
    """Make the metadata database and fork them all; 0 once every service has written its record."""
    for name in _SHARED:
        importlib.import_module(name)
    importlib.import_module("airflow.settings").initialize()
    gc.freeze()  # the children do not copy the pages of what is there already
    migration = _fork(lambda: _migrate(log)) if (log := plan.migration_log) else None
    gate, opener = os.pipe()
    first = [child for child in plan.children if child.name == "scheduler"]
    written = [_bear(child, opener, lambda: _wait_at(gate)) for child in first]
    if migration is not None and os.waitstatus_to_exitcode(os.waitpid(migration, 0)[1]) != 0:
        return NOT_MIGRATED  # the gate is closed unopened
    os.write(opener, b"1")
    written += [_bear(child, opener) for child in plan.children if child not in first]
    return 0 if all(written) else 1


def _bear(child: Child, opener: int, wait: Callable[[], None] = lambda: None) -> bool:
    """Fork a service; whether its record is written."""
    told, tell = os.pipe()

    def live() -> NoReturn:
        os.close(told)
        os.close(opener)
        os.setsid()
        process.enrol(Path(child.record))
        os.write(tell, b"1")
        os.close(tell)
        _print_into(child.log)
        _be(child, wait)

    _fork(live)
    os.close(tell)
    answer = os.read(told, 1)
    os.close(told)
    return answer == b"1"


def _be(child: Child, wait: Callable[[], None]) -> NoReturn:
    from setproctitle import setproctitle

    setproctitle(f"airflow {' '.join(child.words)}")
    if child.name == "scheduler":
        from warehouse.services.warm import import_heavy_libraries

        import_heavy_libraries()
    wait()
    _airflow(child.words)


def _airflow(words: list[str]) -> NoReturn:
    from airflow.__main__ import main

    sys.argv = ["airflow", *words]
    main()
    sys.exit(0)


def _migrate(log: str) -> NoReturn:
    _print_into(log)
    _airflow(_MIGRATION)


def _wait_at(gate: int) -> None:
    if os.read(gate, 1) != b"1":
        sys.exit("the metadata database could not be made")
    os.close(gate)


def _fork(body: Callable[[], NoReturn]) -> int:
    """A child that runs `body` and never comes back here."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    signal.set_wakeup_fd(-1)
    body()


def _print_into(log: str) -> None:
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


if __name__ == "__main__":
    sys.exit(start(read_plan(sys.argv[1])))
