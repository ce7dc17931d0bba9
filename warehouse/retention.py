"""The retention rule: archived files that nothing needs any longer go after a time, and the ledger says who took them out."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg

from warehouse.errors import BureauError
from warehouse.services import postgres
from warehouse.settings import Settings
from warehouse.who import Asker, asker

if TYPE_CHECKING:
    from ingest.retention import Candidate

_GIVEN_UP = frozenset({"build", "rows"})


@dataclass(frozen=True)
class Pruned:
    """What went (or, on a dry run, would go) and what is as old and stays."""

    removed: "tuple[Candidate, ...]"
    kept: "tuple[Candidate, ...]"


def prune(settings: Settings, dry_run: bool = False, even_needed: bool = False) -> Pruned:
    """Remove what is older than `archive_keep_days` and needed by nothing. `even_needed`: also what builds and standing rows
    need; never what an open quarantine row or an unfinished delivery does.

    Raises BureauError when no rule is set, and when a night or a build is at work.
    """
    from ingest.retention import candidates, remove
    from ingest.spec import all_specs
    from warehouse.rekey import alone

    if settings.archive_keep_days is None:
        raise BureauError("archive.no_rule")
    who, reason = asker(), f"archive_keep_days = {settings.archive_keep_days}" + (", --even-needed" if even_needed else "")
    with (
        psycopg.connect(postgres.conninfo(settings)) as locks,
        psycopg.connect(postgres.conninfo(settings, role="bureau_steward"), autocommit=True) as connection,
    ):
        alone(locks, settings)
        keep = timedelta(days=settings.archive_keep_days)
        old = candidates(connection, settings.archive, list(all_specs().values()), keep)
        going = [one for one in old if not set(one.needed_by) - (_GIVEN_UP if even_needed else frozenset())]
        for one in going if not dry_run else ():
            _write_down(connection, who, reason, one)  # committed before the file goes: it never goes without a word
            remove(settings.archive, one.sha256)
    return Pruned(tuple(going), tuple(one for one in old if one not in going))


def removed(settings: Settings) -> set[str]:
    """The sha256 of files that were removed and have not been delivered again since."""
    with psycopg.connect(postgres.conninfo(settings, role="bureau_steward")) as connection:
        rows = connection.execute(
            "select distinct r.sha256 from ledger.archive_removal as r where not exists ("
            "select 1 from ledger.delivery as d where d.sha256 = r.sha256 and d.received_at > r.removed_at)"
        ).fetchall()
    return {row[0] for row in rows}


def _write_down(connection: psycopg.Connection[Any], who: Asker, reason: str, one: "Candidate") -> None:
    connection.execute(
        "insert into ledger.archive_removal (login, session_login, reason, sha256, size, needed_by) "
        "values (%s, %s, %s, %s, %s, %s)",
        [who.login, who.session_login, reason, one.sha256, one.size, list(one.needed_by)],
    )
