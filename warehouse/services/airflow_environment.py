"""The environment that Airflow's services (and its command line) run with: all of Airflow's configuration is here."""

import base64
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from warehouse.files import write_whole
from warehouse.services import postgres
from warehouse.services.ports import free_port, port_is_free
from warehouse.settings import PROJECT, Settings, make_folders

USER = "admin"
LOCAL_SETTINGS = Path(__file__).parent / "airflow_config"
_HANDED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER", "LOGNAME", "SSL_CERT_FILE", "SSL_CERT_DIR")
_WORKERS = 4  # two heavy tasks, the build, and one that only looks and defers


def airflow_home(settings: Settings) -> Path:
    """Folder of Airflow's own files: configuration, task logs, passwords."""
    return settings.home / "airflow"


def password_file(settings: Settings) -> Path:
    """The password of the user `admin` as JSON, mode 0600: where Airflow reads it."""
    return settings.secrets / "airflow_passwords.json"


def password(settings: Settings) -> str:
    """The password of the user `admin`: the setting, or one that is made when there is none yet."""
    path = password_file(settings)
    kept = str(json.loads(path.read_text())[USER]) if path.exists() else None
    wanted = kept or secrets.token_urlsafe(18)
    if settings.airflow_password is not None:
        wanted = settings.airflow_password.get_secret_value()
    if wanted != kept:
        make_folders(settings)
        write_whole(path, json.dumps({USER: wanted}) + "\n", 0o600)
    return wanted


def port(settings: Settings) -> int:
    """The API's port: the setting, or the one this home had last time, or (None so far) a free one, kept for next time."""
    kept = settings.run / "airflow.port"
    if settings.airflow_port is not None:
        return settings.airflow_port
    if kept.exists():
        return int(kept.read_text())
    return choose_port(settings)


def choose_port(settings: Settings) -> int:
    """Keep the home's port when it is free, else take a free one. Only for when the api-server does not run."""
    if settings.airflow_port is not None:
        return settings.airflow_port
    kept = settings.run / "airflow.port"
    before = int(kept.read_text()) if kept.exists() else None
    chosen = before if before is not None and port_is_free(before) else free_port()
    if chosen != before:
        write_whole(kept, f"{chosen}\n")
    return chosen


def url(settings: Settings) -> str:
    """Where commands and tasks reach Airflow."""
    return settings.airflow_url or f"http://127.0.0.1:{port(settings)}"


def listen_address(settings: Settings) -> str:
    """Loopback only, except where the other services reach the API through a network of their own."""
    return "127.0.0.1" if settings.airflow_url is None else "0.0.0.0"


def environment(settings: Settings) -> dict[str, str]:
    """The whole environment of an Airflow process. PostgreSQL must have been started (its port is part of it)."""
    password(settings)
    kept = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    return {**kept, **_surroundings(settings), **_configuration(settings)}


def _surroundings(settings: Settings) -> dict[str, str]:
    """What is not Airflow's configuration: where the code is, the product's settings, and quiet libraries."""
    direct = f"127.0.0.1,localhost,{urlsplit(url(settings)).hostname}"
    bureau = {name: value for name, value in os.environ.items() if name.startswith(("BUREAU_", "AIRFLOW_CONN_"))}
    return {
        **bureau,
        "BUREAU_HOME": str(settings.home),
        "BUREAU_INBOX": settings.inbox,
        "BUREAU_SCHEDULE": settings.schedule,
        "BUREAU_LANG": settings.lang,
        "PYTHONPATH": os.pathsep.join([str(PROJECT), str(LOCAL_SETTINGS)]),
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": direct,
        "no_proxy": direct,
        # A library's threads do not survive the fork of a task.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "GX_ANALYTICS_ENABLED": "false",
        "TQDM_DISABLE": "1",
        "DO_NOT_TRACK": "1",
    }


def _configuration(settings: Settings) -> dict[str, str]:
    """Airflow's settings that are not its defaults, each as AIRFLOW__<SECTION>__<NAME>."""
    base = url(settings)
    sections: dict[str, dict[str, object]] = {
        "core": {
            "dags_folder": PROJECT / "dags",
            "plugins_folder": airflow_home(settings) / "plugins",
            "default_timezone": settings.timezone,
            "executor": "LocalExecutor",
            "mp_start_method": "fork",  # tasks find their libraries imported (airflow_local_settings.py)
            "parallelism": _WORKERS,
            "load_examples": False,
            "dags_are_paused_at_creation": False,
            "execution_api_server_url": f"{base}/execution/",
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": password_file(settings),
            "fernet_key": _secret(settings, "airflow_fernet.key", lambda: base64.urlsafe_b64encode(os.urandom(32)).decode()),
            "killed_task_cleanup_time": 5,
            "hostname_callable": "socket.gethostname",  # never asks a name server
        },
        "api": {
            "host": listen_address(settings),
            "port": port(settings),
            # Browsers come by another address than the services: then links are relative.
            **({"base_url": base} if settings.airflow_url is None else {}),
            "workers": 1,
            "expose_config": False,
            "secret_key": _secret(settings, "airflow_api.key", lambda: secrets.token_hex(32)),
        },
        "api_auth": {"jwt_secret": _secret(settings, "airflow_jwt.key", lambda: secrets.token_hex(64))},
        "database": {
            "sql_alchemy_conn": postgres.sqlalchemy_url(settings, database="airflow", driver="psycopg2"),
            "sql_alchemy_conn_async": postgres.sqlalchemy_url(settings, database="airflow", driver="asyncpg"),
        },
        "scheduler": {
            "scheduler_idle_sleep_time": 0.2,  # a look costs 15 ms of CPU
            "scheduler_health_check_threshold": 20,
            "orphaned_tasks_check_interval": 20,
            "task_instance_heartbeat_timeout": 60,
        },
        # DAG files change with the product only; a changed one is noticed at the next refresh.
        "dag_processor": {"refresh_interval": 60, "min_file_process_interval": 600, "parsing_processes": 1},
        # On a busy machine the API answers late; giving up early only makes it busier.
        "workers": {
            "execution_api_timeout": 30,
            # A task outlives the seconds until a killed api-server is there again.
            "execution_api_retries": 14,
            "execution_api_retry_wait_max": 5,
        },
        "logging": {
            "base_log_folder": airflow_home(settings) / "logs",
            "dag_processor_child_process_log_directory": airflow_home(settings) / "logs" / "dag_processor",
            "colored_console_log": False,
            # Logs can hold what a department sent wrongly: only for the owner.
            "file_task_handler_new_folder_permissions": "0o700",
            "file_task_handler_new_file_permissions": "0o600",
        },
        "usage_data_collection": {"enabled": False},
    }
    values = {f"AIRFLOW__{s.upper()}__{n.upper()}": str(v) for s, names in sections.items() for n, v in names.items()}
    return {"AIRFLOW_HOME": str(airflow_home(settings)), **values}


def _secret(settings: Settings, name: str, make: Callable[[], str]) -> str:
    """A generated secret of this home, mode 0600."""
    path = settings.secrets / name
    if not path.exists():
        write_whole(path, make() + "\n", 0o600)
    return path.read_text().strip()
