"""What a build's digest is over, and the digests of its parts: by them a change is named."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

CELL = "indicator, method_version, period, geography, breakdown_type, breakdown"
FIGURE = (
    "indicator, method_version, period, period_grain, geography, geography_vintage, breakdown_type, breakdown, value, "
    "numerator, denominator, unit_count, standard_error, ci_low, ci_high, availability, status, build_id"
)
_POSTING = (  # by name: a column that comes later is no part of what an earlier build said
    "account, effective_date, until_date, period_grain, geography, geo_scope, applies_to, sector, industry, founder_groups, sex, "
    "birth_year, psu, unit_type, unit_id, weight, source_rows, caused_by"
)
_LINE = f"row({_POSTING})::text"
_POSTINGS = {
    1: f'select {_POSTING} from evidence.posting where build_id = {{0}} order by {_LINE} collate "C"',
    2: f"select account, sha256(convert_to({_LINE}, 'UTF8')) as hash from evidence.posting where build_id = {{0}} order by hash",
}
DIGEST_METHOD = 2
"""1 reads every posting's line in the order of the lines; 2 reads the sha256 of each line, in the order of these: the server
makes and sorts them on all its cores, and one for another changes the digest as the line itself does."""
DIGEST_METHODS = frozenset(_POSTINGS)
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
    """Digest what stands in the database of a build."""
    whole = hashlib.sha256()
    parts: dict[str, Part] = {}
    for name, statement in (
        ("previous", "select coalesce(previous_digest, '') from ledger.build where build_id = {0}"),
        (
            "inputs",
            "select d.delivery_id, d.sha256 from ledger.build_input i join ledger.delivery d using (delivery_id) "
            "where i.build_id = {0} order by d.delivery_id",
        ),
        ("posting", _POSTINGS[method]),
        ("figure", f"select {FIGURE} from evidence.indicator_value where build_id = {{0}} order by {CELL}"),
    ):
        digests: dict[bytes, Any] = {}
        lines: Counter[bytes] = Counter()
        is_named = name in ("posting", "figure")  # by their first column, which of hashes is no part of the line
        is_hash = name == "posting" and method == 2
        with connection.cursor().copy(f"copy ({statement.format(build_id)}) to stdout".encode()) as rows:
            for row in rows:
                first, _, rest = bytes(row).partition(b"\t") if is_named else (b"", b"", b"")
                line = rest if is_hash else row
                whole.update(line)
                digest = digests.get(first) or digests.setdefault(first, hashlib.sha256())
                digest.update(line)
                lines[first] += 1
        if name != "previous":
            parts |= {f"{name} {first.decode()}".strip(): Part(lines[first], one.hexdigest()) for first, one in digests.items()}
    return BuildDigest(whole.hexdigest(), parts)


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
