"""What stands in the archive and the database of a release, held against its hashes: whatever changed is named."""

from collections.abc import Iterator
from dataclasses import dataclass

from warehouse.build_digest import ACCOUNT, DIGEST_METHOD, DIGEST_METHODS, Part, account_parts, build_digest, sealed_parts
from warehouse.figure import CELL, COLUMNS
from warehouse.releases.chain import columns, lines, link, named
from warehouse.releases.create import inputs_digest
from warehouse.releases.register import Connection, Release
from warehouse.releases.seal import KINDS_SINCE, Seal, decision_seal, kept_seals, seals, start_of
from warehouse.settings import Settings


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was: `kind` names it in warehouse/texts/release.yml (`release.finding.<kind>`), `what` says
    which: a file, a delivery, a build and its part, a cell."""

    kind: str
    what: str


def archive_findings(connection: Connection, settings: Settings, release: Release) -> tuple[int, list[Finding]]:
    """How many archived files were hashed, and those that are not what they were."""
    from ingest.archive_check import verify as check

    rows = connection.execute(
        "select d.sha256, string_agg(d.file_name, ', ' order by d.file_name) from ledger.build_input as i "
        "inner join ledger.delivery as d on i.delivery_id = d.delivery_id where i.build_id = %s group by d.sha256",
        [release.build_id],
    ).fetchall()
    names = {str(sha256): str(files) for sha256, files in rows}
    wrong = [one for one in check(settings.archive, names) if one.kind in ("missing", "changed", "unreadable")]
    return len(names), [Finding("archive", f"{names[one.name]} ({one.name[:12]}…): {one.kind}") for one in wrong]


def seal_findings(connection: Connection, release: Release) -> Iterator[Finding]:
    """The release's row, its decision, the deliveries with their checks, the builds with
    their formulas and guards, each against its seal."""
    if inputs_digest(connection, release.build_id) != release.inputs_digest:
        yield Finding("inputs", f"build {release.build_id}")
    kept = kept_seals(connection, release.release_id)
    kinds = {one.kind for one in kept} | _kinds_of_the_time(connection, release)
    if kinds:
        now = [one for one in seals(connection, "release.release", release.release_id, release.build_id) if one.kind in kinds]
        for kind, number in sorted({(one.kind, one.number) for one in {*kept} ^ {*now}}):
            yield Finding(f"seal_{kind}", _named(connection, Seal(kind, number, "")))
    row = connection.execute(
        f"select d.seal is not distinct from {decision_seal('r.head')}, d.seal is null from release.decision as d "
        "inner join release.release as r on d.release_id = r.release_id where d.release_id = %s".encode(),
        [release.release_id],
    ).fetchone()
    if _lost_its_decision(connection, release.release_id) if row is None else not row[0] and (kept or not row[1]):
        yield Finding("decision", f"release {release.release_id}")


def _kinds_of_the_time(connection: Connection, release: Release) -> set[str]:
    """What a release was sealed with when it was made; one of before there were seals has none."""
    row = connection.execute(
        "select coalesce(max(number), 0) from ledger.migration where applied_at <= %s", [release.created_at]
    ).fetchone()
    return {kind for kind, since in KINDS_SINCE.items() if row is not None and row[0] >= since}


def _lost_its_decision(connection: Connection, release_id: int) -> bool:
    """Whether a release without a decision had one: another names it as the approved one before, or a decision is sealed for it
    that stands under another number."""
    row = connection.execute(
        "select exists (select from release.release as n where n.previous_release = r.release_id) "
        f"or exists (select from release.decision as d where d.seal = {decision_seal('r.head', 'r.release_id')}) "
        "from release.release as r where r.release_id = %s".encode(),
        [release_id],
    ).fetchone()
    return row is not None and bool(row[0])


def _named(connection: Connection, seal: Seal) -> str:
    if seal.kind == "release":
        return f"release {seal.number}"
    if seal.kind in ("build", "formulas", "guard", "towns"):
        return f"build {seal.number}"
    row = connection.execute("select file_name from ledger.delivery where delivery_id = %s", [seal.number]).fetchone()
    return f"delivery {seal.number}" + (f" ({row[0]})" if row else "")


def build_findings(connection: Connection, build_id: int) -> tuple[int, list[Finding]]:
    """Every published build up to this one: its own digest, by part, and that it names the one before it."""
    rows = connection.execute(
        "select build_id, digest, digest_method, previous_digest, lag(digest) over (order by build_id) from ledger.build "
        "where status = 'published' and build_id <= %s order by build_id",
        [build_id],
    ).fetchall()
    found = []
    for number, digest, method, previous, before in rows:
        if previous != before:
            found.append(Finding("build_order", f"build {number}"))
        if (method or 1) not in DIGEST_METHODS:
            found.append(Finding("build", f"build {number}"))
            continue
        now = build_digest(connection, number, method or 1)
        kept = sealed_parts(connection, number)
        # the parts were sealed by the present method; before it there were no seals
        changed = _changed(kept, now.parts) if kept and method == DIGEST_METHOD else []
        found += [Finding("build_part", f"build {number}: {name}") for name in changed]
        if now.whole != digest and not changed:
            found.append(Finding("build", f"build {number}"))
    return len(rows), found


def _changed(kept: dict[str, Part], now: dict[str, Part]) -> list[str]:
    return sorted(name for name in kept.keys() | now.keys() if kept.get(name) != now.get(name) and not name.startswith(ACCOUNT))


def chain_findings(connection: Connection, release: Release) -> Iterator[Finding]:
    """Each figure against its hash and number, the last hash against the head, the head before against the release before."""
    before, count = start_of(kept_seals(connection, release.release_id)), 0
    frozen = f"from release.figure as f where f.release_id = {release.release_id} order by f.number"
    for both in lines(connection, f"select {columns('f')}, f.number, f.hash {frozen}"):
        rest, _, hash_ = both.rpartition(b"\t")
        line, _, number = rest.rpartition(b"\t")
        count += 1
        if link(before, line) != hash_.decode() or int(number) != count:
            yield Finding("figure", named(line))
        before = hash_.decode()
    if before != release.head or count != release.figures:
        yield Finding("head", f"release {release.release_id}: {count} / {release.figures}")
    if release.previous_release is not None:
        row = connection.execute("select head from release.release where release_id = %s", [release.previous_release]).fetchone()
        if row is None or row[0] != release.previous_head:
            yield Finding("previous", f"release {release.previous_release}")


def shown_findings(connection: Connection, release: Release) -> Iterator[Finding]:
    """The build's figures against the frozen ones; and what people see now against what the newest build said."""
    compared = [name for name in COLUMNS if name not in (*CELL, "build_id")]
    frozen = f"(select * from release.figure where release_id = {release.release_id})"
    # R is the release's own word
    builds = [row[0] for row in connection.execute("select build_id from ledger.build where status = 'published'")]
    before = [build for build in builds if build <= release.build_id]
    for cell in _apart(connection, frozen, before, [name for name in compared if name != "status"]):
        yield Finding("evidence", cell)
    for cell in _apart(connection, "evidence.indicator_value_current", builds, compared):
        yield Finding("shown", cell)


def _apart(connection: Connection, place: str, builds: list[int], compared: list[str]) -> list[str]:
    """Cells of `place` that are not as the newest of these builds says, and those that only one side has.

    Joined by equality alone: that hashes, where an order of texts would take ten times as long.
    """
    same = " and ".join(f"f.{name} = v.{name}" for name in CELL)
    one, other = (", ".join(f"{side}.{name}" for name in compared) for side in ("f", "v"))
    rows = connection.execute(
        f"""
        with said as not materialized (
            select v.* from evidence.indicator_value as v
            where
                v.build_id = any(%(builds)s)
                and coalesce(v.geography = any((select ledger.geographies_as_of(%(newest)s))::text []), true)
        )
        select concat_ws(' ', {", ".join(f"v.{name}" for name in CELL)}) as cell
        from said as v left join {place} as f on {same}
        where f.indicator is null or v.build_id > f.build_id
        union
        select concat_ws(' ', {", ".join(f"f.{name}" for name in CELL)})
        from {place} as f left join said as v on {same} and f.build_id = v.build_id
        where v.indicator is null or ({one}) is distinct from ({other})
        order by cell
        """.encode(),
        {"builds": builds, "newest": max(builds)},
    ).fetchall()
    return [row[0] for row in rows]


def account_findings(connection: Connection) -> Iterator[Finding]:
    """Which accounts are posted in full, against what the newest build left. While a build runs they may be ahead of it."""
    row = connection.execute(
        "select max(build_id) filter (where status = 'published'), bool_or(status = 'running') from ledger.build"
    ).fetchone()
    if row is None or row[0] is None or row[1]:
        return
    kept = sealed_parts(connection, row[0])
    accounts = {name: part for name, part in kept.items() if name.startswith(ACCOUNT)}
    now = account_parts(connection)
    for name in sorted(accounts.keys() | now.keys()) if kept else ():
        if accounts.get(name) != now.get(name):
            yield Finding("account", f"build {row[0]}: {name}")


def stored_findings(connection: Connection, release: Release) -> tuple[int, list[Finding]]:
    """How many builds were looked at, and everything in the database that is not what it was."""
    builds, found = build_findings(connection, release.build_id)
    return builds, [
        *seal_findings(connection, release),
        *found,
        *chain_findings(connection, release),
        *shown_findings(connection, release),
        *account_findings(connection),
    ]
