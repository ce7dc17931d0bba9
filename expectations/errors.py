"""The room's one exception."""

from __future__ import annotations

from ingest.errors import IngestError


class CheckError(IngestError):
    """A check could not be made: our fault, never a finding about the delivery. Names rules and exception types, no cell."""
