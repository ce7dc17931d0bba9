"""The engine's context: ephemeral, one a process, telling nobody anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict


@cache
def context() -> Any:
    """The process's context (making one takes longer than checking a delivery). Imports the engine at the first call."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when the engine is imported
    os.environ["TQDM_DISABLE"] = "1"
    import great_expectations as gx

    import expectations.suite  # noqa: F401  # registers the house's expectations

    made = gx.get_context(mode="ephemeral")
    made.variables.progress_bars = {"globally": False}
    return made


@contextmanager
def batch_definition(conninfo: str, schema: str, table: str) -> Iterator[Any]:
    """The whole of one table as the engine's batch definition. Its connection and the login's password live no longer than it."""
    from sqlalchemy.pool import NullPool  # the engine makes several pools and closes none

    sources = context().data_sources
    name = f"{schema}.{table}"
    source = sources.add_or_update_postgres(name, connection_string=_url(conninfo), kwargs={"poolclass": NullPool})
    try:
        asset = source.add_table_asset(name=table, table_name=table, schema_name=schema)
        yield asset.add_batch_definition_whole_table(table)
    finally:
        engine = source.get_execution_engine()
        engine.close()
        engine.engine.dispose()
        sources.delete(name)


def _url(conninfo: str) -> str:
    """The libpq connection string as an SQLAlchemy URL; what has no place of its own in one goes into the query."""
    known = {key: str(value) for key, value in conninfo_to_dict(conninfo).items() if value is not None}
    place = {name: quote(known.pop(name, ""), safe="") for name in ("user", "password", "host", "port", "dbname")}
    login = f"{place['user']}:{place['password']}" if place["password"] else place["user"]
    rest = "&".join(f"{name}={quote(value, safe='')}" for name, value in known.items())
    return f"postgresql+psycopg://{login}@{place['host']}:{place['port'] or 5432}/{place['dbname']}?{rest}"
