"""The room's one exception."""

from __future__ import annotations

from collections.abc import Mapping

from ingest.errors import IngestError

ENGINE = "delivery.check"
"""What stands for the rule when no single rule could be blamed."""


class CheckError(IngestError):
    """A check could not be made: our fault, never a finding about the delivery. Names rules and exception types, no cell.

    `raised` has the type of the exception by rule.
    """

    def __init__(self, message: str, raised: Mapping[str, str]) -> None:
        super().__init__(message)
        self.raised = dict(raised)
