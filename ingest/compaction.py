"""The tables of a closed month's deliveries become one, so that ten years are not 30,000 tables.

`raw.<source>__m<yyyymm>` has the rows of every accepted and replaced delivery of the month, by row_id; each row keeps its
row_id and its delivery_id, so nothing that names either notices. A delivery that comes later for such a month has a table of
its own until the next compaction makes the month's table anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from psycopg import errors, sql

from ingest import ledger
from ingest.ddl import Conn, month_name, partition_name
from ingest.errors import NotReady
from ingest.spec import SourceSpec

_PATIENCE = "5s"  # who reads the source longer than that is not waited for: the next night tries again


@dataclass(frozen=True)
class Month:
    """A month of a source whose deliveries lie in several tables. `tables` are names in schema raw; no table is missing."""

    first: date
    deliveries: tuple[int, ...]
    tables: tuple[str, ...]


def closed_before(day: date, months: int) -> date:
    """The first day that stays apart: the month of `day` is open, and so many closed ones before it wait."""
    index = day.year * 12 + day.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)


def compact(connection: Conn, spec: SourceSpec, region: str, before: date) -> int:
    """Make one table of each month before the day `before` (the first of a month) whose deliveries lie in several; gives the
    number of months. Each month is one transaction: killed inside, it is as it was.

    The connection is in autocommit, its login may take the role bureau_loader. Months of a source that somebody reads, or in
    which a delivery is being accepted, for longer than a few seconds are left for another time. Raises NotReady when rows are
    not as many as the ledger says; nothing has changed then.
    """
    done = 0
    for month in _scattered(connection, spec, region, before):
        try:
            with connection.transaction():
                _compact(connection, spec, region, month)
        except errors.LockNotAvailable:
            break
        done += 1
    return done


def _scattered(connection: Conn, spec: SourceSpec, region: str, before: date) -> list[Month]:
    rows = connection.execute(
        "select date_trunc('month', business_date)::date, array_agg(delivery_id order by delivery_id) from ledger.delivery "
        "where source = %s and region = %s and status in ('accepted', 'replaced') and business_date < %s group by 1 order by 1",
        [spec.name, region, before],
    ).fetchall()
    attached = connection.execute(
        "select c.relname from pg_inherits as i join pg_class as c on c.oid = i.inhrelid where i.inhparent = to_regclass(%s)",
        [f"raw.{spec.name}"],
    ).fetchall()
    there = {row[0] for row in attached}
    found = []
    for first, deliveries in rows:
        names = [month_name(spec, first), *(partition_name(spec, number) for number in deliveries)]
        month = Month(first, tuple(deliveries), tuple(name for name in names if name in there))
        if len(month.tables) > 1:
            found.append(month)
    return found


def _compact(connection: Conn, spec: SourceSpec, region: str, month: Month) -> None:
    """Copied before anybody who reads the source is in the way; the old tables go and the new one comes at once."""
    name = month_name(spec, month.first)
    parent, made = sql.Identifier("raw", spec.name), sql.Identifier("raw", f"{name}__new")
    deliveries = list(month.deliveries)
    connection.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(_PATIENCE)))
    connection.execute("set local role bureau_loader")
    ledger.lock_source(connection, spec.name, region)
    wanted = connection.execute(
        "select sum(rows_accepted), count(*) from ledger.delivery where delivery_id = any(%s) "
        "and status in ('accepted', 'replaced')",
        [deliveries],
    ).fetchone()
    connection.execute(sql.SQL("create table {} (like {} including defaults)").format(made, parent))
    copied = connection.execute(
        sql.SQL("insert into {} select * from {} where delivery_id = any(%s) order by row_id").format(made, parent), [deliveries]
    ).rowcount
    if wanted != (copied, len(deliveries)):
        raise NotReady(f"{spec.name}, {month.first:%Y-%m}: {copied} rows stand, the ledger says {wanted and wanted[0]}")
    old = sql.SQL(", ").join(sql.Identifier("raw", table) for table in month.tables)
    connection.execute(sql.SQL("drop table {}").format(old))
    connection.execute(sql.SQL("alter table {} rename to {}").format(made, sql.Identifier(name)))
    made = sql.Identifier("raw", name)
    connection.execute(
        sql.SQL("alter table {} attach partition {} for values in ({})").format(
            parent, made, sql.SQL(", ").join(map(sql.Literal, deliveries))
        )
    )
    connection.execute(sql.SQL("analyze {}").format(made))
