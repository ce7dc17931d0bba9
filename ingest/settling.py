"""Which quarantined rows need no correction any longer, and which delivery settled each: `quarantine.<source>.settled_by`.

A row waits until one of these stands accepted:

- its own delivery, when a row further down has the same key: the later row counts (ruling 5), right or wrong;
- the delivery that replaced its own (as if it had never been, ruling 1);
- a later delivery, in the fold's order, that has its key right;
- a later full delivery: it says all that there is (or all of the values of the first key column that it contains).

The first of them that was accepted counts, and the row stays with it as long as it stands; when it is itself replaced, the row is
looked at anew. Runs in the accepting transaction, behind the lock of the source.
"""

from __future__ import annotations

from psycopg import sql

from ingest import ledger
from ingest.ddl import Conn, partition_name
from ingest.ledger import Delivery
from ingest.spec import SourceSpec


def settle(connection: Conn, spec: SourceSpec, delivery: Delivery, quarantined: int) -> None:
    """After a delivery was accepted, or replaced as soon as it came, with so many rows put aside."""
    reopened = _reopen(connection, spec)
    _settle_replaced(connection, spec, delivery.region)
    if quarantined:
        _settle_repeated(connection, spec, delivery)
    if not ledger.higher_stands(connection, delivery):
        _settle_earlier(connection, spec, delivery)
    if quarantined or reopened:
        _settle_by_later(connection, spec, delivery.region, reopened | {delivery.delivery_id})


def _reopen(connection: Conn, spec: SourceSpec) -> set[int]:
    """Rows whose settling delivery has been replaced wait again; gives the deliveries that they are of."""
    rows = connection.execute(
        sql.SQL(
            "update {} set settled_by = null where settled_by in (select delivery_id from ledger.delivery where source = %s "
            "and status = 'replaced') returning delivery_id"
        ).format(_quarantine(spec)),
        [spec.name],
    ).fetchall()
    return {int(row[0]) for row in rows}


def _settle_replaced(connection: Conn, spec: SourceSpec, region: str) -> None:
    """Open rows of deliveries in whose place another stands."""
    connection.execute(
        sql.SQL(
            "update {} as q set settled_by = s.delivery_id from ledger.delivery as d join ledger.delivery as s "
            "on s.source = d.source and s.region = d.region and s.business_date = d.business_date and s.status = 'accepted' "
            "where d.delivery_id = q.delivery_id and q.settled_by is null and d.source = %s and d.region = %s "
            "and d.status = 'replaced'"
        ).format(_quarantine(spec)),
        [spec.name, region],
    )


def _settle_repeated(connection: Conn, spec: SourceSpec, delivery: Delivery) -> None:
    """Open rows of this delivery whose key stands again further down in it."""
    connection.execute(
        sql.SQL(
            "with own as materialized ("
            "  select row_id, key from {quarantine} where delivery_id = %(by)s and key is not null"
            "), last as ("
            "  select key, max(row_id) as row_id from ("
            "    select key, row_id from own"
            "    union all select array[{key}], row_id from {table} where array[{key}] in (select key from own)"
            "  ) as said group by key"
            ") update {quarantine} as q set settled_by = %(by)s from last"
            "  where q.delivery_id = %(by)s and q.settled_by is null and q.key = last.key and q.row_id < last.row_id"
        ).format(
            quarantine=_quarantine(spec),
            key=_key(spec),
            table=sql.Identifier("raw", partition_name(spec, delivery.delivery_id)),
        ),
        {"by": delivery.delivery_id},
    )


def _settle_earlier(connection: Conn, spec: SourceSpec, delivery: Delivery) -> None:
    """Open rows of earlier deliveries that this one settles."""
    open_rows = sql.SQL(
        "from {quarantine} as q join ledger.delivery as d using (delivery_id) where q.settled_by is null "
        "and d.region = %(region)s and (d.business_date, d.sequence) < (%(day)s, %(sequence)s)"
    ).format(quarantine=_quarantine(spec))
    values = {
        "region": delivery.region,
        "day": delivery.business_date,
        "sequence": delivery.sequence,
        "by": delivery.delivery_id,
    }
    if connection.execute(sql.SQL("select 1 {} limit 1").format(open_rows), values).fetchone() is None:
        return
    connection.execute(
        sql.SQL("update {quarantine} set settled_by = %(by)s where row_id in (select q.row_id {open_rows} and {settles})").format(
            quarantine=_quarantine(spec), open_rows=open_rows, settles=_settles(spec, delivery)
        ),
        values,
    )


def _settles(spec: SourceSpec, delivery: Delivery) -> sql.Composable:
    """The condition on an open row `q` of an earlier delivery under which this one settles it."""
    table = sql.Identifier("raw", partition_name(spec, delivery.delivery_id))
    right = sql.SQL("q.key in (select array[{key}] from {table})").format(key=_key(spec), table=table)
    if delivery.kind != "full":
        return right
    if spec.full_replaces == "everything":
        return sql.SQL("true")
    return sql.SQL(
        "({right} or q.key[1] in (select {first} from {table} "
        "union select key[1] from {quarantine} where delivery_id = {by} and key is not null))"
    ).format(
        right=right,
        first=sql.Identifier(spec.key[0]),
        table=table,
        quarantine=_quarantine(spec),
        by=sql.Literal(delivery.delivery_id),
    )


def _settle_by_later(connection: Conn, spec: SourceSpec, region: str, deliveries: set[int]) -> None:
    """Open rows of these deliveries that one accepted before, though later in the fold's order, settles."""
    values = {"source": spec.name, "region": region, "deliveries": list(deliveries)}
    later = connection.execute(
        sql.SQL(
            "select delivery_id from ledger.delivery where source = %(source)s and region = %(region)s and status = 'accepted' "
            "and business_date > (select min(d.business_date) from {} as q join ledger.delivery as d using (delivery_id) "
            "where q.settled_by is null and q.delivery_id = any(%(deliveries)s))"
        ).format(_quarantine(spec)),
        values,
    ).fetchall()
    if not later:
        return
    full = "s.kind = 'full'"
    if spec.full_replaces == "same_first_key":
        full += (
            " and (s.delivery_id, o.key[1]) in (select delivery_id, key[1] from said union select delivery_id, key[1] from aside)"
        )
    connection.execute(
        sql.SQL(
            "with said as materialized ("
            "  select distinct delivery_id, array[{key}] as key from {raw} where delivery_id = any(%(later)s)"
            "), aside as ("
            "  select delivery_id, key from {quarantine} where delivery_id = any(%(later)s) and key is not null"
            "), found as ("
            "  select distinct on (o.row_id) o.row_id, s.delivery_id from {quarantine} as o"
            "  join ledger.delivery as d on d.delivery_id = o.delivery_id"
            "  join ledger.delivery as s on s.delivery_id = any(%(later)s)"
            "    and (s.business_date, s.sequence) > (d.business_date, d.sequence)"
            "  where o.settled_by is null and o.delivery_id = any(%(deliveries)s)"
            "    and ({full} or (s.delivery_id, o.key) in (select delivery_id, key from said))"
            "  order by o.row_id, s.accepted_at, s.delivery_id"
            ") update {quarantine} as q set settled_by = found.delivery_id from found where found.row_id = q.row_id"
        ).format(quarantine=_quarantine(spec), key=_key(spec), raw=sql.Identifier("raw", spec.name), full=sql.SQL(full)),
        {**values, "later": [row[0] for row in later]},
    )


def _quarantine(spec: SourceSpec) -> sql.Identifier:
    return sql.Identifier("quarantine", spec.name)


def _key(spec: SourceSpec) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in spec.key)
