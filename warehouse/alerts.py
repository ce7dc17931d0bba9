"""What somebody should hear of after a night: refused, missing and late deliveries, sources that broke off, a build that failed.

Texts come from the catalogue; of a delivery only its name, status and the rule's sentence are told, never what stood in it.
`warehouse.orchestration` has them sent by Airflow's notifiers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from warehouse import night
from warehouse.deliveries import deliveries
from warehouse.guard import broken_since
from warehouse.reasons import refusal
from warehouse.settings import Settings
from warehouse.texts import t

Kind = Literal["no_build", "failed", "refused", "missing", "late"]
_MOST = 30
_AGREED_NAME = re.compile(r"[a-z][a-z0-9_]*_[0-9]{6}_[0-9]{8}_[0-9]{2}(\.[a-z]+)+")


@dataclass(frozen=True)
class Event:
    """One thing to hear of. `file` is None for what is no delivery and for a name that is not as agreed: it may say anything."""

    kind: Kind
    source: str | None = None
    business_date: date | None = None
    file: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class Alert:
    """The message of a night, in the settings' language."""

    business_date: date
    subject: str
    text: str
    events: tuple[Event, ...]


def is_wanted(settings: Settings) -> bool:
    """Whether anybody is to be told."""
    return bool(settings.alert_email_to) or settings.alert_webhook is not None


def agreed_name(file_name: str) -> str | None:
    """A delivery's name where it is as agreed; None for another, which may say anything."""
    return file_name if _AGREED_NAME.fullmatch(file_name) else None


def alert_of(settings: Settings, business_date: date, since: datetime, *, is_built: bool) -> Alert | None:
    """The message about the night of a business date that began at `since`; None when there is nothing to tell."""
    events = tuple(_events(settings, business_date, since, is_built))
    if not events:
        return None
    lang = settings.lang
    lines = [_line(event, lang) for event in events[:_MOST]]
    if len(events) > _MOST:
        lines.append(t("alert.more", lang, count=len(events) - _MOST))
    lines.append(t("alert.look", lang))
    subject = t("alert.subject", lang, region=settings.region, date=business_date, count=len(events))
    return Alert(business_date, subject, "\n".join(lines), events)


def _events(settings: Settings, business_date: date, since: datetime, is_built: bool) -> Iterator[Event]:
    if not is_built:
        broken = [t(f"guard.{one.rule}", settings.lang) for one in broken_since(settings, since)]
        why = t("alert.broken", settings.lang, rules="; ".join(broken)) if broken else ""
        yield Event("no_build", business_date=business_date, reason=why)
    endings = night.endings(settings, business_date, since)
    reasons = night.failures(settings, business_date)
    for source, ending in endings.items():
        if ending == "failed":
            yield Event("failed", source, business_date, reason=refusal(reasons.get(source), settings.lang))
    came = night.loads(settings, business_date)
    for one in came:
        if one.status in ("refused", "conflict"):
            yield Event("refused", one.source, one.business_date, agreed_name(one.file_name), refusal(one.reason, settings.lang))
    for source, ending in endings.items():
        if ending == "missing":
            yield Event("missing", source, business_date, reason=refusal(reasons.get(source), settings.lang))
    numbers = {one.delivery_id for one in came}
    for line in deliveries(settings, statuses=["late"]):
        if line.delivery_id in numbers:
            yield Event("late", line.source, line.business_date, line.file_name)


def _line(event: Event, lang: str) -> str:
    unnamed = t("alert.unnamed", lang)
    line = t(
        f"alert.{event.kind}",
        lang,
        source=event.source,
        date=event.business_date,
        file=event.file or unnamed,
        reason=event.reason,
    )
    return f"{line}\n  {event.reason}" if event.reason and event.kind in ("failed", "missing") else line
