"""Typed access to `ledger.delivery`, `ledger.check_result` and `ledger.expected_delivery`. Every function runs in the caller's
transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Literal

from psycopg import Connection
from psycopg.rows import class_row

Conn = Connection[Any]
Status = Literal["waiting", "incomplete", "loading", "accepted", "refused", "conflict", "replaced", "duplicate"]
_COLUMNS = (
    "delivery_id, source, department, region, business_date, sequence, kind, file_name, sha256, rows_in_file, rows_accepted, "
    "rows_quarantined, warnings, status, reason, received_at, accepted_at, manifest, file_version"
)


@dataclass(frozen=True)
class Delivery:
    """A row of `ledger.delivery`."""

    delivery_id: int
    source: str
    department: str
    region: str
    business_date: date | None
    sequence: int | None
    kind: Literal["full", "delta"] | None
    file_name: str
    sha256: str | None
    rows_in_file: int | None
    rows_accepted: int | None
    rows_quarantined: int | None
    warnings: int | None
    status: Status
    reason: str | None
    received_at: datetime
    accepted_at: datetime | None
    manifest: str | None
    file_version: str | None


@dataclass(frozen=True)
class CheckResult:
    """A row of `ledger.check_result`: what one rule found in one delivery.

    error     type of the exception that ended the check (ours); then `judged` is False
    judged    False: nothing was said of the delivery
    observed, lower, upper, detail   of a rule that compares with history: value, usual range, and the measure that they are of
    """

    rule: str
    severity: Literal["refuse", "quarantine", "warn"]
    column_name: str | None
    checked: int | None
    failed: int | None
    share: float | None
    threshold: float | None
    seconds: float | None
    passed: bool
    error: str | None = None
    judged: bool = True
    observed: float | None = None
    lower: float | None = None
    upper: float | None = None
    detail: str | None = None


_RESULT = tuple(field.name for field in fields(CheckResult))


def lock_source(connection: Conn, source: str, region: str) -> None:
    """One writer of a source's deliveries at a time, until the transaction ends."""
    connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"delivery {source} {region}"])


def delivery(connection: Conn, delivery_id: int) -> Delivery | None:
    """One delivery."""
    return _one(connection, "delivery_id = %s", [delivery_id])


def latest_of_file(connection: Conn, source: str, file_name: str) -> Delivery | None:
    """The newest record of a file name."""
    return _one(connection, "source = %s and file_name = %s order by delivery_id desc limit 1", [source, file_name])


def unfinished(connection: Conn, source: str, file_names: list[str]) -> Delivery | None:
    """The newest delivery under one of these names that is neither accepted nor refused."""
    return _one(
        connection,
        "source = %s and file_name = any(%s) and status in ('waiting', 'incomplete', 'loading') "
        "order by delivery_id desc limit 1",
        [source, file_names],
    )


def standing(connection: Conn, source: str, region: str, business_date: date, sequence: int) -> Delivery | None:
    """The accepted or replaced delivery with this name, if there is one."""
    return _one(
        connection,
        "source = %s and region = %s and business_date = %s and sequence = %s and status in ('accepted', 'replaced')",
        [source, region, business_date, sequence],
    )


def by_status(connection: Conn, source: str, region: str, statuses: Iterable[Status], up_to: date) -> list[Delivery]:
    """Deliveries with one of these statuses and a business date up to a day, in the fold's order."""
    with connection.cursor(row_factory=class_row(Delivery)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} from ledger.delivery where source = %s and region = %s and status = any(%s) "
            "and business_date <= %s order by business_date, sequence, delivery_id",
            [source, region, list(statuses), up_to],
        ).fetchall()


def deliveries(connection: Conn, condition: str, values: dict[str, Any]) -> list[Delivery]:
    """Deliveries for which an SQL condition with named parameters holds, by source, business date, sequence and number."""
    with connection.cursor(row_factory=class_row(Delivery)) as cursor:
        return cursor.execute(
            f"select {_COLUMNS} from ledger.delivery where {condition} order by source, business_date, sequence, delivery_id",
            values,
        ).fetchall()


def record(connection: Conn, values: dict[str, Any]) -> int:
    """A new row; gives its delivery_id."""
    names = ", ".join(values)
    places = ", ".join(f"%({name})s" for name in values)
    row = connection.execute(f"insert into ledger.delivery ({names}) values ({places}) returning delivery_id", values).fetchone()
    assert row is not None
    return int(row[0])


def update(connection: Conn, delivery_id: int, values: dict[str, Any]) -> None:
    """Change columns of a row (names are this room's own constants)."""
    settings = ", ".join(f"{name} = %({name})s" for name in values)
    connection.execute(
        f"update ledger.delivery set {settings} where delivery_id = %(delivery_id)s", {**values, "delivery_id": delivery_id}
    )


def replace_lower(connection: Conn, of: Delivery) -> list[int]:
    """Accepted deliveries of the same day with a lower sequence become `replaced`; gives their numbers."""
    rows = connection.execute(
        "update ledger.delivery set status = 'replaced' where source = %s and region = %s and business_date = %s "
        "and sequence < %s and status = 'accepted' returning delivery_id",
        [of.source, of.region, of.business_date, of.sequence],
    ).fetchall()
    return [int(row[0]) for row in rows]


def higher_stands(connection: Conn, than: Delivery) -> bool:
    """Whether a higher sequence of the same day is accepted."""
    row = connection.execute(
        "select 1 from ledger.delivery where source = %s and region = %s and business_date = %s and sequence > %s "
        "and status = 'accepted'",
        [than.source, than.region, than.business_date, than.sequence],
    ).fetchone()
    return row is not None


def removed_size(connection: Conn, sha256: str) -> int | None:
    """The size of a file that the retention rule took out of the archive."""
    row = connection.execute(
        "select size from ledger.archive_removal where sha256 = %s order by removal_id desc limit 1", [sha256]
    ).fetchone()
    return None if row is None else int(row[0])


def write_checks(connection: Conn, delivery_id: int, results: Iterable[CheckResult]) -> None:
    """Write results down; one of the same rule is replaced (a check that ran again), and errors of an earlier try are gone."""
    names = ", ".join(("delivery_id", *_RESULT))
    places = ", ".join(["%s"] * (len(_RESULT) + 1))
    changed = ", ".join(f"{name} = excluded.{name}" for name in _RESULT if name != "rule")
    connection.execute("delete from ledger.check_result where delivery_id = %s and error is not null", [delivery_id])
    with connection.cursor() as cursor:
        cursor.executemany(
            f"insert into ledger.check_result ({names}) values ({places}) "
            f"on conflict (delivery_id, rule) do update set {changed}",
            [(delivery_id, *(getattr(result, name) for name in _RESULT)) for result in results],
        )


def write_measures(connection: Conn, delivery_id: int, measures: Mapping[str, float]) -> None:
    """Write a delivery's measures down, in place of those of an earlier try."""
    connection.execute("delete from ledger.delivery_measure where delivery_id = %s", [delivery_id])
    connection.execute(
        "insert into ledger.delivery_measure (delivery_id, measure, value) "
        "select %s, m.measure, m.value from unnest(%s::text[], %s::double precision[]) as m (measure, value)",
        [delivery_id, list(measures), list(measures.values())],
    )


def _one(connection: Conn, condition: str, values: list[Any]) -> Delivery | None:
    with connection.cursor(row_factory=class_row(Delivery)) as cursor:
        return cursor.execute(f"select {_COLUMNS} from ledger.delivery where {condition}", values).fetchone()
