"""The exceptions of this room, the whole tree::

    IngestError                  everything that this room raises on purpose
    ├── SpecError                a source spec (or a seed) is wrong: names the file and the key; a builder's fault
    ├── KeyMissing               the pseudonym key is missing or is not the one the database was begun with: the load stops
    ├── NotReady                 the database is not as this room needs it (no parent table, no partition)
    ├── InboxUnreachable         a place of deliveries is down, refuses us, or broke off: names department, place, what to do
    ├── LinkFound                a symbolic link stands where a file was listed: it is not followed
    ├── ArchiveUnwritable        the archive's disk is full, read-only or broken: names the folder and what the system said
    ├── WorkerDied               a process that helps with a load ended before its time: the load is made again
    └── DeliveryRefused          this delivery cannot be taken: rule, place and a sentence, never a cell's content

Only `DeliveryRefused` is an expected outcome of a night: it is recorded in `ledger.delivery` and the night goes on.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar


class IngestError(Exception):
    """Everything that this room raises on purpose."""


class SpecError(IngestError):
    """A source spec or a seed is wrong; the message names the file and the key."""


class KeyMissing(IngestError):
    """There is no pseudonym key, or it is not the one whose fingerprint the database holds."""


class NotReady(IngestError):
    """The database lacks something that `ingest.ddl` or the migrations should have made."""


class InboxUnreachable(IngestError):
    """The place where a department delivers cannot be read; nothing is known of what lies there.

    `kind` is `unreachable` (down, no answer in time, broken off), `login` (it refuses us), `host_key` (it is not the server
    that it should be), `no_folder` (the place of the settings does not exist) or `unknown_department` (the settings name one).
    `where` is the place without user and password, `reason` what the library said, without secrets.
    """

    _ADVICE: ClassVar[dict[str, str]] = {
        "unreachable": "it does not answer, or broke off: see whether the server is up and the network lets us through; "
        "try again",
        "login": "it refuses us: see the connection's login, password or key, and what the login may read there",
        "no_folder": "there is no such folder: make it, or correct the setting (inbox, inboxes)",
        "unknown_department": "the setting inboxes names this department, which no source is of: correct the name",
        "host_key": "its host key is not the known one: ask the department for the key's fingerprint and compare before it is "
        "entered in known_hosts or in the connection's host_key",
    }

    def __init__(self, department: str, where: str, kind: str, reason: str) -> None:
        super().__init__(f"the inbox of {department} at {where}: {self._ADVICE[kind]} ({reason})")
        self.department = department
        self.where = where
        self.kind = kind
        self.reason = reason

    @property
    def is_passing(self) -> bool:
        """Whether trying again may help."""
        return self.kind == "unreachable"


class LinkFound(IngestError):
    """A symbolic link stands where a file was listed a moment ago."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is a symbolic link: it is not followed")


class ArchiveUnwritable(IngestError):
    """The archive cannot be written. Nothing of the delivery stands; the night can be run again when there is room."""

    def __init__(self, archive: Path, reason: str) -> None:
        super().__init__(
            f"the archive {archive} cannot be written: {reason}. Nothing of the delivery stands: "
            "see that the disk has room and may be written, and run the night again"
        )
        self.archive = archive
        self.reason = reason


class WorkerDied(IngestError):
    """A process that makes rows for a load was killed or met an error of ours; nothing of the load stands."""


class DeliveryRefused(IngestError):
    """A delivery is refused whole.

    `rule` is a rule id (`file.encoding`, `manifest.rows` …), `place` says where (`byte 812`, `line 3`, `column REGNO`),
    `detail` says what in words without quoting any cell of the file.
    """

    def __init__(self, rule: str, place: str, detail: str) -> None:
        super().__init__(f"{rule} at {place}: {detail}" if place else f"{rule}: {detail}")
        self.rule = rule
        self.place = place
        self.detail = detail
