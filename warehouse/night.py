"""One source's night: take in what came, judge it, and say how it ended. Composes `ingest` and `expectations`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

import psycopg

from warehouse.night_reasons import of_failure, of_missing, place_for
from warehouse.openlineage.send import tell_deliveries
from warehouse.secret_key import pseudonym_key
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings

if TYPE_CHECKING:
    from ingest.accept import Outcome
    from ingest.calendar import BusinessDays
    from ingest.context import LoadContext
    from ingest.spec import SourceSpec

Connection = psycopg.Connection[Any]
Ending = Literal["loaded", "refused", "missing", "failed"]
_REFUSED = ["refused", "conflict"]
_SETTLED = ("accepted", "replaced", *_REFUSED)
_OF_THE_NIGHT = """
    region = %(region)s
    and (coalesce(business_date, %(day)s) <= %(day)s or (status = 'refused' and starts_with(reason, 'file.future_date')))
    and received_at > coalesce(
        (select max(started_at) from ledger.build where business_date < %(day)s and status <> 'proof'), '-infinity'
    )
"""


def take_in(settings: Settings, source: str, business_date: date, inbox: str | None = None) -> list[int]:
    """Archive and load what lies complete in the inbox with a business date up to `business_date`.

    Gives the numbers of the deliveries that wait for `accept`. `inbox` goes before the setting. Raises ingest's KeyMissing and
    NotReady; a delivery that cannot be taken is no error but a refusal in the ledger.
    """
    from ingest.ddl import install
    from ingest.take_in import take_in as take

    spec = _spec(settings, source)
    with _connect(settings, role=None) as connection:
        install(connection, [spec])
    with _connect(settings) as connection:
        _write_promises(connection, settings, spec, business_date)
    return take(_context(settings, spec, inbox), spec, business_date)


def accept(settings: Settings, source: str, business_date: date, inbox: str | None = None) -> "list[Outcome]":
    """Judge every loaded delivery of the source, accept or refuse it, and record how the source's night ended.

    Asked again it judges only what is still open. Gives what became of the deliveries judged now. `inbox` as in `take_in`: it is
    looked into once more when nothing came.
    """
    from expectations import DeliveryFacts, checking
    from ingest import ledger
    from ingest.accept import accept as settle

    spec = _spec(settings, source)
    context = _context(settings, spec, inbox)
    with (
        _connect(settings) as connection,
        _alone(connection, f"accept {source} {settings.region}"),
        checking(context.conninfo, spec) as checks,
    ):
        _write_promises(connection, settings, spec, business_date)  # what is accepted from now on is late for earlier days
        loading = ledger.by_status(connection, source, settings.region, ["loading"], business_date)
        outcomes = []
        for one in loading:
            if one.rows_in_file is None or one.business_date is None:
                continue  # its load was cut off: the next take_in loads it anew
            # Rows and totals were compared with the manifest while loading: a delivery that differs is refused by then.
            facts = DeliveryFacts(one.delivery_id, one.region, one.business_date, one.rows_in_file)
            with _errors_written(connection, one.delivery_id):
                verdict = checks.check(facts)
            outcomes.append(settle(context, spec, one.delivery_id, verdict, connection))
        _write_promises(connection, settings, spec, business_date, ended=True)
        ending = _ending(connection, settings, spec, business_date)
        reason = of_missing(settings, spec, inbox) if ending == "missing" else None
        _record(connection, source, business_date, ending, reason)
    if settings.openlineage_url is not None:
        told = [one for one in loads(settings, business_date) if one.source == source and one.status in _SETTLED]
        tell_deliveries(settings, source, [one.delivery_id for one in told])
    return outcomes


def note_failure(settings: Settings, source: str, business_date: date, error: BaseException | None = None) -> None:
    """Record that the source's night broke off, so that the build does not wait for it; why, when people can do something."""
    with _connect(settings) as connection:
        _record(connection, source, business_date, "failed", of_failure(error))


def has_arrived(settings: Settings, source: str, business_date: date, inbox: str | None = None) -> bool:
    """Whether there is nothing to wait for: no delivery is promised for the day, or it is here (in the inbox or accepted)."""
    from ingest.calendar import expected, window_of
    from ingest.inbox import Inbox, scan

    spec = _spec(settings, source)
    promised = expected(spec, business_date, business_date, business_days(settings))
    if not promised:
        return True
    first, last = window_of(spec, promised[0])
    with Inbox(place_for(settings, spec, inbox), spec.department) as place:
        found = scan(place, spec)
    here = [one for one in found if one.state == "complete" and one.region == settings.region]
    if any(one.business_date and first <= one.business_date <= last for one in here):
        return True
    with _connect(settings) as connection:
        return _stands(connection, settings, source, first, last)


def is_being_written(
    settings: Settings, source: str, business_date: date, inbox: str | None = None, *, still: bool = False
) -> bool:
    """Whether the inbox holds a delivery that was left alone because its files were being written.

    `still`: only one that was changed in the last seconds (the setting), so that another look is of no use yet.
    """
    from ingest.inbox import Inbox, scan
    from ingest.take_in import UNSETTLED

    spec = _spec(settings, source)
    with _connect(settings) as connection:
        left = {
            row[0]
            for row in connection.execute(
                "select file_name from ledger.delivery where source = %s and status = 'waiting' and starts_with(reason, %s) "
                "and coalesce(business_date, %s) <= %s",
                [source, UNSETTLED, business_date, business_date],
            )
        }
    if not left:
        return False
    with Inbox(place_for(settings, spec, inbox), spec.department) as place:
        there = [one for one in scan(place, spec) if one.file_name in left and one.state == "complete"]
        return any(not (still and place.has_settled(one, settings.inbox_settle_seconds)) for one in there)


def unresolved(settings: Settings, business_date: date, since: datetime) -> list[str]:
    """Sources whose night of `business_date` has not ended since `since`, by name."""
    from ingest.spec import source_names

    return sorted(set(source_names()) - endings(settings, business_date, since).keys())


def loads(settings: Settings, business_date: date) -> "list[Outcome]":
    """What became of each delivery that came for this night: since the newest build of an earlier day began, by source."""
    from ingest.accept import outcome_of
    from ingest.ledger import deliveries

    with _connect(settings) as connection:
        found = deliveries(connection, _OF_THE_NIGHT, {"region": settings.region, "day": business_date})
    return [outcome_of(one) for one in found]


def clock(settings: Settings) -> datetime:
    """The database's time: what it stamps later compares with this whatever this machine's clock says."""
    with _connect(settings) as connection:
        row = connection.execute("select clock_timestamp()").fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment


def endings(settings: Settings, business_date: date, since: datetime) -> dict[str, Ending]:
    """How each source's night ended, of those that have since `since`."""
    with _connect(settings) as connection:
        rows = connection.execute(
            "select source, outcome from ledger.source_night where business_date = %s and resolved_at >= %s order by source",
            [business_date, since],
        ).fetchall()
    return dict(rows)


def business_days(settings: Settings) -> "BusinessDays":
    """The days on which departments work, the bureau's own days included."""
    from ingest.calendar import BusinessDays

    return BusinessDays(frozenset(settings.holidays), frozenset(settings.working_days))


def failures(settings: Settings, business_date: date) -> dict[str, str]:
    """Why the nights of sources broke off, where that was written down."""
    with _connect(settings) as connection:
        return dict(
            connection.execute(
                "select source, reason from ledger.source_night where business_date = %s and reason is not null",
                [business_date],
            ).fetchall()
        )


def today(settings: Settings) -> date:
    """The bureau's day, in its own zone."""
    return datetime.now(ZoneInfo(settings.timezone)).date()


def _spec(settings: Settings, source: str) -> "SourceSpec":
    """A source's spec; `registrations` promises nothing where another source fills the register."""
    from ingest.spec import Occasional, load_spec

    spec = load_spec(source)
    if source == "registrations" and settings.register_source != source:
        return spec.model_copy(update={"calendar": Occasional(kind="occasional")})
    return spec


def _ending(connection: Connection, settings: Settings, spec: "SourceSpec", business_date: date) -> Ending:
    """A night in which nothing came for the day is one to ask about, whatever came for other days and was refused."""
    from ingest.calendar import expected, window_of

    promised = expected(spec, business_date, business_date, business_days(settings))
    if promised and not _stands(connection, settings, spec.name, *window_of(spec, promised[0]), ["accepted", *_REFUSED]):
        return "missing"
    refused = connection.execute(
        "select exists (select 1 from ledger.delivery where source = %(source)s and status = any(%(refused)s) "
        f"and {_OF_THE_NIGHT})",
        {"source": spec.name, "refused": _REFUSED, "region": settings.region, "day": business_date},
    ).fetchone()
    return "refused" if refused and refused[0] else "loaded"


def _stands(
    connection: Connection, settings: Settings, source: str, first: date, last: date, statuses: Sequence[str] = ("accepted",)
) -> bool:
    row = connection.execute(
        "select exists (select 1 from ledger.delivery where source = %s and region = %s and status = any(%s) "
        "and business_date between %s and %s)",
        [source, settings.region, list(statuses), first, last],
    ).fetchone()
    return bool(row and row[0])


def _write_promises(
    connection: Connection, settings: Settings, spec: "SourceSpec", business_date: date, *, ended: bool = False
) -> None:
    from ingest.calendar import write_promises

    with connection.transaction():
        write_promises(connection, spec, settings.region, business_date, business_days(settings), ended=ended)


def _record(connection: Connection, source: str, business_date: date, ending: Ending, reason: str | None = None) -> None:
    connection.execute(
        "insert into ledger.source_night (source, business_date, outcome, reason) values (%s, %s, %s, %s) "
        "on conflict (source, business_date) do update "
        "set outcome = excluded.outcome, reason = excluded.reason, resolved_at = now()",
        [source, business_date, ending, reason],
    )


def _context(settings: Settings, spec: "SourceSpec", inbox: str | None) -> "LoadContext":
    from ingest.context import LoadContext

    return LoadContext(
        conninfo=conninfo(settings, role="bureau_loader"),
        archive=settings.archive,
        inbox=place_for(settings, spec, inbox),
        region=settings.region,
        key=pseudonym_key(settings),
        today=today(settings),
        settle=settings.inbox_settle_seconds,
    )


@contextmanager
def _errors_written(connection: Connection, delivery_id: int) -> Iterator[None]:
    """A check of ours that breaks off is written down as that, apart from what it says of the delivery: nothing."""
    from expectations import CheckError
    from ingest.ledger import CheckResult, write_checks

    try:
        yield
    except CheckError as error:
        found = [
            CheckResult(rule, "warn", None, None, None, None, None, None, passed=False, error=kind, judged=False)
            for rule, kind in error.raised.items()
        ]
        write_checks(connection, delivery_id, found)
        raise


@contextmanager
def _connect(settings: Settings, role: str | None = "bureau_loader") -> Iterator[Connection]:
    with psycopg.connect(conninfo(settings, role=role), autocommit=True) as connection:
        yield connection


@contextmanager
def _alone(connection: Connection, what: str) -> Iterator[None]:
    """One at a time: a task that was given up may still be at work."""
    from ingest.alone import take_lock

    take_lock(connection, what)
    yield
