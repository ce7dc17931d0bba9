"""The demonstration: a synthetic city's deliveries, four nights through Airflow, the targets and a figure traced."""

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from warehouse.errors import BureauError
from warehouse.nightly import NightReport, Step, run_night
from warehouse.services import postgres, running
from warehouse.settings import Settings
from warehouse.trace import Trace, trace

if TYPE_CHECKING:
    from warehouse.synth import Night

FIRST, LAST = date(2010, 12, 28), date(2010, 12, 31)
SEED = 20101231
TRACED = ("SURV_LEGAL_1", "2010")

Say = Callable[[str, dict[str, object]], None]
"""Told each step: a key of the catalogue and its values."""


@dataclass(frozen=True)
class Target:
    """A target beside its actual; `is_met` is None while there is no figure."""

    indicator: str
    name_zh: str
    name_en: str
    direction: str
    target: Decimal | None
    actual: Decimal | None
    baseline: Decimal | None
    is_met: bool | None


@dataclass
class Clock:
    """Seconds by what was done."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Add the block's time to `name`."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0) + time.monotonic() - began


@dataclass(frozen=True)
class DemoReport:
    """What the demonstration came to; seconds by part, in order."""

    targets: tuple[Target, ...]
    nights: tuple[NightReport, ...]
    traced: Trace
    seconds: dict[str, float]


def run_demo(settings: Settings, *, keep: bool, say: Say) -> DemoReport:
    """Run it in the settings' home, which must be new or hold an earlier demonstration (that is cleared away).

    Raises BureauError("demo.not_empty") rather than touch a home or a database with anything else in it, and
    BureauError("demo.night_failed") when a night does not end with a build.
    """
    clock = Clock()
    _clear(settings)
    (settings.home / "demo").mkdir(parents=True, mode=0o700)
    with ThreadPoolExecutor(1) as background:
        city = background.submit(_synthesise, settings.home / "demo" / "nights")
        say("demo.step.city", {})
        with _services(settings, keep, clock, say):
            _refuse_used_database(settings)
            with clock.measure("city"):
                nights = city.result()
            reports = [_night(settings, night, clock, say) for night in nights]
            with clock.measure("report"):
                targets = _targets(settings)
                traced = trace(settings, *TRACED, limit=3)
    return DemoReport(targets, tuple(reports), traced, clock.seconds)


@contextmanager
def _services(settings: Settings, keep: bool, clock: Clock, say: Say) -> Iterator[None]:
    """All services; afterwards they stay (`keep`) or are stopped."""

    def tell(step: str) -> None:
        say(f"up.step.{step}", {})

    if keep:
        with clock.measure("services"):
            running.up(settings, tell)
        yield
        return
    began = time.monotonic()
    with running.running_services(settings, say=tell):
        clock.seconds["services"] = time.monotonic() - began
        yield
        began = time.monotonic()
    clock.seconds["stop"] = time.monotonic() - began


def _synthesise(out: Path) -> "list[Night]":
    from warehouse.synth import synthesise_nights

    return synthesise_nights(out, seed=SEED, scale=1, first=FIRST, last=LAST, faults="demo")


def _night(settings: Settings, night: "Night", clock: Clock, say: Say) -> NightReport:
    """Put what arrives that night into the inbox, then run the night."""
    day = night.business_date
    say("demo.step.night", {"date": day.isoformat(), "files": sum(path.name.endswith(".manifest.json") for path in night.files)})
    arriving = settings.home / "demo" / "nights" / day.isoformat()
    shutil.copytree(arriving, settings.inbox_url, dirs_exist_ok=True)
    with clock.measure(f"night {day.isoformat()}"):
        report = run_night(settings, day, report=lambda step: _tell_ended(step, say))
    if report.exit_code == 1:
        logs = ", ".join(str(failure.log) for failure in report.failures)
        raise BureauError("demo.night_failed", date=day.isoformat(), logs=logs or "-")
    return report


def _tell_ended(step: Step, say: Say) -> None:
    if step.state in ("success", "failed"):
        say(f"demo.step.{step.state}", {"dag": step.dag, "seconds": f"{step.seconds:.1f}"})


def _clear(settings: Settings) -> None:
    """Clear away an earlier demonstration; leave anything else alone."""
    home = settings.home
    if not home.exists() or not any(home.iterdir()):
        return
    if not (home / "demo").is_dir():
        raise BureauError("demo.not_empty", home=str(home))
    running.down(settings)
    if not settings.embedded:
        raise BureauError("demo.database_used")
    shutil.rmtree(home)


def _refuse_used_database(settings: Settings) -> None:
    """A real server's database may hold a bureau's deliveries: then nothing is done."""
    with psycopg.connect(postgres.conninfo(settings, role="bureau_loader")) as connection:
        row = connection.execute("select exists (select 1 from ledger.delivery)").fetchone()
    if row and row[0]:
        raise BureauError("demo.database_used")


def _targets(settings: Settings) -> tuple[Target, ...]:
    columns = "indicator, name_zh, name_en, direction, target_value, actual, baseline, is_met"
    with psycopg.connect(postgres.conninfo(settings, role="bureau_analyst")) as connection:
        rows: list[tuple[Any, ...]] = connection.execute(
            f"select {columns} from mart.target_progress where geography = %s order by target", [settings.region]
        ).fetchall()
    return tuple(Target(*row) for row in rows)
