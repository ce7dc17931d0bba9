"""The second step: what the checks found decides, in one transaction, what becomes of a loaded delivery."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from psycopg import sql

from ingest import ledger
from ingest.context import LoadContext
from ingest.ddl import Conn, drop_findings, drop_partition, failures_name, partition_name, warned_name
from ingest.errors import NotReady
from ingest.ledger import CheckResult, Delivery
from ingest.settling import settle
from ingest.spec import SourceSpec


@dataclass(frozen=True)
class Refusal:
    """Why a delivery is refused: rule, place, and a sentence that quotes no cell."""

    rule: str
    place: str
    detail: str


@dataclass(frozen=True)
class Verdict:
    """What the checks say of a loaded delivery.

    Rows to put aside stand in `raw.<source>__d<id>__failures (row_id bigint, reasons text[])`, a row each, those to warn of in
    `…__warned`; no such table means none. `warnings` is the number of findings that are only recorded. `measures` are what later
    deliveries are held against.
    """

    refusals: tuple[Refusal, ...] = ()
    warnings: int = 0
    checks: tuple[CheckResult, ...] = ()
    measures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of a delivery. Rows are None when it was refused before they were told apart."""

    delivery_id: int
    source: str
    file_name: str
    business_date: date | None
    sequence: int | None
    status: Literal["accepted", "replaced", "refused", "conflict", "duplicate", "loading", "waiting", "incomplete"]
    rows_in_file: int | None
    rows_accepted: int | None
    rows_quarantined: int | None
    warnings: int | None
    reason: str | None


def accept(ctx: LoadContext, spec: SourceSpec, delivery_id: int, verdict: Verdict, over: Conn | None = None) -> Outcome:
    """Refuse the delivery, or put its failing rows into quarantine and attach the rest. `over` is a connection in autocommit that
    is open already.

    Asked again about a delivery that is settled it changes nothing and says what stands. Raises NotReady when it was not loaded.
    """
    with ctx.connect() if over is None else nullcontext(over) as connection, connection.transaction():
        delivery = ledger.delivery(connection, delivery_id)
        if delivery is None or delivery.source != spec.name:
            raise NotReady(f"{spec.name} has no delivery {delivery_id}")
        ledger.lock_source(connection, spec.name, delivery.region)
        delivery = ledger.delivery(connection, delivery_id) or delivery
        if delivery.status == "loading":
            if delivery.rows_in_file is None:
                raise NotReady(f"delivery {delivery_id} of {spec.name} is not loaded")
            ledger.write_checks(connection, delivery_id, verdict.checks)
            ledger.write_measures(connection, delivery_id, verdict.measures)
            if verdict.refusals:
                _refuse(connection, spec, delivery, verdict)
            else:
                _settle(connection, spec, delivery, verdict)
        return outcome(connection, delivery_id)


def outcome(connection: Conn, delivery_id: int) -> Outcome:
    """What the ledger says of a delivery. Raises NotReady when it does not know it."""
    d = ledger.delivery(connection, delivery_id)
    if d is None:
        raise NotReady(f"there is no delivery {delivery_id}")
    return outcome_of(d)


def outcome_of(d: Delivery) -> Outcome:
    """What a row of the ledger says of its delivery."""
    return Outcome(
        d.delivery_id,
        d.source,
        d.file_name,
        d.business_date,
        d.sequence,
        d.status,
        d.rows_in_file,
        d.rows_accepted,
        d.rows_quarantined,
        d.warnings,
        d.reason,
    )


def _refuse(connection: Conn, spec: SourceSpec, delivery: Delivery, verdict: Verdict) -> None:
    drop_partition(connection, spec, delivery.delivery_id)
    reason = "; ".join(f"{r.rule} at {r.place}: {r.detail}" if r.place else f"{r.rule}: {r.detail}" for r in verdict.refusals)
    warnings = (delivery.warnings or 0) + verdict.warnings
    ledger.update(connection, delivery.delivery_id, {"status": "refused", "reason": reason, "warnings": warnings})


def _settle(connection: Conn, spec: SourceSpec, delivery: Delivery, verdict: Verdict) -> None:
    quarantined = _put_aside(connection, spec, delivery.delivery_id)
    table = sql.Identifier("raw", partition_name(spec, delivery.delivery_id))
    row = connection.execute(sql.SQL("select count(*) from {}").format(table)).fetchone()
    accepted = int(row[0]) if row else 0
    if accepted + quarantined != delivery.rows_in_file:
        raise NotReady(
            f"delivery {delivery.delivery_id}: {accepted} rows accepted and {quarantined} in quarantine are not "
            f"the {delivery.rows_in_file} of the file"
        )
    connection.execute(sql.SQL("analyze {}").format(table))
    connection.execute(
        sql.SQL("alter table {} attach partition {} for values in ({})").format(
            sql.Identifier("raw", spec.name), table, sql.Literal(delivery.delivery_id)
        )
    )
    status = "replaced" if ledger.higher_stands(connection, delivery) else "accepted"
    if status == "accepted":
        ledger.replace_lower(connection, delivery)
    ledger.update(
        connection,
        delivery.delivery_id,
        {
            "status": status,
            "rows_accepted": accepted,
            "rows_quarantined": quarantined,
            "warnings": (delivery.warnings or 0) + verdict.warnings,
        }
        | {"accepted_at": connection.execute("select clock_timestamp()").fetchone()[0]},  # type: ignore[index]
    )
    settle(connection, spec, delivery, quarantined)


def _put_aside(connection: Conn, spec: SourceSpec, delivery_id: int) -> int:
    """Failing rows into quarantine and out of the table; gives their number. A row with a fault from reading always fails."""
    table = sql.Identifier("raw", partition_name(spec, delivery_id))
    failures = sql.Identifier("raw", failures_name(spec, delivery_id))
    if connection.execute("select to_regclass(%s)", [f"raw.{failures_name(spec, delivery_id)}"]).fetchone() == (None,):
        connection.execute(sql.SQL("create table {} (row_id bigint, reasons text[])").format(failures))
    moved = connection.execute(
        sql.SQL(
            "with failing as ("
            "  select row_id, array_agg(distinct reason order by reason) as reasons from ("
            "    select row_id, unnest(reasons) as reason from {failures}"
            "    union all select row_id, unnest(faults) from {table} where faults <> '{{}}'"
            "  ) as found group by row_id"
            "), gone as ("
            "  delete from {table} as t using failing as f where t.row_id = f.row_id returning t.*, f.reasons"
            ") insert into quarantine.{source} (row_id, delivery_id, key, reasons)"
            "  select row_id, delivery_id, case when {readable} then array[{key}] end, reasons from gone"
        ).format(
            failures=failures,
            table=table,
            source=sql.Identifier(spec.name),
            key=_key(spec),
            readable=sql.SQL(" and ").join(
                sql.SQL("{} is not null").format(sql.Identifier(name)) for name in spec.key if spec.column(name).required
            ),
        )
    )
    _keep_warned(connection, spec, delivery_id)
    drop_findings(connection, spec, delivery_id)
    return moved.rowcount


def _keep_warned(connection: Conn, spec: SourceSpec, delivery_id: int) -> None:
    """Which rows the delivery is warned of, those that were put aside left out."""
    name = warned_name(spec, delivery_id)
    if connection.execute("select to_regclass(%s)", [f"raw.{name}"]).fetchone() != (None,):
        connection.execute(
            sql.SQL(
                "insert into quarantine.warned (row_id, rule, delivery_id) select row_id, unnest(reasons), %(by)s from {} "
                "where row_id not in (select row_id from quarantine.{} where delivery_id = %(by)s) on conflict do nothing"
            ).format(sql.Identifier("raw", name), sql.Identifier(spec.name)),
            {"by": delivery_id},
        )


def _key(spec: SourceSpec) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in spec.key)
