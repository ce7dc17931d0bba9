"""A release is proven again: every archived byte, every hash, every build's digest; then its figures from the files alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg

from warehouse.build import build_digest, code_commit
from warehouse.releases.chain import START, columns, link, named
from warehouse.releases.create import inputs_digest, lines
from warehouse.releases.register import Connection, Release, find_release
from warehouse.releases.replay import Difference, replay
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was: `kind` (archive, inputs, build, figure, head, previous, recomputed) and what it is."""

    kind: str
    what: str


@dataclass(frozen=True)
class Verification:
    """What was looked at and found; `recorded_commit` is the code's of the build, `present_commit` the one that recomputed."""

    release: Release
    files: int
    builds: int
    figures: int
    recomputed: int | None
    recorded_commit: str | None
    present_commit: str | None
    findings: tuple[Finding, ...]


def verify(settings: Settings, release_id: int, *, recompute: bool = True, say: Say = lambda _: None) -> Verification:
    """Verify one release; with `recompute` its deliveries are replayed into a scratch database. Raises BureauError when there is
    no such release, and when no scratch database can be made."""
    with psycopg.connect(conninfo(settings, role="bureau_evaluator"), autocommit=True) as connection:
        release = find_release(connection, release_id)
        say("archive")
        files, findings = _archive(connection, settings, release)
        if inputs_digest(connection, release.build_id) != release.inputs_digest:
            findings.append(Finding("inputs", f"build {release.build_id}"))
        say("builds")
        builds, broken = _builds(connection, release.build_id)
        findings += broken
        say("figures")
        findings += _chain(connection, release)
        recomputed = None
        if recompute and not any(one.kind == "archive" for one in findings):
            say("replay")
            recomputed, differences = replay(settings, connection, release)
            findings += [Finding("recomputed", _told(one)) for one in differences]
        row = connection.execute("select code_commit from ledger.build where build_id = %s", [release.build_id]).fetchone()
    return Verification(
        release, files, builds, release.figures, recomputed, row[0] if row else None, code_commit(), tuple(findings)
    )


def _archive(connection: Connection, settings: Settings, release: Release) -> tuple[int, list[Finding]]:
    from ingest.archive_check import verify as check

    rows = connection.execute(
        "select d.sha256, string_agg(d.file_name, ', ' order by d.file_name) from ledger.build_input as i "
        "inner join ledger.delivery as d on i.delivery_id = d.delivery_id where i.build_id = %s group by d.sha256",
        [release.build_id],
    ).fetchall()
    names = {str(sha256): str(files) for sha256, files in rows}
    wrong = [one for one in check(settings.archive, names) if one.kind in ("missing", "changed", "unreadable")]
    return len(names), [Finding("archive", f"{names[one.name]} ({one.name[:12]}…): {one.kind}") for one in wrong]


def _builds(connection: Connection, build_id: int) -> tuple[int, list[Finding]]:
    """Every published build up to this one: its own digest, and that it names the one before it."""
    rows = connection.execute(
        "select build_id, digest, digest_method, previous_digest, lag(digest) over (order by build_id) from ledger.build "
        "where status = 'published' and build_id <= %s order by build_id",
        [build_id],
    ).fetchall()
    found = []
    for number, digest, method, previous, before in rows:
        if previous != before:
            found.append(Finding("build", f"build {number} does not follow the one before it"))
        if build_digest(connection, number, method) != digest:
            found.append(Finding("build", f"build {number}: its postings, inputs or figures are not those that were published"))
    return len(rows), found


def _chain(connection: Connection, release: Release) -> Iterator[Finding]:
    """Each figure against its hash, the last hash against the head, the head before against the release before."""
    before, count = START, 0
    statement = (
        f"select {columns('f')}, f.hash from release.figure as f where f.release_id = {release.release_id} order by f.number"
    )
    for both in lines(connection, statement):
        line, _, hash_ = both.rpartition(b"\t")
        count += 1
        if link(before, line) != hash_.decode():
            yield Finding("figure", named(line))
        before = hash_.decode()
    if before != release.head or count != release.figures:
        yield Finding("head", f"release {release.release_id}: {count} of {release.figures} figures")
    if release.previous_release is not None:
        row = connection.execute("select head from release.release where release_id = %s", [release.previous_release]).fetchone()
        if row is None or row[0] != release.previous_head:
            yield Finding("previous", f"release {release.previous_release}")


def _told(difference: Difference) -> str:
    pairs = zip(difference.published, difference.recomputed, strict=True)
    return f"{difference.figure}: " + ", ".join(f"{one} ≠ {other}" for one, other in pairs if one != other)
