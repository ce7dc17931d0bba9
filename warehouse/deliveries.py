"""What was promised and delivered, and what became of it: `ledger.delivery` beside `ledger.expected_delivery`."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from psycopg.rows import class_row

from warehouse.query import session
from warehouse.settings import Settings

if TYPE_CHECKING:
    from ingest.ledger import Delivery

Promise = Literal["expected", "arrived", "late", "missing"]
STATUSES = (
    "accepted", "replaced", "refused", "conflict", "duplicate", "loading", "waiting", "incomplete", "arrived", "late",
    "missing", "expected",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A delivery, or a promise without one.

    status   of the delivery (`ledger.delivery`); of a promise that nothing keeps `missing` or `expected`
    promise  of a delivery that stands: `arrived` or `late`; None when nothing was promised for its day
    """

    source: str
    business_date: date | None
    status: str
    promise: Promise | None = None
    department: str | None = None
    sequence: int | None = None
    kind: str | None = None
    file_name: str | None = None
    rows_in_file: int | None = None
    rows_accepted: int | None = None
    rows_quarantined: int | None = None
    warnings: int | None = None
    received_at: datetime | None = None
    accepted_at: datetime | None = None
    delivery_id: int | None = None
    reason: str | None = None


@dataclass(frozen=True)
class _Promised:
    source: str
    business_date: date
    status: Promise


def deliveries(
    settings: Settings, day: date | None = None, source: str | None = None, statuses: Collection[str] = ()
) -> list[Line]:
    """Deliveries and open promises of a business date and a source (None: of all), by business date and source.

    `statuses` keeps what has one of them as its status or its promise. Read as bureau_evaluator.
    """
    from ingest import ledger
    from ingest.calendar import window_of
    from ingest.spec import all_specs

    asked = {"region": settings.region, "source": source}
    with session(settings, "bureau_evaluator") as connection:
        found = ledger.deliveries(connection, "region = %(region)s and source = coalesce(%(source)s, source)", asked)
        with connection.cursor(row_factory=class_row(_Promised)) as cursor:
            promises = cursor.execute(
                "select source, business_date, status from ledger.expected_delivery "
                "where region = %(region)s and source = coalesce(%(source)s, source)",
                asked,
            ).fetchall()
    specs = all_specs()
    windows = {name: [p for p in promises if p.source == name] for name in specs if specs[name].calendar.kind == "window"}
    by_day = {(one.source, one.business_date): one.status for one in promises}

    def promise(one: "Delivery") -> Promise | None:
        if one.status not in ("accepted", "replaced") or one.business_date is None:
            return None
        for kept in windows.get(one.source, []):
            first, last = window_of(specs[one.source], kept.business_date)
            if first <= one.business_date <= last:
                return kept.status
        return by_day.get((one.source, one.business_date))

    lines = [_line(one, promise(one)) for one in found]
    lines += [Line(one.source, one.business_date, one.status) for one in promises if one.status in ("missing", "expected")]
    wanted = [
        line
        for line in lines
        if (day is None or line.business_date == day) and (not statuses or {line.status, line.promise} & set(statuses))
    ]
    return sorted(
        wanted, key=lambda line: (line.business_date or date.min, line.source, line.sequence or 0, line.delivery_id or 0)
    )


def _line(one: "Delivery", promise: Promise | None) -> Line:
    return Line(
        source=one.source,
        business_date=one.business_date,
        status=one.status,
        promise=promise,
        department=one.department,
        sequence=one.sequence,
        kind=one.kind,
        file_name=one.file_name,
        rows_in_file=one.rows_in_file,
        rows_accepted=one.rows_accepted,
        rows_quarantined=one.rows_quarantined,
        warnings=one.warnings,
        received_at=one.received_at,
        accepted_at=one.accepted_at,
        delivery_id=one.delivery_id,
        reason=one.reason,
    )
