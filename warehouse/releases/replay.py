"""The figures of a release from its files alone: archived deliveries go the whole way again, in a database of their own."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from warehouse.build import code_commit
from warehouse.errors import BureauError
from warehouse.releases.recorded_code import code_of, play_night
from warehouse.releases.register import Connection, Release
from warehouse.secret_key import pseudonym_key
from warehouse.services import postgres
from warehouse.settings import Settings


@dataclass(frozen=True)
class Replayed:
    """A scratch database in which everything went the whole way again (`settings` are its), and the code that did it: its
    folder, and the commit that it is of."""

    connection: Connection
    settings: Settings
    code: Path
    commit: str | None


@contextmanager
def replayed(settings: Settings, connection: Connection, release: Release) -> Iterator[Replayed]:
    """The release's deliveries, replayed with the code that its build was made with (the present one when that is not at hand).
    The scratch database goes with the context.

    Raises BureauError("release.no_scratch") or ("release.replay_failed").
    """
    row = connection.execute(
        "select code_commit, region, series_start from ledger.build where build_id = %s", [release.build_id]
    ).fetchone()
    assert row is not None
    commit, region, series_start = row
    with _scratch(settings, release) as scratch, code_of(commit, code_commit()) as (code, used):
        _deliver(connection, settings, release, Path(scratch.inbox))
        given = scratch.model_copy(update={"region": region, "series_start": series_start})
        play_night(code, given, release.business_date)
        with psycopg.connect(postgres.conninfo(scratch, role="bureau_evaluator"), autocommit=True) as recomputed:
            yield Replayed(recomputed, given, code, used)


@contextmanager
def _scratch(settings: Settings, release: Release) -> Iterator[Settings]:
    """Settings of a throw-away home with a throw-away database on the same server."""
    name = f"bureau_verify_{release.release_id}"
    service = postgres.conninfo(settings)
    folder = Path(tempfile.mkdtemp(prefix="verify-", dir=settings.run))
    given = conninfo_to_dict(service)
    try:
        with psycopg.connect(service, autocommit=True) as connection:
            try:
                connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
                connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
            except psycopg.errors.InsufficientPrivilege as error:
                raise BureauError("release.no_scratch", reason=str(error).splitlines()[0]) from error
        try:
            yield settings.model_copy(
                update={
                    "home": folder,
                    "database_url": _url(given, name),
                    "inbox": str(folder / "inbox"),
                    "inboxes": {},
                    "pseudonym_key": _secret(pseudonym_key(settings).hex()),
                    "pseudonym_key_file": None,
                    "inbox_settle_seconds": 0.0,
                    "openlineage_url": None,
                }
            )
        finally:
            with psycopg.connect(service, autocommit=True) as connection:
                connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _deliver(connection: Connection, settings: Settings, release: Release, inbox: Path) -> None:
    """The build's deliveries from the archive, as their departments delivered them.

    A manifest says again what the ledger knows of its file: the totals were compared when it was accepted.
    """
    from ingest.archive import path_of

    rows = connection.execute(
        "select d.source, d.department, d.region, d.business_date, d.sequence, d.kind, d.file_name, d.sha256, "
        "d.rows_in_file from ledger.build_input as i inner join ledger.delivery as d on i.delivery_id = d.delivery_id "
        "where i.build_id = %s",
        [release.build_id],
    ).fetchall()
    for source, department, region, day, sequence, kind, file_name, sha256, count in rows:
        folder = inbox / department
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path_of(settings.archive, sha256), folder / file_name)
        manifest = {
            "source": source, "region": region, "business_date": day.isoformat(), "sequence": sequence, "kind": kind,
            "rows": count, "sha256": sha256, "totals": {}, "department": department,
        }  # fmt: skip
        stem = f"{source}_{region}_{day:%Y%m%d}_{sequence:02d}"
        (folder / f"{stem}.manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def _url(given: dict[str, Any], database: str) -> Any:
    from urllib.parse import quote

    login = f"{quote(str(given['user']), safe='')}:{quote(str(given.get('password', '')), safe='')}"
    return _secret(f"postgresql://{login}@{given['host']}:{given['port']}/{database}")


def _secret(text: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(text)
