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

from warehouse.build import build
from warehouse.errors import BureauError
from warehouse.night import accept, take_in
from warehouse.releases.chain import CELL
from warehouse.releases.create import lines
from warehouse.releases.register import Connection, Release
from warehouse.secret_key import pseudonym_key
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings

# What must come out again; which build wrote a figure, and P or R, are of the release alone.
_Line = tuple[bytes, tuple[str, ...]]
_COMPARED = ("value", "numerator", "denominator", "unit_count", "availability")


@dataclass(frozen=True)
class Difference:
    """A figure that does not come out again: value, numerator, denominator, units, availability as published and recomputed."""

    figure: str
    published: tuple[str, ...]
    recomputed: tuple[str, ...]


def replay(settings: Settings, connection: Connection, release: Release) -> tuple[int, list[Difference]]:
    """How many figures were recomputed, and those that differ. Raises BureauError("release.no_scratch")."""
    from ingest.spec import source_names

    with _scratch(settings, release) as scratch:
        _deliver(connection, settings, release, Path(scratch.inbox))
        prepare(scratch)
        for source in source_names():
            take_in(scratch, source, release.business_date)
            accept(scratch, source, release.business_date)
        build(scratch, release.business_date)
        with psycopg.connect(postgres.conninfo(scratch, role="bureau_evaluator"), autocommit=True) as recomputed:
            published = _figures(connection, f"release.figure where release_id = {release.release_id}")
            return _compare(published, _figures(recomputed, "mart.indicator_values"))


def _compare(published: Iterator[_Line], recomputed: Iterator[_Line]) -> tuple[int, list[Difference]]:
    """Two lists in the order of their cells, side by side: neither is held whole."""
    missing, count, differences = ("-",) * len(_COMPARED), 0, []
    one, other = next(published, None), next(recomputed, None)
    while one is not None or other is not None:
        cell = min(line[0] for line in (one, other) if line is not None)
        said, found = missing, missing
        if one is not None and one[0] == cell:
            said, one = one[1], next(published, None)
        if other is not None and other[0] == cell:
            found, other, count = other[1], next(recomputed, None), count + 1
        if said != found:
            differences.append(Difference(cell.decode().replace("\t", " "), said, found))
    return count, differences


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
                    "inbox_settle_seconds": 0.0,
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


def _figures(connection: Connection, place: str) -> Iterator[_Line]:
    """Cell and compared columns of each figure, in the order of the cells' bytes."""
    cell = " || chr(9) || ".join(CELL)
    compared = ", ".join(name if name == "availability" else f"trim_scale({name}::numeric)" for name in _COMPARED)
    for line in lines(connection, f'select {", ".join(CELL)}, {compared} from {place} order by ({cell}) collate "C"'):
        parts = line.split(b"\t")
        yield b"\t".join(parts[: len(CELL)]), tuple(part.decode() for part in parts[len(CELL) :])


def _url(given: dict[str, Any], database: str) -> Any:
    from urllib.parse import quote

    login = f"{quote(str(given['user']), safe='')}:{quote(str(given.get('password', '')), safe='')}"
    return _secret(f"postgresql://{login}@{given['host']}:{given['port']}/{database}")


def _secret(text: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(text)
