"""What the DAG files wire together: Airflow's operators around `warehouse.night` and `warehouse.build`.

Imported when DAG files are parsed, so only light modules stand at the top.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from airflow.sdk import BaseOperator, Context, CronTriggerTimetable, Param
from airflow.sdk.exceptions import AirflowFailException

from ingest.errors import InboxUnreachable
from warehouse import night
from warehouse.errors import BureauError
from warehouse.services.waiting import DeliveryTrigger, SourcesTrigger, is_ahead
from warehouse.settings import Settings, load_settings

_PATIENCE_WITH_WRITERS = timedelta(minutes=10)
_TEXT = ["null", "string"]


@dataclass(frozen=True)
class Night:
    """One run's night.

    business_date  the day whose deliveries are taken in
    since          sources that ended their night before this moment have not ended this one
    wait_until     what is not here until then is missing; None waits for nothing
    inbox          goes before the setting
    """

    business_date: date
    since: datetime
    wait_until: datetime | None
    inbox: str | None


def night_of(context: Context, settings: Settings) -> Night:
    """The night of a run: what its conf says, and for a scheduled run the day before it, waiting until the cut-off."""
    run = context["dag_run"]
    conf = run.conf or {}
    begin = run.data_interval_end or run.run_after
    if given := conf.get("business_date"):
        day, wait = date.fromisoformat(given), None
    else:
        day = begin.astimezone(ZoneInfo(settings.timezone)).date() - timedelta(days=1)
        wait = begin + timedelta(hours=settings.cutoff_hours)
    return Night(
        business_date=day,
        since=datetime.fromisoformat(conf["since"]) if conf.get("since") else begin,
        wait_until=datetime.fromisoformat(conf["wait_until"]) if conf.get("wait_until") else wait,
        inbox=conf.get("inbox"),
    )


def schedule(settings: Settings) -> CronTriggerTimetable | None:
    """When the nights begin; None (the setting is `none`) when only a command begins them."""
    if settings.schedule.strip().lower() == "none":
        return None
    # A service started at noon does not play last night again: that is asked for with `nightly`.
    return CronTriggerTimetable(settings.schedule, timezone=settings.timezone, run_immediately=timedelta(0))


def weekly(settings: Settings) -> CronTriggerTimetable | None:
    """Sunday at noon, where nights begin by themselves."""
    return None if schedule(settings) is None else CronTriggerTimetable("0 12 * * 0", timezone=settings.timezone)


def parameters() -> dict[str, Param]:
    """What a run may be given; see Night."""
    return {
        "business_date": Param(None, type=_TEXT, format="date", title="Business date", description="YYYY-MM-DD"),
        "since": Param(None, type=_TEXT, format="date-time", title="Begin of the night"),
        "wait_until": Param(None, type=_TEXT, format="date-time", title="Wait for deliveries until"),
        "inbox": Param(None, type=_TEXT, title="Inbox"),
    }


class TakeIn(BaseOperator):  # type: ignore[misc]
    """Waits (without a worker) for the source's delivery of the day, then takes in all that has come."""

    def __init__(self, *, source: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.source = source

    def execute(self, context: Context, event: Any = None, writers_until: str | None = None) -> list[int]:
        """Gives the numbers of the loaded deliveries.

        A delivery whose files are still being written is waited for as well, by a night that waits for nothing else ten minutes.
        """
        settings = load_settings()
        this = night_of(context, settings)
        if is_ahead(this.wait_until) and not self._is_here(settings, this):
            self._wait(this, this.wait_until, writers_until)
        try:
            taken = night.take_in(settings, self.source, this.business_date, this.inbox)
        except InboxUnreachable as error:
            if error.is_passing:
                raise
            raise AirflowFailException(str(error)) from error  # to try again at once does not help
        patience = datetime.fromisoformat(writers_until) if writers_until else datetime.now(UTC) + _PATIENCE_WITH_WRITERS
        until = this.wait_until if is_ahead(this.wait_until) else patience
        if is_ahead(until) and night.is_being_written(settings, self.source, this.business_date, this.inbox):
            self._wait(this, until, patience.isoformat())
        return taken

    def _is_here(self, settings: Settings, this: Night) -> bool:
        try:
            return night.has_arrived(settings, self.source, this.business_date, this.inbox)
        except InboxUnreachable as error:
            self.log.warning("%s", error)
            return False

    def _wait(self, this: Night, until: datetime | None, writers_until: str | None) -> NoReturn:
        waiting = DeliveryTrigger(self.source, this.business_date.isoformat(), _iso(until), this.inbox)
        self.defer(trigger=waiting, method_name="execute", kwargs={"writers_until": writers_until})
        raise AssertionError


class Accept(BaseOperator):  # type: ignore[misc]
    """Judges what was taken in."""

    def __init__(self, *, source: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.source = source

    def execute(self, context: Context) -> dict[str, int]:
        """Gives the number of deliveries by status."""
        settings = load_settings()
        this = night_of(context, settings)
        outcomes = night.accept(settings, self.source, this.business_date, this.inbox)
        statuses = [one.status for one in outcomes]
        return {status: statuses.count(status) for status in sorted(set(statuses))}


class WaitForSources(BaseOperator):  # type: ignore[misc]
    """Waits (without a worker) until every source's night has ended, or until the cut-off."""

    def execute(self, context: Context, event: Any = None) -> list[str]:
        """Gives the sources that the build goes without."""
        settings = load_settings()
        this = night_of(context, settings)
        rest = night.unresolved(settings, this.business_date, this.since)
        if rest and is_ahead(this.wait_until):
            waiting = SourcesTrigger(this.business_date.isoformat(), this.since.isoformat(), _iso(this.wait_until))
            self.defer(trigger=waiting, method_name="execute")
        return rest


class Build(BaseOperator):  # type: ignore[misc]
    """Builds the indicators of the day, and tells whoever is to hear of it what the night left to look at."""

    def execute(self, context: Context) -> int:
        """Gives the number of the build."""
        from warehouse.build import build

        settings = load_settings()
        try:
            number = build(settings, night_of(context, settings).business_date)
        except BureauError as error:
            if error.key != "build.guard":
                raise
            _refresh_pages(settings, self.log)
            raise AirflowFailException(error.text(settings.lang)) from error  # the same rows come to the same figures
        _refresh_pages(settings, self.log)
        # No callback of the success: that runs when the night is over for everybody who watches, `nightly` stops the services
        try:
            _alert(context, is_built=True)
        except Exception:
            self.log.exception("the alert of the night broke off")
        return number


class DataDocs(BaseOperator):  # type: ignore[misc]
    """Brings the pages of what the rules found up to date, and says where they are."""

    def execute(self, context: Context) -> str | None:
        """Gives the path of the index."""
        return _refresh_pages(load_settings(), self.log)


class Prove(BaseOperator):  # type: ignore[misc]
    """Recomputes everything and compares; fails when anything differs."""

    def execute(self, context: Context) -> int:
        """Gives the number of the proof's build."""
        from warehouse.proof import prove

        proof = prove(load_settings())
        for one in proof.examples:
            self.log.error("%s: stands at %s, recomputed %s", one.what, one.standing, one.recomputed)
        if not proof.holds:
            raise BureauError("proof.fails", wrong_postings=proof.posting_differences, wrong_figures=proof.figure_differences)
        return proof.build_id


def _refresh_pages(settings: Settings, log: Any) -> str | None:
    """Bring the pages of the checks up to date. One that cannot be made leaves no night red: the ledger has it all."""
    from warehouse.check_pages import refresh

    try:
        index = refresh(settings)
    except Exception as error:  # whatever it is: its type is enough, and a message might quote
        log.error("the pages of the checks were not brought up to date: %s", type(error).__name__)
        return None
    log.info("what the rules found: %s", index)
    return str(index) if index else None


def note_failure(context: Context) -> None:
    """Callback of a source's tasks: the build does not wait for a source whose night broke off."""
    settings = load_settings()
    error = context.get("exception")
    cause = error.__cause__ if isinstance(error, AirflowFailException) else error
    night.note_failure(settings, context["dag"].dag_id, night_of(context, settings).business_date, cause)


def alert_not_built(context: Context) -> None:
    """Callback of a build's tasks that failed for good."""
    _alert(context, is_built=False)


def _alert(context: Context, is_built: bool) -> None:
    from warehouse import alerts

    settings = load_settings()
    if not alerts.is_wanted(settings):
        return
    from warehouse.services.notifying import send

    this = night_of(context, settings)
    alert = alerts.alert_of(settings, this.business_date, this.since, is_built=is_built)
    if alert is not None:
        send(settings, alert)


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else datetime.min.isoformat()
