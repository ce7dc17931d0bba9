"""Which archived files the retention rule lets go, what still needs them, and their removal: written down before it happens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from psycopg import sql

from ingest.archive import path_of
from ingest.ddl import Conn
from ingest.spec import SourceSpec


@dataclass(frozen=True)
class Candidate:
    """A file of the archive that is older than the rule keeps files; received_at is when its bytes last came.

    needed_by  `build` (an input of one: figures are traced to it and releases proved by it), `rows` (its rows stand in the
               warehouse: another key is worked out from it), `quarantine` (a row waits for its correction), `open` (it is not
               through). Empty: nothing needs it.
    """

    sha256: str
    file_names: tuple[str, ...]
    size: int
    received_at: datetime
    needed_by: tuple[str, ...]


def candidates(connection: Conn, archive: Path, specs: list[SourceSpec], keep: timedelta) -> list[Candidate]:
    """Files that the archive has and whose bytes last came longer ago than `keep`, the oldest first."""
    waiting = sql.SQL(" union all ").join(
        sql.SQL("select delivery_id from {} where settled_by is null").format(sql.Identifier("quarantine", spec.name))
        for spec in specs
        if connection.execute("select to_regclass(%s)", [f"quarantine.{spec.name}"]).fetchone() != (None,)
    )
    rows = connection.execute(
        sql.SQL(
            "with waiting as ({}) select d.sha256, array_agg(distinct d.file_name order by d.file_name), max(d.received_at), "
            "bool_or(exists (select 1 from ledger.build_input as i where i.delivery_id = d.delivery_id)), "
            "bool_or(d.delivery_id in (select delivery_id from waiting)), "
            "bool_or(d.status in ('waiting', 'incomplete', 'loading')), bool_or(d.status in ('accepted', 'replaced')) "
            "from ledger.delivery as d where d.sha256 is not null group by d.sha256 "
            "having max(d.received_at) < clock_timestamp() - %s order by 3, 1"
        ).format(waiting if waiting.as_string(connection) else sql.SQL("select null::integer as delivery_id")),
        [keep],
    ).fetchall()
    found = []
    for sha256, names, received_at, build, quarantine, is_open, has_rows in rows:
        path = path_of(archive, sha256)
        if path.exists():
            reasons = (("build", build), ("rows", has_rows), ("quarantine", quarantine), ("open", is_open))
            needed_by = tuple(name for name, holds in reasons if holds)
            found.append(Candidate(sha256, tuple(names), path.stat().st_size, received_at, needed_by))
    return found


def remove(archive: Path, sha256: str) -> None:
    """Take a file out of the archive."""
    path_of(archive, sha256).unlink(missing_ok=True)
