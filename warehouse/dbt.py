"""Running dbt in this process, with everything it writes kept in the home."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from warehouse.errors import BureauError
from warehouse.services.postgres import conninfo
from warehouse.settings import PROJECT, Settings

DBT_PROJECT = PROJECT / "dbt_project"


def run_dbt(settings: Settings, arguments: Sequence[str], *, schema_prefix: str = "") -> None:
    """Run one dbt command, for example `["build"]`. `schema_prefix` goes before the names of the schemas that dbt fills.

    Raises BureauError("dbt.failed") with the names of the nodes that failed; dbt's log is in <home>/logs/dbt.
    """
    from dbt.cli.main import dbtRunner

    places = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    target = settings.dbt_target / schema_prefix if schema_prefix else settings.dbt_target
    places += ["--target-path", str(target), "--log-path", str(settings.logs / "dbt")]
    quiet = ["--quiet", "--no-use-colors", "--log-level", "none", "--log-level-file", "info", "--no-version-check"]
    with _environment(settings, schema_prefix):
        result = dbtRunner().invoke([*arguments, *places, *quiet])
    if result.success:
        return
    failed = [node for node in getattr(result.result, "results", None) or [] if node.status in ("error", "fail")]
    reason = "; ".join(f"{node.node.name}: {(node.message or '').splitlines()[0] if node.message else ''}" for node in failed)
    raise BureauError("dbt.failed", reason=reason or str(result.exception), log=str(settings.logs / "dbt" / "dbt.log"))


def project_hash() -> str:
    """sha256 over dbt's project and the specs behind its sources: tells whether views and seeds must be made again."""
    digest = hashlib.sha256()
    for path in sorted(p for p in DBT_PROJECT.rglob("*") if p.suffix in {".sql", ".yml", ".csv"}):
        digest.update(str(path.relative_to(DBT_PROJECT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@contextmanager
def _environment(settings: Settings, schema_prefix: str) -> Iterator[None]:
    """What the project and profiles.yml read, for the time of one run."""
    given = conninfo_to_dict(conninfo(settings))
    wanted = {
        "BUREAU_PG_HOST": str(given.get("host", "localhost")),
        "BUREAU_PG_PORT": str(given.get("port", "5432")),
        "BUREAU_PG_USER": str(given.get("user", "")),
        "BUREAU_PG_PASSWORD": str(given.get("password", "")),
        "BUREAU_PG_DATABASE": str(given["dbname"]),
        "BUREAU_PG_SSLMODE": str(given.get("sslmode", "prefer")),
        "BUREAU_SCHEMA_PREFIX": schema_prefix,
        "DO_NOT_TRACK": "1",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def compiled_marker(settings: Settings) -> Path:
    """Where the hash of the project that the database was made with is kept."""
    return settings.dbt_target / "applied"
