"""Airflow's four services of one home: started once, healed one by one, stopped whole.

Where `airflow_url` is set they are somebody else's to start and stop (containers): here they are only asked and waited for.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psycopg

from warehouse.errors import BureauError
from warehouse.files import locked, write_whole
from warehouse.services import airflow_environment as config
from warehouse.services import nursery, postgres, process
from warehouse.services.airflow_api import AirflowApi
from warehouse.settings import Settings

POOL = "heavy"
_POOL_SLOTS = 2
_HEALTHY_SECONDS = 180.0
_NURSERY = "nursery"
_COMMANDS = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],  # the api-server reads the logs from the same disk
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
SERVICES = tuple(_COMMANDS)
_JOBS = {"scheduler": "SchedulerJob", "dag-processor": "DagProcessorJob", "triggerer": "TriggererJob"}
_HEALTH = {"scheduler": "scheduler", "dag-processor": "dag_processor", "triggerer": "triggerer"}

Say = Callable[[str], None]


def conditions(settings: Settings) -> list[process.Condition]:
    """How each service is; of services elsewhere only whether they are well."""
    if settings.airflow_url is not None:
        well = _well(settings)
        return [process.Condition(name, "running" if name in well else "dead") for name in SERVICES]
    return [process.condition(name, _record(settings, name)) for name in SERVICES]


def all_run(settings: Settings) -> bool:
    """Whether every service runs; quicker than `conditions`, which measures memory."""
    if settings.airflow_url is not None:
        return _well(settings) == set(SERVICES)
    return all(process.state(_record(settings, name)) == "running" for name in SERVICES)


def all_stopped(settings: Settings) -> bool:
    """Whether the services were stopped, or never started."""
    return settings.airflow_url is None and all(process.state(_record(settings, name)) == "stopped" for name in SERVICES)


def log_file(settings: Settings, service: str) -> Path:
    """What a service prints."""
    return settings.logs / f"{service}.log"


def ensure_running(settings: Settings, say: Say = lambda step: None) -> list[str]:
    """Start the services that do not run (PostgreSQL must) and wait until all are healthy; the names of those started now.

    `say` is told the steps: "metadata", "start", then "wait". Raises BureauError when one ends or does not come up.
    """
    if settings.airflow_url is not None:
        say("wait")
        _wait_for_others(settings)
        return []
    with locked(settings.run / "airflow.lock"):
        missing = [name for name in SERVICES if process.state(_record(settings, name)) != "running"]
        if not missing and _addresses_stand(settings):
            return []
        # what killed ones left behind, also a start that was cut off
        process.stop([_record(settings, name) for name in [*missing, _NURSERY]], grace=0)
        if "api-server" in missing:
            config.choose_port(settings)
        if not _addresses_stand(settings):  # those that still run would look for the others where these are no more
            missing = list(SERVICES)
            process.stop([_record(settings, name) for name in missing])
        write_whole(_addresses(settings), _addresses_now(settings))
        bury(settings, missing)
        began = datetime.now(UTC)
        _start(settings, missing, say)
        say("wait")
        _wait_until_healthy(settings, missing, began)
        return missing


def stop(settings: Settings) -> None:
    """Stop all services and everything they started; nothing to do for services elsewhere."""
    if settings.airflow_url is not None:
        return
    with locked(settings.run / "airflow.lock"):
        process.stop([_record(settings, name) for name in [_NURSERY, *SERVICES]])
        bury(settings, list(SERVICES))


def command(settings: Settings, service: str) -> list[str]:
    """What runs a service in the foreground."""
    return [sys.executable, "-m", "airflow", *_words(settings, service)]


def _words(settings: Settings, service: str) -> list[str]:
    if service != "api-server":
        return _COMMANDS[service]
    return [*_COMMANDS[service], "--host", config.listen_address(settings), "--port", str(config.port(settings))]


def prepare(settings: Settings) -> None:
    """Have Airflow's folders and its metadata database ready for this version. PostgreSQL must run."""
    _make_folders(settings)
    if is_prepared(settings):
        return
    result = run_command(settings, "db", "migrate")
    write_whole(_migration_log(settings), result.stdout + result.stderr, 0o600)
    if result.returncode:
        raise BureauError("services.metadata_failed", log=str(_migration_log(settings)))
    _mark_prepared(settings)


def is_prepared(settings: Settings) -> bool:
    """Whether `prepare` has nothing to do. Raises psycopg.OperationalError while the server does not answer."""
    with psycopg.connect(postgres.conninfo(settings, database="airflow"), autocommit=True, connect_timeout=5) as connection:
        return _is_current(settings, connection)


def beats(settings: Settings, service: str, host: str, within: float) -> bool:
    """Whether this host's service (not the api-server, which answers by itself) sent a heartbeat in the last `within` seconds."""
    with psycopg.connect(postgres.conninfo(settings, database="airflow"), connect_timeout=5) as connection:
        row = connection.execute(
            "select max(latest_heartbeat) > now() - make_interval(secs => %s) from job "
            "where state = 'running' and job_type = %s and hostname = %s",
            [within, _JOBS[service], host],
        ).fetchone()
        return row is not None and row[0] is True


def run_states(settings: Settings, run_id: str) -> dict[str, str]:
    """The states of the runs with this id, by DAG. From the database: asked several times a second, the API would be busy."""
    with psycopg.connect(postgres.conninfo(settings, database="airflow"), connect_timeout=5) as connection:
        return dict(connection.execute("select dag_id, state from dag_run where run_id = %s", [run_id]).fetchall())


def run_command(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Airflow's own command line in this home, for what REST cannot do; its output is captured."""
    return subprocess.run(
        [sys.executable, "-m", "airflow", *arguments], env=config.environment(settings), cwd=config.airflow_home(settings),
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def api(settings: Settings) -> AirflowApi:
    """A client of this home's API, to be used as a context manager."""
    return AirflowApi(config.url(settings), config.USER, config.password(settings))


def _addresses(settings: Settings) -> Path:
    """Where the services look for the API and the database: what they were started with."""
    return settings.run / "airflow.addresses"


def _addresses_now(settings: Settings) -> str:
    return f"{config.url(settings)} {postgres.port(settings)}\n"


def _addresses_stand(settings: Settings) -> bool:
    kept = _addresses(settings)
    return not kept.exists() or kept.read_text() == _addresses_now(settings)


def _record(settings: Settings, name: str) -> Path:
    return settings.run / f"{name}.json"


def _start(settings: Settings, names: list[str], say: Say) -> None:
    """Start services by one nursery, which makes the metadata database too when it is not of this version."""
    _make_folders(settings)
    is_new = not is_prepared(settings)
    say("metadata" if is_new else "start")
    children = [
        nursery.Child(name, _words(settings, name), str(log_file(settings, name)), str(_record(settings, name))) for name in names
    ]
    plan = nursery.Plan(children, str(_migration_log(settings)) if is_new else None)
    command = [sys.executable, "-m", "warehouse.services.nursery", plan.as_json()]
    record, log = _record(settings, _NURSERY), log_file(settings, _NURSERY)
    started = process.start(_NURSERY, command, config.environment(settings), config.airflow_home(settings), log, record)
    code = process.wait(started, _HEALTHY_SECONDS)
    if code == nursery.NOT_MIGRATED:
        raise BureauError("services.metadata_failed", log=str(_migration_log(settings)))
    if code is None:
        raise BureauError("services.not_healthy", seconds=int(_HEALTHY_SECONDS), folder=str(settings.logs))
    if code:
        raise BureauError("services.ended", service=_NURSERY, log=str(log))
    record.unlink(missing_ok=True)
    if is_new:
        _mark_prepared(settings)


def _make_folders(settings: Settings) -> None:
    config.airflow_home(settings).mkdir(mode=0o700, parents=True, exist_ok=True)
    (config.airflow_home(settings) / "plugins").mkdir(exist_ok=True)


def _migration_log(settings: Settings) -> Path:
    return log_file(settings, "airflow-migrate")


def _mark_prepared(settings: Settings) -> None:
    """The pool, and the marker: bringing the schema up to date costs seconds, also when nothing is to do."""
    with psycopg.connect(postgres.conninfo(settings, database="airflow"), autocommit=True) as connection:
        connection.execute(
            "insert into slot_pool (pool, slots, description, include_deferred) values (%s, %s, %s, false) "
            "on conflict (pool) do update set slots = excluded.slots",
            [POOL, _POOL_SLOTS, "Loads and checks: as many at a time as the machine bears"],
        )
        write_whole(_marker(settings), f"{version('apache-airflow-core')} {_revision(connection)}\n")


def _marker(settings: Settings) -> Path:
    return config.airflow_home(settings) / "metadata_version"


def _is_current(settings: Settings, connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    wanted = f"{version('apache-airflow-core')} {_revision(connection)}\n"
    return _marker(settings).exists() and _marker(settings).read_text() == wanted


def _revision(connection: psycopg.Connection[tuple[object, ...]]) -> str:
    """Schema revision of the metadata database and the database's own identity; "-" when it is empty."""
    there = connection.execute("select to_regclass('public.alembic_version')").fetchone()
    if there is None or there[0] is None:
        return "-"
    row = connection.execute(
        "select (select version_num from alembic_version), oid from pg_database where datname = current_database()"
    ).fetchone()
    return " ".join(map(str, row or ()))


def bury(settings: Settings, names: list[str]) -> None:
    """Tell the metadata database which services are no more, so that their tasks and triggers are taken over at once."""
    jobs = [_JOBS[name] for name in names if name in _JOBS]
    try:
        with psycopg.connect(postgres.conninfo(settings, database="airflow"), autocommit=True) as connection:
            connection.execute(
                "update job set state = 'failed', end_date = now() where state = 'running' and job_type = any(%s)", [jobs]
            )
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable, BureauError):
        return  # the server is down or new: there is nobody to bury


def _well(settings: Settings) -> set[str]:
    """The services that are well by the API's account."""
    with api(settings) as client:
        health = client.health()
    if health is None:
        return set()
    return {"api-server"} | {name for name, key in _HEALTH.items() if health.get(key, {}).get("status") == "healthy"}


def _wait_for_others(settings: Settings) -> None:
    deadline = time.monotonic() + _HEALTHY_SECONDS
    while not all_run(settings):
        if time.monotonic() > deadline:
            raise BureauError("services.not_healthy", seconds=int(_HEALTHY_SECONDS), folder=str(settings.logs))
        time.sleep(1)


def _wait_until_healthy(settings: Settings, started: list[str], began: datetime) -> None:
    deadline = time.monotonic() + _HEALTHY_SECONDS
    with api(settings) as client:
        is_new = "api-server" in started
        while not _healthy(client, started, began):
            if is_new and client.health() is not None:
                client.warm_execution_api()
                is_new = False
            for name in SERVICES:
                if process.state(_record(settings, name)) != "running":
                    raise BureauError("services.ended", service=name, log=str(log_file(settings, name)))
            if time.monotonic() > deadline:
                raise BureauError("services.not_healthy", seconds=int(_HEALTHY_SECONDS), folder=str(settings.logs))
            time.sleep(0.2)


def _healthy(client: AirflowApi, started: list[str], began: datetime) -> bool:
    """Whether the API answers and each service started now has sent a heartbeat of its own (a killed one's is still fresh)."""
    health = client.health()
    if health is None:
        return False
    beats = (health.get(_HEALTH[name], {}).get(f"latest_{_HEALTH[name]}_heartbeat") for name in started if name in _HEALTH)
    return all(beat is not None and datetime.fromisoformat(beat) > began for beat in beats)
