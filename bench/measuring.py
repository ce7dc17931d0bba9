"""Seconds, memory of a server, and what dbt's last run took, for benches that build."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from warehouse.services import postgres
from warehouse.settings import Settings


@dataclass(frozen=True)
class Taken:
    """Seconds of the clock, and of the processors (the server's processes and this one), which count on a machine in use."""

    clock: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.clock:.1f} s (CPU {self.cpu:.1f} s)"


def timed(settings: Settings, work: Callable[[], object]) -> Taken:
    """What a piece of work takes."""
    began, used = time.perf_counter(), _cpu(settings)
    work()
    return Taken(time.perf_counter() - began, _cpu(settings) - used)


def _cpu(settings: Settings) -> float:
    """Seconds so far: the server's processes that have ended are counted with the one that started them."""
    server = psutil.Process(postgres.server_pid(settings))
    times = [server.cpu_times(), psutil.Process().cpu_times()]
    for process in server.children():
        try:
            times.append(process.cpu_times())
        except psutil.Error:  # it has ended
            continue
    ended = times[0].children_user + times[0].children_system
    return float(ended + sum(one.user + one.system for one in times))


def slowest(settings: Settings, count: int) -> str:
    """The models that took longest in dbt's last run, with their seconds."""
    results = json.loads((settings.dbt_target / "run_results.json").read_text(encoding="utf-8"))["results"]
    taken = sorted(((one["execution_time"], one["unique_id"].split(".")[2]) for one in results), reverse=True)
    return ", ".join(f"{name} {seconds:.1f}" for seconds, name in taken[:count])


@contextmanager
def peak(settings: Settings) -> Iterator[Callable[[], float]]:
    """The most memory that the server's processes held at once (MiB, PSS), looked at twice a second."""
    server = psutil.Process(postgres.server_pid(settings))
    most, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(0.5):
            held = 0
            for process in (server, *server.children()):
                try:
                    held += process.memory_full_info().pss
                except psutil.Error:  # it has ended
                    continue
            most[0] = max(most[0], held / 2**20)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield lambda: most[0]
    finally:
        done.set()
        watcher.join()
