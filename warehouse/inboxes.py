"""Where each department delivers, whether it can be reached, and what lies there: asked now, of every place at once."""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from warehouse.connections import place_of, shown
from warehouse.errors import BureauError
from warehouse.query import session
from warehouse.settings import Settings
from warehouse.texts import t

if TYPE_CHECKING:
    from ingest.inbox import Found, Inbox
    from ingest.ledger import Delivery
    from ingest.spec import SourceSpec
    from ingest.transport_place import Place

Reach = Literal["ok", "no_folder", "unreachable", "login", "host_key", "setting", "unknown_department"]
State = Literal["new", "settled", "writing", "waiting", "incomplete", "misnamed", "link", "several", "stranger"]
STATES: tuple[State, ...] = (
    "new", "writing", "waiting", "incomplete", "misnamed", "link", "several", "stranger", "settled",
)  # fmt: skip
_PLACES_AT_ONCE = 8


@dataclass(frozen=True)
class Lying:
    """A delivery, or a file of no source, as it lies there.

    state       `new`: complete and still to be taken in; `settled`: the ledger has how it ended; `writing`: changed in the last
                seconds (the setting), or under a name of another program's; `stranger`: no source of the department claims it;
                the others as in `ingest.inbox.Found`
    status      what the ledger says of the name, if it knows it
    size        bytes of the data file; None where there is none or the place does not list it
    changed_at  of the newer of data file and manifest, if the place lists it
    """

    file_name: str
    source: str | None
    state: State
    status: str | None = None
    size: int | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True)
class Box:
    """A department's place. `reach` other than `ok` means that nothing is known of what lies there; `reason` says why."""

    department: str
    where: str
    reach: Reach
    reason: str | None = None
    deliveries: tuple[Lying, ...] = ()


def boxes(settings: Settings, department: str | None = None) -> list[Box]:
    """The places of all departments (or of one), by name, those that only the setting `inboxes` knows included.

    Raises BureauError for a department that neither a source nor the setting has.
    """
    from ingest.spec import all_specs

    specs: dict[str, list[SourceSpec]] = {}
    for spec in all_specs().values():
        specs.setdefault(spec.department, []).append(spec)
    names = sorted({*specs, *settings.inboxes})
    if department is not None and department not in names:
        raise BureauError("inbox.no_department", department=department, known=", ".join(sorted(specs)))
    wanted = [name for name in names if department in (None, name)]
    latest = _latest(settings, wanted)
    with ThreadPoolExecutor(_PLACES_AT_ONCE) as pool:
        return list(pool.map(lambda name: _box(settings, name, specs.get(name, []), latest, sorted(specs)), wanted))


def _box(
    settings: Settings, department: str, specs: "list[SourceSpec]", latest: "dict[tuple[str, str], Delivery]", known: list[str]
) -> Box:
    from ingest.errors import InboxUnreachable
    from ingest.inbox import Inbox

    own = shown(settings.inboxes.get(department, settings.inbox_url))
    if not specs:
        reason = t("inbox.unknown_department", settings.lang, known=", ".join(known))
        return Box(department, own, "unknown_department", reason)
    try:
        place = place_of(settings, department)
    except BureauError as error:
        return Box(department, own, "setting", error.text(settings.lang))
    where = _where(place, department)
    try:
        with Inbox(place, department) as inbox:
            inbox.look_again()
            return Box(department, where, "ok", None, tuple(_lying(settings, inbox, specs, latest)))
    except FileNotFoundError:
        return Box(department, where, "no_folder", t("inbox.no_folder", settings.lang))
    except InboxUnreachable as error:
        said = t(f"refusal.inbox.{error.kind}", settings.lang)
        return Box(department, where, error.kind, f"{said} ({error.reason})")  # type: ignore[arg-type]
    except OSError as error:  # of this machine's own folders
        return Box(
            department, where, "login", t("inbox.unreadable", settings.lang, reason=error.strerror or type(error).__name__)
        )


def _where(place: "Place", department: str) -> str:
    return replace(place, url=place.folder_of(department)).where


def _lying(
    settings: Settings, inbox: "Inbox", specs: "list[SourceSpec]", latest: "dict[tuple[str, str], Delivery]"
) -> "list[Lying]":
    from ingest.inbox import scan
    from ingest.strangers import UNKNOWN, of_other_programs, strangers

    found = [
        _delivery(settings, one, spec.name, latest.get((spec.name, one.file_name))) for spec in specs for one in scan(inbox, spec)
    ]
    names = inbox.files()
    for name in strangers(names, specs):
        known = latest.get((UNKNOWN, name))
        found.append(Lying(name, None, "stranger", known.status if known else None, names[name].get("size")))
    found += [Lying(name, None, "writing", None, names[name].get("size")) for name in of_other_programs(names)]
    return found


def _delivery(settings: Settings, one: "Found", source: str, known: "Delivery | None") -> Lying:
    from ingest.take_in import UNSETTLED

    state: State = "new" if one.state == "complete" else one.state
    ended = known is not None and known.status not in ("waiting", "incomplete", "loading")
    if one.changed_at is not None and datetime.now(UTC) - one.changed_at < timedelta(seconds=settings.inbox_settle_seconds):
        state = "writing"
    elif known is not None and one.state == "complete" and not (one.changed_at and one.changed_at > known.received_at):
        left = known.status == "waiting" and (known.reason or "").startswith(UNSETTLED)
        state = "settled" if ended else "writing" if left else "new"
    return Lying(one.file_name, source, state, known.status if known else None, one.size, one.changed_at)


def _latest(settings: Settings, departments: Collection[str]) -> "dict[tuple[str, str], Delivery]":
    """The newest record of each file, by source and name."""
    from ingest import ledger

    with session(settings, "bureau_evaluator") as connection:
        found = ledger.deliveries(connection, "department = any(%(departments)s)", {"departments": list(departments)})
    return {(one.source, one.file_name): one for one in sorted(found, key=lambda one: one.delivery_id)}
