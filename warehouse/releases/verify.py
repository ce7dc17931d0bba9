"""A release is proven again: every archived byte, every hash, every build's digest; then its figures from the files alone."""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from warehouse.errors import BureauError
from warehouse.releases.compare import compare, compare_loosely
from warehouse.releases.register import Connection, Release, find_release
from warehouse.releases.replay import Replayed, replayed
from warehouse.releases.stored import Finding, archive_findings, stored_findings
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Verification:
    """What was looked at and found; `recorded_commit` is the code's of the build, `used_commit` the one that recomputed."""

    release: Release
    files: int
    builds: int
    figures: int
    recomputed: int | None
    recomputed_by_second: int | None
    postings: int | None
    recorded_commit: str | None
    used_commit: str | None
    findings: tuple[Finding, ...]


def verify(
    settings: Settings, release_id: int, *, recompute: bool = True, second_engine: bool = False, say: Say = lambda _: None
) -> Verification:
    """Verify one release; with `recompute` its deliveries are replayed into a scratch database, with `second_engine` all figures
    are computed once more from there by DuckDB. Raises BureauError when there is no such release, and when no scratch database
    can be made."""
    with psycopg.connect(conninfo(settings, role="bureau_evaluator"), autocommit=True) as connection:
        release = find_release(connection, release_id)
        say("archive")
        files, findings = archive_findings(connection, settings, release)
        say("stored")
        builds, changed = stored_findings(connection, release)
        findings += changed
        figures = postings = used = by_second = None
        if recompute and not any(one.kind == "archive" for one in findings):
            say("replay")
            with replayed(settings, connection, release) as scratch:
                compared = compare(connection, release, scratch.connection)
                if second_engine:
                    say("second_engine")
                    by_second, differing = _by_second_engine(connection, release, scratch)
                    findings += differing
            figures, postings, used = compared.figures, compared.postings, scratch.commit
            findings += compared.findings
        row = connection.execute("select code_commit from ledger.build where build_id = %s", [release.build_id]).fetchone()
    return Verification(
        release, files, builds, release.figures, figures, by_second, postings, row[0] if row else None, used, tuple(findings)
    )


def _by_second_engine(connection: Connection, release: Release, scratch: Replayed) -> tuple[int | None, list[Finding]]:
    """How many figures it computed, and what differs. What it cannot compute is a finding: all others stay."""
    from warehouse.second_engine.recompute import figures, recomputed

    try:
        with (
            psycopg.connect(conninfo(scratch.settings, role="bureau_transformer"), autocommit=True) as rows,
            recomputed(rows, scratch.settings.dbt_target, scratch.code) as engine,
        ):
            return compare_loosely(connection, release, figures(engine))
    except BureauError as error:
        return None, [Finding("second_engine_failed", str(error.values["what"]))]
