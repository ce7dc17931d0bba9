"""Files in a department's folder that no source claims: a misspelt name must not mean that a delivery is never missed."""

from __future__ import annotations

from collections.abc import Iterable

from ingest import ledger
from ingest.ddl import Conn
from ingest.inbox import MANIFEST, Inbox, endings_of, stem_of
from ingest.spec import SourceSpec, all_specs

UNKNOWN = "unknown"
"""What `ledger.delivery.source` says of such a file."""

_OF_OTHER_PROGRAMS = (".tmp", ".part", ".filepart", ".partial", ".crdownload", ".swp", ".writing", "~")
_REASON = "file.unknown_source at file name: no source of this department has files of this name"


def strangers(names: Iterable[str], specs: Iterable[SourceSpec]) -> list[str]:
    """The names that no source of a department (`specs`) claims, by name; a data file and its manifest are both named. Hidden
    files and those that another program is still writing are none."""
    claimed = [(f"{spec.name}_", (*endings_of(spec), MANIFEST)) for spec in specs]
    return sorted(
        name
        for name in names
        if not any(name.startswith(prefix) and name.endswith(endings) for prefix, endings in claimed)
        and not _is_of_another_program(name)
    )


def of_other_programs(names: Iterable[str]) -> list[str]:
    """The names under which programs write what they have not finished, by name; hidden files are nobody's matter."""
    return sorted(name for name in names if _is_of_another_program(name) and not name.startswith("."))


def _is_of_another_program(name: str) -> bool:
    return name.startswith((".", "~")) or name.lower().endswith(_OF_OTHER_PROGRAMS)


def note_strangers(connection: Conn, inbox: Inbox, spec: SourceSpec, region: str) -> None:
    """Record each stranger of the folder as refused, once. `spec` is a source of the department."""
    endings = endings_of(spec)
    names = inbox.files()
    if all(name.startswith(f"{spec.name}_") and stem_of(name, endings) for name in names):
        return  # nothing but this source's: no need to know the others
    found = strangers(names, [other for other in all_specs().values() if other.department == spec.department])
    if not found:
        return
    with connection.transaction():
        ledger.lock_source(connection, UNKNOWN, spec.department)  # two sources of a department may look at once
        for name in found:
            if ledger.latest_of_file(connection, UNKNOWN, name) is None:
                ledger.record(
                    connection,
                    {
                        "source": UNKNOWN,
                        "department": spec.department,
                        "region": region,
                        "file_name": name,
                        "status": "refused",
                        "reason": _REASON,
                    },
                )
