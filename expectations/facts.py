"""What the load knows about a delivery and the checks need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class DeliveryFacts:
    """rows: the manifest's number of data rows. totals_differing: columns (warehouse names) whose control total, in the manifest
    or in the trailer, is not the sum that the load pass counted; the sums themselves stay out, one row's sum being its cell.
    """

    delivery_id: int
    region: str
    business_date: date
    rows: int
    totals_differing: tuple[str, ...] = ()
