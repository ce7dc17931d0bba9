"""The rules of a source on a business date, made once for the many rows that ask for them."""

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expectations.predicates import Lists
    from expectations.rules import Rule


@lru_cache(maxsize=64)
def rules_on(source: str, day: date, region: str) -> "tuple[Rule, ...]":
    """As `expectations.rules_of`."""
    from expectations.rules import rules_of
    from ingest.spec import load_spec

    return rules_of(load_spec(source), day, region, _lists())


@lru_cache(maxsize=1)
def _lists() -> "Lists":
    from expectations.predicates import Lists

    return Lists.from_seeds()
