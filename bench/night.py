"""What Airflow adds to a night: the demonstration's city through the scheduler, and the same nights done by this process.

    .venv/bin/python -m bench.night [--scale 1]

For each night, through Airflow: seconds of the clock, and of them those in which no task was at work (scheduling). Beside it the
floor: the same loads and the same build called one after another, in a process that has its libraries loaded. The bar of issue 5
is a normal day's night (all but the first, which loads the whole city) in under 60 seconds, less than half of it scheduling.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import psycopg

from tests.integration.nights import play
from warehouse.demo import FIRST, LAST, SEED
from warehouse.nightly import run_night
from warehouse.services import postgres
from warehouse.services.running import running_services
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings
from warehouse.synth import Night, synthesise_nights

BAR_SECONDS = 60
_AT_WORK = """
    select coalesce(sum(extract(epoch from upper(part) - lower(part))), 0)
    from (select unnest(range_agg(tstzrange(start_date, end_date))) as part from task_instance
        where start_date >= %s and end_date is not null) as parts
"""


def arrive(night: Night, folder: Path, settings: Settings) -> None:
    shutil.copytree(folder / night.business_date.isoformat(), settings.inbox_url, dirs_exist_ok=True)


def through_airflow(settings: Settings, nights: list[Night], folder: Path) -> dict[str, tuple[float, float]]:
    """Night -> seconds, and seconds with a task at work."""
    found: dict[str, tuple[float, float]] = {}
    with running_services(settings, say=lambda step: None):
        for night in nights:
            arrive(night, folder, settings)
            with psycopg.connect(postgres.conninfo(settings, database=postgres.AIRFLOW_DATABASE), autocommit=True) as airflow:
                began = airflow.execute("select clock_timestamp()").fetchone()
                assert began is not None
                report = run_night(settings, night.business_date)
                at_work = airflow.execute(_AT_WORK, [began[0]]).fetchone()
            assert report.build_id is not None and at_work is not None
            found[night.business_date.isoformat()] = report.seconds["night"], float(at_work[0])
    return found


def directly(settings: Settings, nights: list[Night], folder: Path) -> dict[str, float]:
    """Night -> seconds."""
    found: dict[str, float] = {}
    prepare(settings)
    try:
        for night in nights:
            arrive(night, folder, settings)
            began = time.monotonic()
            play(settings, night.business_date)
            found[night.business_date.isoformat()] = time.monotonic() - began
    finally:
        postgres.stop(settings)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="night-bench-") as made:
        base = Path(made)
        base.chmod(0o755)  # the server may run as another user
        nights = synthesise_nights(base / "nights", seed=SEED, scale=given.scale, first=FIRST, last=LAST, faults="demo")
        floor = directly(load_settings(home=base / "directly"), nights, base / "nights")
        product = through_airflow(load_settings(home=base / "airflow"), nights, base / "nights")
    for day, (seconds, at_work) in product.items():
        idle = seconds - at_work
        print(f"{day}  through Airflow {seconds:6.1f} s, {idle:5.1f} s of them ({idle / seconds:.0%}) no task at work")
        print(f"{'':10}  directly        {floor[day]:6.1f} s")
    normal = list(product.values())[1:]
    worst, share = max(seconds for seconds, _ in normal), max(1 - at_work / seconds for seconds, at_work in normal)
    kept = "within" if worst < BAR_SECONDS and share < 0.5 else "over"
    print(f"normal nights: at most {worst:.0f} s of {BAR_SECONDS}, scheduling at most {share:.0%}: {kept} the bar")


if __name__ == "__main__":
    main()
