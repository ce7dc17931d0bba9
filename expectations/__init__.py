"""Is this delivery acceptable? Rules made from the source's spec, one scan of the partition, judged by Great Expectations.

Importing this package costs nothing: Great Expectations (3 to 6 s) is imported by `warm()` or by the first `check()`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.errors import CheckError
from expectations.facts import DeliveryFacts
from expectations.rules import Rule, rules_of

if TYPE_CHECKING:
    from expectations.checkpoint import Checkpoint
    from ingest.accept import Verdict
    from ingest.spec import SourceSpec

__all__ = ["CheckError", "DeliveryFacts", "Rule", "check", "checking", "rules_of", "warm"]


def warm() -> None:
    """Import the engine and make its context: call it once before forking, so that no task pays for it. Opens no connection."""
    from expectations.engine import context

    context()


def check(conninfo: str, spec: SourceSpec, delivery: DeliveryFacts) -> Verdict:
    """Check the loaded partition of one delivery; see `expectations.checkpoint.Checkpoint.check`."""
    with checking(conninfo, spec) as one:
        return one.check(delivery)


def checking(conninfo: str, spec: SourceSpec) -> Checkpoint:
    """What checks a run of deliveries of a source over the same connections."""
    from expectations.checkpoint import Checkpoint

    return Checkpoint(conninfo, spec)
