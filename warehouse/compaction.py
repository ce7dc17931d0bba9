"""Tables of closed months made one, before a build opens them all (`ingest/compaction.py` says how)."""

from datetime import date
from typing import Any

import psycopg

from warehouse.settings import Settings


def compact_months(connection: psycopg.Connection[Any], settings: Settings, business_date: date) -> int:
    """Compact what the setting says of every source, as of business day K; gives the number of months. In the lock of builds."""
    from ingest.compaction import closed_before, compact
    from ingest.spec import all_specs

    before = closed_before(business_date, settings.compact_after_months)
    return sum(compact(connection, spec, settings.region, before) for spec in all_specs().values())
