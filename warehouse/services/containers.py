"""The product as containers: one that prepares, and one for each of Airflow's services, in the foreground.

They share the home (a volume) and a PostgreSQL of their own. The environment and the commands of the services are those
of `airflow.py`; here is only who waits for whom.
"""

import os
import socket
import time
from typing import NoReturn

import httpx
import psycopg

from warehouse.errors import BureauError
from warehouse.migrate import pending
from warehouse.secret_key import check_fingerprint
from warehouse.services import airflow, postgres, session
from warehouse.services import airflow_environment as config
from warehouse.settings import Settings

_WAIT_SECONDS = 300.0
_HEARTBEAT_SECONDS = 30.0


def prepare(settings: Settings) -> None:
    """Wait for the server, then have all that the services need: databases, roles, schemas, the right key, Airflow's metadata.

    Raises BureauError when the server does not come or the key is missing or not the database's.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    while not postgres.is_running(settings):
        if time.monotonic() > deadline:
            raise BureauError("containers.no_database", seconds=int(_WAIT_SECONDS))
        time.sleep(1)
    session.prepare(settings)
    airflow.prepare(settings)


def run(settings: Settings, service: str) -> NoReturn:
    """Become one of Airflow's services once everything is prepared.

    Not every engine heeds `depends_on`, so the service waits by itself too. Raises BureauError when that takes too long or
    the key is not the database's.
    """
    _wait_until_prepared(settings)
    check_fingerprint(settings)
    airflow.bury(settings, [service])  # one of each there is: a heartbeat that is still fresh is a dead container's
    environment = config.environment(settings)
    command = airflow.command(settings, service)
    os.chdir(config.airflow_home(settings))
    os.execve(command[0], command, environment)


def is_healthy(settings: Settings, service: str) -> bool:
    """Whether this container's service is well: the API answers, the others have just sent a heartbeat."""
    if service == "api-server":
        try:
            url = f"http://127.0.0.1:{config.port(settings)}/api/v2/monitor/health"
            return httpx.get(url, timeout=5, trust_env=False).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False
    try:
        return airflow.beats(settings, service, socket.gethostname(), _HEARTBEAT_SECONDS)
    except psycopg.Error:
        return False


def _wait_until_prepared(settings: Settings) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not is_prepared(settings):
        if time.monotonic() > deadline:
            raise BureauError("containers.not_prepared", seconds=int(_WAIT_SECONDS))
        time.sleep(1)


def is_prepared(settings: Settings) -> bool:
    """Whether `prepare` has done everything for this version."""
    try:
        return not pending(settings) and airflow.is_prepared(settings)
    except psycopg.OperationalError:
        return False
