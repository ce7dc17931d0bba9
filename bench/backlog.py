"""A backlog caught up in one go: 400 nights of a synthetic city, all in the inbox, one `./bureau nightly`.

    .venv/bin/python -m bench.backlog [--scale 1] [--nights 400] [--keep DIR]

Prints the night's seconds by DAG, the CPU seconds of everything that the command started (services, tasks, PostgreSQL), and what
became of the deliveries. The bar of issue 3 is ten minutes at scale 1. On a machine that others use, look at the CPU seconds.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from warehouse.settings import PROJECT
from warehouse.synth import synthesise
from warehouse.synth.days import working_days

BAR_SECONDS = 600
FIRST = date(2009, 12, 31)
SEED = 7
_SET_CHILD_SUBREAPER = 36


def last_day(nights: int) -> date:
    return working_days(FIRST, FIRST + timedelta(days=2 * nights + 30))[nights - 1]


def bureau(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("BUREAU_")}
    given["BUREAU_SCHEDULE"] = "none"
    return subprocess.run(
        [str(PROJECT / "bureau"), "--home", str(home), *words], env=given, stdout=subprocess.PIPE, text=True, check=False
    )


def reap() -> float:
    """CPU seconds of all that has ended: what the command left behind when it ended came to this process."""
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(folder: Path, scale: float, nights: int) -> None:
    last = last_day(nights)
    made = synthesise(folder / "inbox", seed=SEED, scale=scale, first=FIRST, last=last)
    deliveries = sum(len(night.files) // 2 for night in made)
    print(f"{len(made)} nights to {last}, {deliveries} deliveries, scale {scale}", flush=True)
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before, began = reap(), time.monotonic()
    done = bureau(folder / "home", "nightly", "--date", last.isoformat(), "--inbox", str(folder / "inbox"), "--format", "json")
    wall, cpu = time.monotonic() - began, reap() - before
    if not done.stdout.lstrip().startswith("{"):  # it broke off before its report; why stands above, on stderr
        raise SystemExit(f"no report after {wall:.1f} s: exit code {done.returncode}\n{done.stdout}")
    report: dict[str, Any] = json.loads(done.stdout)
    for dag, seconds in report["seconds"].items():
        print(f"  {dag:<20} {seconds:>8.1f} s")
    print(f"  {'the whole command':<20} {wall:>8.1f} s, {cpu:.0f} CPU seconds")
    for failure in report["failures"]:
        print(f"  failed: {failure['dag']}.{failure['task']}, {failure['log']}")
    print(f"  exit code {done.returncode}, build {report['build_id']}, {dict(Counter(one['status'] for one in report['loads']))}")
    night = report["seconds"]["night"]
    print(f"  {night:.0f} s of {BAR_SECONDS}: {'within' if night <= BAR_SECONDS else 'over'} the bar")
    if done.returncode:
        raise SystemExit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--nights", type=int, default=400)
    parser.add_argument("--keep", type=Path, help="folder to work in, which stays")
    given = parser.parse_args()
    folder = given.keep or Path(tempfile.mkdtemp(prefix="backlog-", dir="/tmp"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # the server may run as another user
    try:
        measure(folder, given.scale, given.nights)
    finally:
        if given.keep is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
