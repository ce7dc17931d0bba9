"""The second checkpoint: figures that cannot be right are not shown, and what was shown before stays in sight.

Six statements count over the cells that the build wrote, with what is published beside them (`warehouse.guard_counts`); Great
Expectations judges the counts (`expectations.counts`), which stay in `ledger.build_check`. A broken rule ends the build, so each
holds for every correct build: what it allows is what the ledger explains, not a tolerance.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from warehouse.errors import BureauError
from warehouse.guard_counts import Counts, counts
from warehouse.query import session
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings

Connection = psycopg.Connection[tuple[Any, ...]]
RULES = ("net_identity", "stock_identity", "universe", "city_is_towns", "share_range", "jump")
_TABLE = "build_guard"


@dataclass(frozen=True)
class FigureCheck:
    """What a rule over the figures found in a build; `status` is the build's."""

    build_id: int
    business_date: date
    status: str
    rule: str
    checked: int
    failed: int
    passed: bool


def guard(settings: Settings, connection: Connection, build_id: int) -> None:
    """Judge a computed build. Raises BureauError `build.guard` naming the rules that its figures break, or CheckError when one
    could not be judged.

    `connection` is the build's own, which writes with the service's rights.
    """
    from expectations.counts import judge_counts

    _write_counts(connection, counts(settings, connection, build_id))
    try:
        judged = judge_counts(conninfo(settings, role="bureau_transformer"), "evidence", _TABLE, RULES)
    finally:
        connection.execute(f"drop table if exists evidence.{_TABLE}".encode())
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ledger.build_check (build_id, rule, checked, failed, passed) values (%s, %s, %s, %s, %s)",
            [(build_id, one.rule, one.checked, one.failed, one.passed) for one in judged],
        )
    if broken := [one for one in judged if not one.passed]:
        raise BureauError("build.guard", rules="; ".join(f"{one.rule} ({one.failed} of {one.checked})" for one in broken))


def figure_checks(settings: Settings, day: date | None = None) -> list[FigureCheck]:
    """What the rules found in the builds of a business date (None: in the newest build that was judged). Read as evaluator."""
    return _read(
        settings,
        "b.business_date = %(day)s or (%(day)s::date is null and b.build_id = (select max(build_id) from ledger.build_check))",
        {"day": day},
    )


def broken_since(settings: Settings, since: datetime) -> list[FigureCheck]:
    """The rules that the newest build breaks, if it began at `since` or later."""
    newest = "b.started_at >= %(since)s and b.build_id = (select max(build_id) from ledger.build where status <> 'proof')"
    return _read(settings, f"{newest} and not c.passed", {"since": since})


def _read(settings: Settings, condition: str, values: dict[str, object]) -> list[FigureCheck]:
    statement = (
        "select c.build_id, b.business_date, b.status, c.rule, c.checked, c.failed, c.passed from ledger.build_check as c "
        f"inner join ledger.build as b using (build_id) where {condition} order by c.build_id, c.rule"
    )
    with session(settings, "bureau_evaluator") as connection, connection.cursor(row_factory=class_row(FigureCheck)) as cursor:
        return cursor.execute(statement.encode(), values).fetchall()


def _write_counts(connection: Connection, found: Iterable[Counts]) -> None:
    """The table that the judge reads, as a scan leaves one for a delivery."""
    connection.execute(f"drop table if exists evidence.{_TABLE}".encode())  # of a build that was killed
    connection.execute(f"create table evidence.{_TABLE} (rule text, checked bigint, failed bigint)".encode())
    connection.execute(f"grant select on evidence.{_TABLE} to bureau_transformer".encode())
    with connection.cursor() as cursor:
        cursor.executemany(
            f"insert into evidence.{_TABLE} values (%s, %s, %s)".encode(), [(one.rule, one.checked, one.failed) for one in found]
        )
