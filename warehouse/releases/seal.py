"""What a release is sealed with: a hash of its own row, of each delivery and its check results, of each build behind it, of the
formulas that it was the first to compute with, of what the guard found in its figures, and of the towns that it shows.

The chain of figures begins with the hash over all seals, so the head stands for everything that they cover. Columns that may
still change are left out: a delivery's status (`replaced` by a higher sequence) and what the inbox remembers of its file.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg

from warehouse.releases.chain import START

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Seal:
    """`number` is the release's, the delivery's or the build's; `hash` sha256 (hex) over what is said of it."""

    kind: str
    number: int
    hash: str


KINDS_SINCE = {"release": 130, "delivery": 130, "checks": 130, "build": 130, "formulas": 170, "guard": 170, "towns": 180}
"""What is sealed, and the migration that it came with."""


def seals(connection: Connection, place: str, release_id: int, build_id: int) -> list[Seal]:
    """The seals of a release as its tables say it now; its own row stands in `place` (a relation), the build's in the ledger."""
    found = connection.execute(
        f"""
        with used as (
            select distinct i.delivery_id
            from ledger.build_input as i inner join ledger.build as b on i.build_id = b.build_id and b.status = 'published'
            where b.build_id <= %(build)s
        ),
        said (kind, number, line) as (
            select 'release', r.release_id::bigint, row({_RELEASE})::text
            from {place} as r where r.release_id = %(release)s
            union all
            select 'delivery', d.delivery_id, row({_DELIVERY})::text
            from used as u inner join ledger.delivery as d on u.delivery_id = d.delivery_id
            union all
            select 'checks', u.delivery_id, coalesce(c.lines, '') || chr(10) || coalesce(m.lines, '')
            from used as u
            left join (
                select c.delivery_id, string_agg(row({_CHECK})::text, chr(10) order by c.rule collate "C") as lines
                from ledger.check_result as c group by c.delivery_id
            ) as c on u.delivery_id = c.delivery_id
            left join (
                select m.delivery_id, string_agg(row(m.measure, m.value)::text, chr(10) order by m.measure collate "C") as lines
                from ledger.delivery_measure as m group by m.delivery_id
            ) as m on u.delivery_id = m.delivery_id
            union all
            select 'build', b.build_id, row({_BUILD})::text || chr(10) || coalesce(s.lines, '')
            from ledger.build as b
            left join (
                select s.build_id, string_agg(row(s.part, s.lines, s.digest)::text, chr(10) order by s.part collate "C") as lines
                from ledger.build_seal as s group by s.build_id
            ) as s on b.build_id = s.build_id
            where b.status = 'published' and b.build_id <= %(build)s
            union all
            select k.kind, b.build_id, coalesce(k.lines, '')
            from ledger.build as b
            cross join lateral (values
                ('formulas', (
                    select string_agg(
                        row({_FORMULA})::text, chr(10) order by f.indicator collate "C", f.method_version collate "C"
                    ) from ledger.formula as f where f.build_id = b.build_id
                )),
                ('guard', (
                    select string_agg(row({_GUARD})::text, chr(10) order by c.rule collate "C")
                    from ledger.build_check as c where c.build_id = b.build_id
                )),
                ('towns', b.geographies::text)
            ) as k (kind, lines)
            where b.status = 'published' and b.build_id <= %(build)s
        )
        select kind, number, encode(sha256(convert_to(line, 'UTF8')), 'hex') from said order by kind, number
        """.encode(),
        {"build": build_id, "release": release_id},
    ).fetchall()
    return [Seal(*row) for row in found]


def kept_seals(connection: Connection, release_id: int) -> list[Seal]:
    """The seals that were written down; none for a release of before there were seals."""
    found = connection.execute(
        "select kind, number, hash from release.seal where release_id = %s order by kind, number", [release_id]
    ).fetchall()
    return [Seal(*row) for row in found]


def start_of(sealed: Iterable[Seal]) -> str:
    """The hash (hex) that the chain of figures begins with."""
    lines = [f"{one.kind} {one.number} {one.hash}" for one in sealed]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest() if lines else START


def _day(column: str) -> str:
    return f"to_char({column}, 'YYYY-MM-DD')"


def _moment(column: str) -> str:
    return f"to_char({column} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"


_RELEASE = (
    f"r.release_id, r.title, r.build_id, {_day('r.business_date')}, r.previous_release, r.corrects, r.reason, "
    f"{_moment('r.embargo_until')}, r.period, r.figures, r.inputs_digest, r.previous_head, {_moment('r.created_at')}, "
    "r.created_by"
)
_DELIVERY = (
    f"d.delivery_id, d.source, d.department, d.region, {_day('d.business_date')}, d.sequence, d.kind, d.file_name, d.sha256, "
    f"d.rows_in_file, d.rows_accepted, d.rows_quarantined, d.warnings, d.reason, {_moment('d.received_at')}, "
    f"{_moment('d.accepted_at')}"
)
_CHECK = (
    "c.rule, c.severity, c.column_name, c.checked, c.failed, c.share, c.threshold, c.seconds, c.passed, c.error, c.judged, "
    "c.observed, c.lower, c.upper, c.detail"
)
_BUILD = (
    f"b.build_id, {_day('b.business_date')}, {_moment('b.received_up_to')}, b.code_commit, b.lock_hash, b.spec_hash, b.status, "
    f"{_moment('b.started_at')}, {_moment('b.finished_at')}, b.digest, b.digest_method, b.previous_digest, b.message, b.region, "
    f"{_day('b.series_start')}"
)
_FORMULA = "f.indicator, f.method_version, f.formula"
_GUARD = "c.rule, c.checked, c.failed, c.passed"
DECISION = f"d.approved, d.decided_by, {_moment('d.decided_at')}, d.note"
"""Of a row `d` of `release.decision`, beside the release's number."""


def decision_seal(head: str, release_id: str = "d.release_id") -> str:
    """SQL: the seal of a decision `d`; `head` is the release's head, `release_id` its number, as SQL."""
    return f"encode(sha256(convert_to({head} || chr(10) || row({release_id}, {DECISION})::text, 'UTF8')), 'hex')"
