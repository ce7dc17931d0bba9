"""The loader's side of `ingest.worker`: parcels out, rows back in the file's order, never more held than a few parcels."""

from __future__ import annotations

import fcntl
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from functools import reduce
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from ingest.errors import DeliveryRefused, WorkerDied
from ingest.normalise import EXACT
from ingest.rows import CopyRows
from ingest.worker import Broken, Job, Parcel, Refusal

_PIPE = 1 << 20  # what Linux lets anybody have; a parcel and its rows fit in
_PROJECT = Path(__file__).resolve().parent.parent


def how_many() -> int:
    """Workers for one delivery: as many as there are processors, four at most (PostgreSQL takes no more than that)."""
    return min(4, len(os.sched_getaffinity(0)))


class Workers:
    """Processes for one delivery. As a context: they are gone when it ends, however it ends."""

    def __init__(self, job: Job, count: int) -> None:
        self._job, self._count = job, count
        self._processes: list[subprocess.Popen[bytes]] = []
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Workers:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_PROJECT), os.environ.get("PYTHONPATH", "")])}
        for _ in range(self._count):
            process = subprocess.Popen(
                [sys.executable, "-c", "from ingest.worker import run; run()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
            self._processes.append(process)
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                _widen(pipe.fileno())
            _send(process, self._job)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
        if self._thread is not None:
            self._thread.join()  # its next parcel finds nobody: the source is nobody else's to read until then
        for process in self._processes:
            for pipe in (process.stdin, process.stdout):
                with suppress(BrokenPipeError):
                    if pipe is not None:
                        pipe.close()
            process.wait()

    def rows(self, parcels: Iterator[Parcel]) -> Iterator[CopyRows]:
        """The rows of each parcel, in order. Raises DeliveryRefused of the first refused parcel, and what `parcels` raises."""
        handed: SimpleQueue[int | BaseException | None] = SimpleQueue()

        def hand_out() -> None:
            try:
                for number, parcel in enumerate(parcels):
                    _send(self._processes[number % self._count], parcel)
                    handed.put(number)
                for process in self._processes:
                    _send(process, None)
                handed.put(None)
            except BaseException as error:
                handed.put(error)

        self._thread = threading.Thread(target=hand_out, name="hand out parcels", daemon=True)
        self._thread.start()
        while (number := handed.get()) is not None:
            if isinstance(number, BrokenPipeError):
                raise WorkerDied("a worker of the load ended before its time")
            if isinstance(number, BaseException):
                raise number
            answer = _receive(self._processes[number % self._count])
            if isinstance(answer, Refusal):
                raise DeliveryRefused(answer.rule, answer.place, answer.detail)
            if isinstance(answer, Broken):
                raise WorkerDied(f"a worker of the load broke off: {answer.error}")
            yield answer

    def totals(self) -> dict[str, Decimal]:
        """The sums of all rows; once, after the last rows."""
        sums = [_receive(process) for process in self._processes]
        return {name: reduce(EXACT.add, (one[name] for one in sums)) for name in self._job.totals}


def _widen(descriptor: int) -> None:
    # Another system, or a user who has many already: only slower
    with suppress(AttributeError, PermissionError):
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE)


def _send(process: subprocess.Popen[bytes], message: object) -> None:
    assert process.stdin is not None
    pickle.dump(message, process.stdin, pickle.HIGHEST_PROTOCOL)
    process.stdin.flush()


def _receive(process: subprocess.Popen[bytes]) -> Any:
    assert process.stdout is not None
    try:
        return pickle.load(process.stdout)
    except EOFError:
        raise WorkerDied("a worker of the load ended before its time") from None
