"""The libraries whose import costs seconds, imported once where tasks are forked from."""

import importlib
import os

MODULES = (
    "psycopg",
    "pandas",
    "great_expectations",
    "dbt.cli.main",
    "dbt.adapters.postgres",
    "openpyxl",
    "dbfread",
    "ingest.take_in",
    "ingest.accept",
    "ingest.readers",
    "expectations.checkpoint",
    "expectations.engine",
    "warehouse.build",
)


def import_heavy_libraries() -> None:
    """Import them all. Great Expectations must not send anything: it reads its switch when imported."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    for name in MODULES:
        importlib.import_module(name)
    importlib.import_module("expectations").warm()
