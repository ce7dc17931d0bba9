"""One service process and everything it started: start, watch, stop.

A service is started as the leader of a session of its own. Whatever it forks (workers, and the tasks below them, which take
process groups of their own) stays in that session, also when the leader was killed; so the session is what is stopped. A
number alone says little, since the system gives numbers anew: the record keeps the leader's start time and the boot beside it.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import psutil

from warehouse.files import write_whole

State = Literal["running", "dead", "stopped"]
_GRACE_SECONDS = 2.0  # what is cut off is taken up anew; the triggerer alone would take ten seconds to say goodbye
_KILL_SECONDS = 10.0


@dataclass(frozen=True)
class Identity:
    """A process beyond doubt: its number, when it began (ticks since boot) and which boot that was."""

    pid: int
    began: int
    boot: str


@dataclass(frozen=True)
class Condition:
    """How a service is: `since` in UTC, `memory` in bytes (PSS of the whole tree, shared pages counted by share)."""

    name: str
    state: State
    pid: int | None = None
    since: datetime | None = None
    memory: int | None = None


def start(name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path, record: Path) -> Identity:
    """Start `command` in a session of its own, with its output appended to `log`, and write down who it is in `record`."""
    log.touch(mode=0o600, exist_ok=True)
    with log.open("ab") as output:
        started = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=folder, env=dict(environment),
            start_new_session=True,
        )  # fmt: skip
    started.returncode = 0  # it is not waited for here: `stop`, or the system once this command has ended, takes it away
    identity = Identity(started.pid, _began(started.pid) or 0, _boot())
    write_whole(record, json.dumps(asdict(identity)), 0o600)
    return identity


def enrol(record: Path) -> None:
    """Write down this very process in `record`: for one that was forked, not started by `start`."""
    pid = os.getpid()
    write_whole(record, json.dumps(asdict(Identity(pid, _began(pid) or 0, _boot()))), 0o600)


def wait(identity: Identity, seconds: float) -> int | None:
    """Wait for a process that this one started; its exit code, None when it has not ended after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pid, status = os.waitpid(identity.pid, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    return None


def recorded(record: Path) -> Identity | None:
    """Who was started last; None when nobody was, or when it was stopped."""
    try:
        return Identity(**json.loads(record.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def is_alive(identity: Identity) -> bool:
    """Whether this very process still runs (a zombie does not)."""
    if identity.boot != _boot() or _began(identity.pid) != identity.began:
        return False
    try:
        return psutil.Process(identity.pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def state(record: Path) -> State:
    """`running`; `dead` when it was started and ended without being stopped; `stopped` otherwise."""
    identity = recorded(record)
    if identity is None:
        return "stopped"
    return "running" if is_alive(identity) else "dead"


def condition(name: str, record: Path) -> Condition:
    """The state, with what is known about the process."""
    identity = recorded(record)
    if identity is None:
        return Condition(name, "stopped")
    if not is_alive(identity):
        return Condition(name, "dead", identity.pid)
    began = psutil.Process(identity.pid).create_time()
    return Condition(name, "running", identity.pid, datetime.fromtimestamp(began, UTC), memory(tree(identity)))


def tree(identity: Identity) -> list[psutil.Process]:
    """The living processes of the service's session and their descendants, the leader included if it lives."""
    if identity.boot != _boot():
        return []
    began = _began(identity.pid)
    if began is not None and began != identity.began:
        return []  # the number is somebody else's: the system gives it away only when the whole session has ended
    found: dict[int, psutil.Process] = {}
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.Error):
            if os.getsid(pid) == identity.pid:
                process = psutil.Process(pid)
                found[pid] = process
                found.update((child.pid, child) for child in process.children(recursive=True))
    return [process for process in found.values() if _lives(process)]


def memory(processes: Iterable[psutil.Process]) -> int:
    """Proportional set size of all of them together, in bytes."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += int(process.memory_full_info().pss)
    return total


def stop(records: Sequence[Path], grace: float = _GRACE_SECONDS) -> None:
    """Stop services together, whole, with all that they started: first asked, after `grace` seconds killed.

    The records are removed once nothing is left. Raises TimeoutError when a process does not even end when killed.
    """
    known = [identity for record in records if (identity := recorded(record)) is not None]
    for identity in known:
        if is_alive(identity):
            _signal(psutil.Process(identity.pid), signal.SIGTERM)
    _wait(known, time.monotonic() + grace)
    deadline = time.monotonic() + _KILL_SECONDS
    while rest := [process for identity in known for process in tree(identity)]:
        for process in rest:  # whoever was forked meanwhile is found by the next round
            _signal(process, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes {sorted(p.pid for p in rest)} do not end")
        psutil.wait_procs(rest, timeout=1)
    _reap(known)
    for record in records:
        record.unlink(missing_ok=True)


def _wait(known: Iterable[Identity], deadline: float) -> None:
    while time.monotonic() < deadline and any(is_alive(identity) for identity in known):
        time.sleep(0.05)


def _reap(known: Iterable[Identity]) -> None:
    """Take away our own children that have ended; the others' are not ours to take."""
    for identity in known:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(identity.pid, os.WNOHANG)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _began(pid: int) -> int | None:
    """Clock ticks between boot and the process's start, None when there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(fields[19])


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
