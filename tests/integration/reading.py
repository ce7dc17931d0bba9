"""A database that refuses every write, and who asks it: for a test of what only reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from warehouse.services.postgres import conninfo
from warehouse.settings import Settings


@contextmanager
def only_reading(settings: Settings) -> Iterator[set[str | None]]:
    """Meanwhile no transaction in the database may write; the roles of all sessions that are opened (None: the service login)."""
    database = sql.Identifier(str(conninfo_to_dict(conninfo(settings))["dbname"]))
    change = sql.SQL("alter database {} {} default_transaction_read_only {}")
    roles: set[str | None] = set()
    connect = psycopg.connect

    def recorded(given: str, *values: Any, **named: Any) -> Any:
        role = re.search(r"role=(\w+)", str(conninfo_to_dict(given).get("options", "")))
        roles.add(role[1] if role else None)
        return connect(given, *values, **named)

    with psycopg.connect(conninfo(settings), dbname="postgres", autocommit=True) as service:
        service.execute(change.format(database, sql.SQL("set"), sql.SQL("= on")))
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(psycopg, "connect", recorded)
                yield roles
        finally:
            service.execute(change.format(database, sql.SQL("reset"), sql.SQL("")))
