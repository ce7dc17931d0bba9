"""One night through Airflow: a run of every source's DAG and of the build, watched to its end."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import psycopg

from warehouse import night
from warehouse.check_pages import index_of
from warehouse.errors import BureauError
from warehouse.files import locked
from warehouse.guard import broken_since
from warehouse.services import airflow, postgres
from warehouse.services.airflow_api import UNFINISHED, AirflowApi, Json
from warehouse.services.airflow_environment import airflow_home
from warehouse.settings import Settings

if TYPE_CHECKING:
    from ingest.accept import Outcome
    from warehouse.guard import FigureCheck

BUILD = "build_indicators"
_POLL_SECONDS = 0.3
_KNOWN_SECONDS = 120.0
_HEALINGS = 5


@dataclass(frozen=True)
class Step:
    """What a run has come to: `state` is Airflow's (queued, running, success, failed), `seconds` since the night began."""

    dag: str
    state: str
    seconds: float


@dataclass(frozen=True)
class Failure:
    """A task that failed, and the file with what it said."""

    dag: str
    task: str
    log: Path


@dataclass(frozen=True)
class NightReport:
    """How a night ended.

    loads     what became of each delivery that came for the night, by source
    endings   source -> loaded, refused, missing, failed
    reasons   source -> why its night broke off, as the ledger has it, where that is known
    build_id  of the published build; None when there is none
    broken    rules over the figures that kept the build from being published
    pages     where the pages of what the rules found begin; None when there are none
    seconds   by DAG, from its first task's start to its last task's end; "night" is the whole
    """

    business_date: date
    loads: "tuple[Outcome, ...]"
    endings: dict[str, night.Ending]
    reasons: dict[str, str]
    build_id: int | None
    broken: "tuple[FigureCheck, ...]"
    failures: tuple[Failure, ...]
    pages: Path | None
    seconds: dict[str, float]

    @property
    def exit_code(self) -> int:
        """1 when something failed, 3 when a delivery was refused, else 0."""
        if self.failures or self.build_id is None:
            return 1
        return 3 if any(one.status in ("refused", "conflict") for one in self.loads) else 0


def run_night(
    settings: Settings, business_date: date, inbox: str | None = None, report: Callable[[Step], None] = lambda step: None
) -> NightReport:
    """Run the night of `business_date`; the services must run (a service that dies meanwhile is started again).

    `inbox` (folder or URL) goes before the setting. `report` is told each change of a run's state. What an earlier attempt at
    a night left in Airflow is ended first. Raises BureauError for a day before the last published one, and when Airflow fails.
    """
    refuse_before_last(settings, business_date)
    with locked(settings.run / "nightly.lock"), airflow.api(settings) as client:
        wanted, healing = _wanted(), _Healing(settings)
        client.when_silent = healing.of_the_dead
        _wait_until_known(client, wanted)
        _end_leftovers(settings, client, business_date)
        began, since = time.monotonic(), night.clock(settings)
        run_id = _create_runs(settings, client, wanted, business_date, since, inbox)
        runs = _watch(
            settings, client, run_id, wanted, healing, lambda dag, state: report(Step(dag, state, time.monotonic() - began))
        )
        failures = [failure for run in runs.values() if run["state"] == "failed" for failure in _failures(settings, client, run)]
        seconds = {dag: float(run["duration"] or 0) for dag, run in runs.items()}
        build_id = _published(settings, since) if runs[BUILD]["state"] == "success" else None
        return NightReport(
            business_date=business_date,
            loads=tuple(night.loads(settings, business_date)),
            endings=night.endings(settings, business_date, since),
            reasons=night.failures(settings, business_date),
            build_id=build_id,
            broken=tuple(broken_since(settings, since)) if build_id is None else (),
            failures=tuple(failures),
            pages=index if (index := index_of(settings)).is_file() else None,
            seconds={**seconds, "night": time.monotonic() - began},
        )


def refuse_before_last(settings: Settings, business_date: date) -> None:
    """Raises BureauError when a later day is published already: knowledge only goes on."""
    from warehouse.build import last_published

    with psycopg.connect(postgres.conninfo(settings, role="bureau_loader")) as connection:
        last = last_published(connection)
    if last is not None and business_date < last[1]:
        raise BureauError("build.before_last", date=business_date, last=last[1])


def _wanted() -> list[str]:
    from ingest.spec import source_names

    return [*source_names(), BUILD]


def _wait_until_known(client: AirflowApi, wanted: list[str]) -> None:
    """After the first start the DAG files are still being read."""
    deadline = time.monotonic() + _KNOWN_SECONDS
    while missing := sorted(set(wanted) - client.dag_ids()):
        errors = client.import_errors()
        if errors or time.monotonic() > deadline:
            reason = "; ".join(str(error["stack_trace"]).strip().splitlines()[-1] for error in errors) or "-"
            raise BureauError("nightly.unknown_dags", dags=", ".join(missing), reason=reason)
        time.sleep(_POLL_SECONDS)


def _end_leftovers(settings: Settings, client: AirflowApi, business_date: date) -> None:
    """End unfinished runs that a killed `nightly` left (this one holds the lock), and a scheduled run of the same night.

    A task of theirs that still works holds its source's lock in the database until Airflow has stopped it; the new one waits.
    """
    for run in client.runs(states=UNFINISHED):
        if run["dag_run_id"].startswith("night__") or _day_of(settings, run) == business_date:
            client.end_run(run["dag_id"], run["dag_run_id"])


def _day_of(settings: Settings, run: Json) -> date:
    """The business date of a run, as `orchestration.night_of` says it."""
    if given := (run["conf"] or {}).get("business_date"):
        return date.fromisoformat(given)
    begin = datetime.fromisoformat(run["data_interval_end"] or run["run_after"])
    return begin.astimezone(ZoneInfo(settings.timezone)).date() - timedelta(days=1)


def _create_runs(
    settings: Settings, client: AirflowApi, wanted: list[str], business_date: date, since: datetime, inbox: str | None
) -> str:
    """Create the runs, all under one id `night__<date>__<n>`; n counts the attempts."""
    prefix = f"night__{business_date.isoformat()}__"
    before = [int(run["dag_run_id"].removeprefix(prefix)) for run in client.runs(prefix=prefix)]
    run_id = f"{prefix}{max(before, default=0) + 1}"
    conf: Json = {"business_date": business_date.isoformat(), "since": since.isoformat()}
    if inbox is not None:
        conf["inbox"] = inbox
    cut_off = (since + timedelta(hours=settings.cutoff_hours)).isoformat()
    for dag in wanted:
        # A night that is asked for takes what is there; only the build waits, for the sources.
        client.create_run(dag, run_id, {**conf, "wait_until": cut_off} if dag == BUILD else conf)
    return run_id


def _watch(
    settings: Settings,
    client: AirflowApi,
    run_id: str,
    wanted: list[str],
    healing: "_Healing",
    changed: Callable[[str, str], None],
) -> dict[str, Json]:
    """Wait until every run has ended; the runs by DAG."""
    states: dict[str, str] = {}
    while len(states) < len(wanted) or any(state in UNFINISHED for state in states.values()):
        time.sleep(_POLL_SECONDS)
        try:
            found = airflow.run_states(settings, run_id)
        except psycopg.OperationalError:
            healing.once()
            continue
        for dag, state in found.items():
            if states.get(dag) != state:
                states[dag] = state
                changed(dag, state)
        healing.of_the_dead()
    return {run["dag_id"]: run for run in client.runs(prefix=run_id) if run["dag_run_id"] == run_id}


class _Healing:
    """Starts services that died in a night again, a few times."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._left = _HEALINGS

    def of_the_dead(self) -> None:
        """When one is dead, `once`."""
        if not (postgres.is_running(self._settings) and airflow.all_run(self._settings)):
            self.once()

    def once(self) -> None:
        """Raises BureauError when that did not help before, or when somebody stopped the services."""
        if not self._left:
            raise BureauError("nightly.services_die", folder=str(self._settings.logs))
        if airflow.all_stopped(self._settings):
            raise BureauError("nightly.stopped")
        self._left -= 1
        postgres.ensure_running(self._settings)
        airflow.ensure_running(self._settings)


def _failures(settings: Settings, client: AirflowApi, run: Json) -> Iterator[Failure]:
    for task in client.tasks(run["dag_id"], run["dag_run_id"]):
        if task["state"] == "failed":
            place = f"dag_id={run['dag_id']}/run_id={run['dag_run_id']}/task_id={task['task_id']}"
            log = airflow_home(settings) / "logs" / place / f"attempt={task['try_number']}.log"
            yield Failure(run["dag_id"], task["task_id"], log)


def _published(settings: Settings, since: datetime) -> int | None:
    with psycopg.connect(postgres.conninfo(settings, role="bureau_loader")) as connection:
        row = connection.execute(
            "select max(build_id) from ledger.build where status = 'published' and started_at >= %s", [since]
        ).fetchone()
    return row[0] if row else None
