"""What stands beside a delivery: the accepted rows that are folded with it, and the deliveries that history is learned from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import takewhile
from typing import Any, Literal

from psycopg import Connection

from expectations.facts import DeliveryFacts
from ingest.spec import SourceSpec

Conn = Connection[Any]
RECENT_DAYS = 100


@dataclass(frozen=True)
class Before:
    """kind       of the delivery itself
    folded     numbers of the accepted deliveries of earlier days that the fold would take before it, in its order (from the
               last full one on)
    last_day   business date of the newest of them
    recent     those of them whose rows may have come of age since (`RECENT_DAYS`)
    later      numbers of the accepted deliveries of later days that the fold takes after it, up to the next full one: it is late
    """

    kind: Literal["full", "delta"]
    folded: tuple[int, ...]
    last_day: date | None
    recent: tuple[int, ...] = ()
    later: tuple[int, ...] = ()


def before(connection: Conn, spec: SourceSpec, delivery: DeliveryFacts) -> Before:
    """What was accepted of the source and region beside the delivery."""
    row = connection.execute("select kind from ledger.delivery where delivery_id = %s", [delivery.delivery_id]).fetchone()
    kind: Literal["full", "delta"] = "full" if row is not None and row[0] == "full" else "delta"
    rows = connection.execute(
        "select delivery_id, business_date, kind from ledger.delivery where source = %s and region = %s and status = 'accepted' "
        "and business_date <> %s order by business_date",
        [spec.name, delivery.region, delivery.business_date],
    ).fetchall()
    earlier = [row for row in rows if row[1] < delivery.business_date]
    later = [row for row in rows if row[1] > delivery.business_date]
    if spec.full_replaces == "everything":
        fulls = [index for index, row in enumerate(earlier) if row[2] == "full"]
        earlier = earlier[fulls[-1] if fulls else 0 :]
        later = list(takewhile(lambda row: row[2] != "full", later))
    since = delivery.business_date - timedelta(days=RECENT_DAYS)
    return Before(
        kind,
        tuple(row[0] for row in earlier),
        earlier[-1][1] if earlier else None,
        tuple(row[0] for row in earlier if row[1] >= since),
        tuple(row[0] for row in later),
    )
