"""All coders on one row, and the version of what they say."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from ingest.codes import SEEDS
from ingest.coding.capital import Currencies
from ingest.coding.places import Gazetteer
from ingest.coding.sections import Sections
from ingest.coding.terms import DATA
from ingest.coding.types import EntityTypes


@dataclass(frozen=True)
class Texts:
    """What a row says in free text; None is blank. `uscc` is its unified social credit code."""

    uscc: str | None
    name: str | None
    scope: str | None
    address: str | None
    enttype: str | None = None
    capital: str | None = None


@dataclass(frozen=True)
class Coding:
    """What the coders make of it, in the order of register.coding's columns; None is unknown."""

    region: str | None
    town: str | None
    town_by: str | None
    town_said_by: str | None
    section: str | None
    section_by: str | None
    section_said_by: str | None
    enttype: str | None
    capital: Decimal | None
    currency: str | None


class Coder:
    """The coders of one region."""

    def __init__(self, region: str) -> None:
        self._places, self._sections = Gazetteer(region), Sections()
        self._types, self._money = EntityTypes(), Currencies()

    def code(self, texts: Texts, day: date) -> Coding:
        """Code one row as delivered on a business date. Never raises; N/A is how listings write a blank."""
        scope = None if texts.scope == "N/A" else texts.scope
        uscc = texts.uscc or ""
        place = self._places.place(texts.address, day, uscc[2:8] or None, texts.name)
        section = self._sections.section(scope, texts.name)
        capital = self._money.read(texts.capital)
        return Coding(
            place.region,
            place.town,
            place.by,
            place.said_by,
            section.section,
            section.by,
            section.said_by,
            self._types.code(texts.uscc, texts.enttype, texts.name),
            capital.amount if capital else None,
            capital.currency if capital else None,
        )


def version() -> str:
    """Changes with the coders, their data files and the list of towns."""
    digest = hashlib.sha256()
    for path in [*sorted(Path(__file__).parent.glob("*.py")), *sorted(DATA.glob("*.csv")), SEEDS / "geography.csv"]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]
