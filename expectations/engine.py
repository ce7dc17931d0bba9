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
def data_source(conninfo: str, name: str) -> Iterator[Any]:
    """A data source for a run of checks, over one connection. That, and the login's password, live no longer than it."""
    sources = context().data_sources
    kwargs = {"pool_size": 1, "isolation_level": "AUTOCOMMIT"}  # it only reads: no transaction to begin and roll back
    source = sources.add_or_update_postgres(name, connection_string=_url(conninfo), kwargs=kwargs)
    source.get_engine().dispose()  # the engine's test of the connection has a pool of its own
    try:
        yield source
    finally:
        engine = source.get_execution_engine()
        engine.close()
        engine.engine.dispose()
        sources.delete(name)


@contextmanager
def batch_definition(source: Any, schema: str, table: str) -> Iterator[Any]:
    """The whole of one table as a batch definition of the data source.

    `add_table_asset` would save the context's configuration as YAML at every step, test the connection over another one, and
    keep each table of the run.
    """
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.datasource.fluent.sql_datasource import TableAsset

    asset = TableAsset(name=table, type="table", table_name=table, schema_name=schema)
    asset._datasource = source
    source.assets.append(asset)
    try:
        batch = BatchDefinition(name=table, partitioner=None)
        batch.set_data_asset(asset)
        yield batch
    finally:
        source.assets.remove(asset)


def _url(conninfo: str) -> str:
    """The libpq connection string as an SQLAlchemy URL; what has no place of its own in one goes into the query."""
    known = {key: str(value) for key, value in conninfo_to_dict(conninfo).items() if value is not None}
    place = {name: quote(known.pop(name, ""), safe="") for name in ("user", "password", "host", "port", "dbname")}
    login = f"{place['user']}:{place['password']}" if place["password"] else place["user"]
    rest = "&".join(f"{name}={quote(value, safe='')}" for name, value in known.items())
    return f"postgresql+psycopg://{login}@{place['host']}:{place['port'] or 5432}/{place['dbname']}?{rest}"
