"""What releases there are, and which one is meant."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from warehouse.errors import BureauError
from warehouse.releases.seal import decision_seal
from warehouse.texts import t

Connection = psycopg.Connection[Any]

FACTS = (
    "title", "business_date", "build_id", "period", "figures", "previous_release", "corrects", "reason", "embargo_until",
    "created_by", "decided_by", "decided_at", "note", "head",
)  # fmt: skip
"""What is shown of a release beside its line, in this order; their names are in warehouse/texts/release.yml."""


@dataclass(frozen=True)
class Release:
    """A row of `release.release` with what was decided about it; `approved` is None while nobody has."""

    release_id: int
    title: str
    build_id: int
    business_date: date
    previous_release: int | None
    corrects: int | None
    reason: str | None
    embargo_until: datetime | None
    period: str | None
    figures: int
    inputs_digest: str
    previous_head: str | None
    head: str
    created_at: datetime
    created_by: str
    approved: bool | None
    decided_by: str | None
    decided_at: datetime | None
    note: str | None
    is_visible: bool

    @property
    def state(self) -> str:
        """waiting, rejected, embargoed or published."""
        if self.approved is None:
            return "waiting"
        if not self.approved:
            return "rejected"
        return "published" if self.is_visible else "embargoed"

    def line(self, lang: str) -> str:
        """The release on a line."""
        return t(
            "release.line",
            lang,
            release=self.release_id,
            title=self.title,
            date=self.business_date.isoformat(),
            build=self.build_id,
            state=t(f"release.state.{self.state}", lang),
        )


_SELECT = """
    select r.release_id, r.title, r.build_id, r.business_date, r.previous_release, r.corrects, r.reason, r.embargo_until,
        r.period, r.figures, r.inputs_digest, r.previous_head, r.head, r.created_at, r.created_by,
        d.approved, d.decided_by, d.decided_at, d.note,
        exists (select 1 from release.published as p where p.release_id = r.release_id) as is_visible
    from release.release as r left join release.decision as d on r.release_id = d.release_id
"""


def all_releases(connection: Connection) -> list[Release]:
    """Every release, by number."""
    with connection.cursor(row_factory=class_row(Release)) as cursor:
        return cursor.execute(f"{_SELECT} order by r.release_id".encode()).fetchall()


def find_release(connection: Connection, release_id: int) -> Release:
    """One release. Raises BureauError("release.unknown")."""
    with connection.cursor(row_factory=class_row(Release)) as cursor:
        found = cursor.execute(f"{_SELECT} where r.release_id = %s".encode(), [release_id]).fetchone()
    if found is None:
        raise BureauError("release.unknown", release=release_id)
    return found


def find_undecided(connection: Connection, release_id: int) -> Release:
    """One release of which nothing was said yet. Raises BureauError("release.unknown") or ("release.decided")."""
    release = find_release(connection, release_id)
    if release.approved is not None:
        raise BureauError("release.decided", release=release_id, by=release.decided_by, state=release.state)
    return release


def last_approved(connection: Connection) -> Release | None:
    """The newest release that was approved, seen or not yet."""
    approved = [one for one in all_releases(connection) if one.approved]
    return approved[-1] if approved else None


def decide(connection: Connection, release_id: int, approved: bool, by: str, note: str | None = None) -> None:
    """Write down and seal what a person said; once.

    Raises BureauError("release.decided"), and "release.overtaken" for one that is to be approved while another was since it was
    made: what it was compared with is not what people see.
    """
    release = find_undecided(connection, release_id)
    newest = last_approved(connection)
    if approved and newest is not None and newest.release_id != release.previous_release:
        raise BureauError("release.overtaken", release=release_id, newest=newest.release_id)
    connection.execute(
        f"""
        with said as (
            select
                %s::integer as release_id, %s::boolean as approved, %s::text as decided_by, now() as decided_at, %s::text as note
        )
        insert into release.decision (release_id, approved, decided_by, decided_at, note, seal)
        select d.release_id, d.approved, d.decided_by, d.decided_at, d.note, {decision_seal("r.head")}
        from said as d inner join release.release as r on d.release_id = r.release_id
        """.encode(),
        [release_id, approved, by, note],
    )
