"""Connections that were entered in Airflow (its pages, or `airflow connections add`).

Read where Airflow keeps them, as services, commands and triggers all can: a task's own way to them is open to the task only.
"""

import json
from typing import Any

import psycopg
from psycopg.rows import dict_row

from warehouse.services import postgres
from warehouse.settings import Settings


def kept_by_airflow(settings: Settings, name: str) -> dict[str, Any] | None:
    """`host, port, login, password, extra` of a connection; None when Airflow has none of this name, or was never started.

    Raises ValueError when it cannot be read with this home's key, and psycopg's OperationalError when the server cannot be asked:
    a connection that is there must not be called unknown.
    """
    from cryptography.fernet import Fernet, InvalidToken, MultiFernet

    try:
        with psycopg.connect(postgres.conninfo(settings, database=postgres.AIRFLOW_DATABASE), row_factory=dict_row) as connection:
            row = connection.execute(
                "select host, port, login, password, extra, is_encrypted, is_extra_encrypted from connection where conn_id = %s",
                [name],
            ).fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    except psycopg.OperationalError:
        if _has_database(settings):
            raise
        return None
    if row is None:
        return None

    def plain(column: str, is_encrypted: bool) -> str | None:
        stored: str | None = row[column]
        if not stored or not is_encrypted:
            return stored
        keys = (settings.secrets / "airflow_fernet.key").read_text().strip()
        try:
            return MultiFernet([Fernet(key.strip()) for key in keys.split(",")]).decrypt(stored.encode()).decode()
        except (InvalidToken, OSError):
            raise ValueError("not of this home's key") from None

    extra = plain("extra", row["is_extra_encrypted"])
    found = json.loads(extra) if extra else {}
    return {
        "host": row["host"],
        "port": row["port"],
        "login": row["login"],
        "password": plain("password", row["is_encrypted"]),
        "extra": found if isinstance(found, dict) else {},
    }


def _has_database(settings: Settings) -> bool:
    """Whether Airflow's database is there; raises OperationalError when the server does not answer."""
    name = psycopg.conninfo.conninfo_to_dict(postgres.conninfo(settings, database=postgres.AIRFLOW_DATABASE))["dbname"]
    with psycopg.connect(postgres.conninfo(settings)) as connection:
        return connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is not None
