"""Why a source's night broke off, or found nothing: in the form of `ledger.source_night.reason`, for `warehouse.reasons`."""

from typing import TYPE_CHECKING

from warehouse.connections import place_of
from warehouse.errors import BureauError
from warehouse.settings import Settings

if TYPE_CHECKING:
    from ingest.spec import SourceSpec
    from ingest.transport_place import Place


def place_for(settings: Settings, spec: "SourceSpec", inbox: str | None) -> "Place":
    """Where the source's department delivers; see `place_of`.

    Raises InboxUnreachable when the setting `inboxes` names a department that no source is of and not this one: nobody can say
    whether this one was meant, and looking into the common inbox instead would find that nothing came.
    """
    from ingest.errors import InboxUnreachable
    from ingest.spec import all_specs

    if inbox is None and settings.inboxes and spec.department not in settings.inboxes:
        known = {one.department for one in all_specs().values()}
        if unknown := sorted(settings.inboxes.keys() - known):
            said = f"known: {', '.join(sorted(known))}"
            raise InboxUnreachable(spec.department, ", ".join(unknown), "unknown_department", said)
    return place_of(settings, spec.department, inbox)


def of_failure(error: BaseException | None) -> str | None:
    """What people can do something about; None for a fault of the program, which its log tells."""
    import psycopg

    from expectations import CheckError
    from ingest.errors import ArchiveUnwritable, InboxUnreachable

    if isinstance(error, CheckError):
        return "delivery.check"
    if isinstance(error, InboxUnreachable):
        return f"inbox.{error.kind} at {error.where}: {error.reason}"
    if isinstance(error, ArchiveUnwritable):
        return f"archive.unwritable at {error.archive}: {error.reason}"
    if isinstance(error, psycopg.errors.DiskFull):
        return "database.full"
    if isinstance(error, psycopg.OperationalError):
        return "database.lost"
    return str(error) if isinstance(error, BureauError) else None


def of_missing(settings: Settings, spec: "SourceSpec", inbox: str | None) -> str | None:
    """Why nothing can have come: the inbox that all share has no folder of the department."""
    from ingest.errors import InboxUnreachable
    from ingest.inbox import Inbox

    try:
        place = place_for(settings, spec, inbox)
        with Inbox(place, spec.department) as box:
            box.look_again()
    except FileNotFoundError:
        return f"inbox.no_department_folder at {place.folder_of(spec.department)}"
    except (InboxUnreachable, OSError):
        pass  # it was there when the deliveries were taken in
    return None
