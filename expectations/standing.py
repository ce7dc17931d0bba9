"""What stands beside a delivery: the accepted rows that are folded with it, and the deliveries that history is learned from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from psycopg import Connection

from expectations.facts import DeliveryFacts
from ingest.spec import SourceSpec

Conn = Connection[Any]


@dataclass(frozen=True)
class Before:
    """kind       of the delivery itself
    folded     numbers of the accepted deliveries of earlier days that the fold would take before it, in its order (from the
               last full one on)
    last_day   business date of the newest of them
    """

    kind: Literal["full", "delta"]
    folded: tuple[int, ...]
    last_day: date | None


def before(connection: Conn, spec: SourceSpec, delivery: DeliveryFacts) -> Before:
    """What was accepted of the source and region before the delivery's day."""
    row = connection.execute("select kind from ledger.delivery where delivery_id = %s", [delivery.delivery_id]).fetchone()
    kind: Literal["full", "delta"] = "full" if row is not None and row[0] == "full" else "delta"
    rows = connection.execute(
        "select delivery_id, business_date, kind from ledger.delivery where source = %s and region = %s and status = 'accepted' "
        "and business_date < %s order by business_date",
        [spec.name, delivery.region, delivery.business_date],
    ).fetchall()
    fulls = [index for index, row in enumerate(rows) if row[2] == "full"]
    first = fulls[-1] if fulls and spec.full_replaces == "everything" else 0
    return Before(kind, tuple(row[0] for row in rows[first:]), rows[-1][1] if rows else None)
