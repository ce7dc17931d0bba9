"""What a build's digest is over, and the digests of its parts: by them a change is named."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

import psycopg

from warehouse import figure

Connection = psycopg.Connection[Any]

CELL, FIGURE = ", ".join(figure.CELL), ", ".join(figure.COLUMNS)
_POSTING = (  # by name: a column that comes later is no part of what an earlier build said
    "account, effective_date, until_date, period_grain, geography, geo_scope, applies_to, sector, industry, founder_groups, sex, "
    "birth_year, psu, unit_type, unit_id, weight, source_rows, caused_by"
)
_LINE = f"row({_POSTING})::text"
_HASHES = f"select sha256(convert_to({_LINE}, 'UTF8')) as hash from evidence.posting where build_id = {{0}}"
_POSTINGS = {
    1: f'select {_POSTING} from evidence.posting where build_id = {{0}} order by {_LINE} collate "C"',
    2: f"{_HASHES} order by hash",
}
_OF_ACCOUNT = f"{_HASHES} and account = '{{1}}' order by hash"
DIGEST_METHOD = 3
"""1 reads every posting's line in the order of the lines; 2 reads the sha256 of each line, in the order of these: the server
makes and sorts them on all its cores, and one for another changes the digest as the line itself does; 3 reads these account by
account, and goes over the accounts' digests."""
DIGEST_METHODS = frozenset({*_POSTINGS, DIGEST_METHOD})
ACCOUNT = "account "
"""What the name of a part begins with that says which build posted an account in full."""


@dataclass(frozen=True)
class Part:
    """So many rows and their sha256 (hex)."""

    lines: int
    digest: str


@dataclass(frozen=True)
class BuildDigest:
    """`whole` is sha256 (hex) over the digest before, the inputs, the postings and the figures; `parts` by name: `inputs`,
    `posting <account>`, `figure <indicator>`."""

    whole: str
    parts: dict[str, Part]


def build_digest(connection: Connection, build_id: int, method: int = DIGEST_METHOD) -> BuildDigest:
    """Digest what stands in the database of a build; of an earlier method the postings are no part."""
    whole = hashlib.sha256()
    _read(connection, f"select coalesce(previous_digest, '') from ledger.build where build_id = {build_id}", whole)
    parts = {"inputs": _inputs(connection, build_id, whole)}
    if method == DIGEST_METHOD:
        for account in _accounts(connection):
            digest = hashlib.sha256()
            lines = _read(connection, _OF_ACCOUNT.format(build_id, account.replace("'", "''")), digest)
            if lines:
                parts[f"posting {account}"] = Part(lines, digest.hexdigest())
                whole.update(f"{account} {lines} {digest.hexdigest()}\n".encode())
    else:
        _read(connection, _POSTINGS[method].format(build_id), whole)
    parts |= _figures(connection, build_id, whole)
    return BuildDigest(whole.hexdigest(), parts)


def _read(connection: Connection, statement: str, *digests: Any) -> int:
    """Rows into digests; how many they are."""
    cursor = connection.cursor()
    with cursor.copy(f"copy ({statement}) to stdout".encode()) as rows:
        for row in rows:
            for digest in digests:
                digest.update(row)
    return cursor.rowcount


def _inputs(connection: Connection, build_id: int, whole: Any) -> Part:
    digest = hashlib.sha256()
    statement = (
        "select d.delivery_id, d.sha256 from ledger.build_input i join ledger.delivery d using (delivery_id) "
        f"where i.build_id = {build_id} order by d.delivery_id"
    )
    return Part(_read(connection, statement, digest, whole), digest.hexdigest())


def _accounts(connection: Connection) -> list[str]:
    """Of which there are postings, or were: those that have a partition."""
    found = connection.execute(
        "select substring(pg_get_expr(c.relpartbound, c.oid) from '''(.*)''') as account from pg_inherits as i "
        "inner join pg_class as c on i.inhrelid = c.oid where i.inhparent = 'evidence.posting'::regclass"
    ).fetchall()
    return sorted(row[0] for row in found)


def _figures(connection: Connection, build_id: int, whole: Any) -> dict[str, Part]:
    digests: dict[bytes, Any] = {}
    lines: Counter[bytes] = Counter()
    statement = f"copy (select {FIGURE} from evidence.indicator_value where build_id = {build_id} order by {CELL}) to stdout"
    with connection.cursor().copy(statement.encode()) as rows:
        for row in rows:
            whole.update(row)
            indicator = bytes(row).partition(b"\t")[0]
            digest = digests.get(indicator) or digests.setdefault(indicator, hashlib.sha256())
            digest.update(row)
            lines[indicator] += 1
    return {f"figure {name.decode()}": Part(lines[name], one.hexdigest()) for name, one in digests.items()}


def account_parts(connection: Connection) -> dict[str, Part]:
    """Which accounts are posted in full and since which build, as it stands now; a part each."""
    rows = connection.execute("select account, build_id from evidence.account").fetchall()
    return {f"{ACCOUNT}{name}": Part(1, hashlib.sha256(f"{name} {build}".encode()).hexdigest()) for name, build in rows}


def seal_build(connection: Connection, build_id: int, digest: BuildDigest) -> None:
    """Write the parts down, in the transaction that publishes the build."""
    parts = {**digest.parts, **account_parts(connection)}
    connection.execute(
        "insert into ledger.build_seal (build_id, part, lines, digest) "
        "select %s, p.part, p.lines, p.digest from unnest(%s::text[], %s::bigint[], %s::text[]) as p (part, lines, digest)",
        [build_id, list(parts), [part.lines for part in parts.values()], [part.digest for part in parts.values()]],
    )


def sealed_parts(connection: Connection, build_id: int) -> dict[str, Part]:
    """What was written down; empty for a build of before there were seals."""
    rows = connection.execute("select part, lines, digest from ledger.build_seal where build_id = %s", [build_id]).fetchall()
    return {name: Part(lines, digest) for name, lines, digest in rows}
