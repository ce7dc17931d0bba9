"""Nights of an invented city, written as real deliveries: late, replaced, refused, full and repeated ones among them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from ingest.spec import all_specs
from tests.extracts import write_extract

from .random_rows import Invention, Row

# how many different keys there are to draw from; all of them come in the first night
KEYS = {
    "registrations": 60,
    "tax_national": 90,
    "tax_local": 60,
    "loans": 96,
    "employment": 110,
    "training": 60,
    "survey": 60,
    "population": 12,
}
FULL_ONLY = ("survey", "population")
NIGHTS = (date(2010, 12, 29), date(2010, 12, 30), date(2010, 12, 31))


class RandomCity:
    """Writes the deliveries of a seed night by night into one inbox."""

    def __init__(self, seed: int, inbox: Path) -> None:
        self._invent = Invention(seed)
        self._random = self._invent.random
        self._inbox = inbox
        self._specs = all_specs()

    def arrive(self, night: date) -> None:
        """Everything that comes in a night."""
        for source in KEYS:
            if night == NIGHTS[0]:
                self._deliver(source, night, self._rows(source, KEYS[source]), "full")
            elif source in FULL_ONLY:
                if self._random.random() < 0.6 or night == NIGHTS[-1]:
                    self._deliver(source, night, self._rows(source, KEYS[source]), "full", self._sequence())
            else:
                self._nightly(source, night)

    def _nightly(self, source: str, night: date) -> None:
        what = self._random.random()
        if what < 0.2:
            self._deliver(source, night, self._most(source), "full")
        elif what < 0.4:  # the first is replaced, and what it alone said is forgotten
            self._deliver(source, night, self._some(source), "delta", 1)
            kind = self._random.choice(("delta", "full"))
            self._deliver(source, night, self._most(source) if kind == "full" else self._some(source), kind, 2)
        elif what < 0.5:  # a refused higher sequence replaces nothing
            self._deliver(source, night, self._some(source), "delta", 1)
            self._deliver(source, night, self._some(source), "delta", 2, {"rows": 99_999})
        else:
            self._deliver(source, night, self._some(source), "delta")
        if self._random.random() < 0.3:  # out of order: of a day long gone, loaded in its place
            self._deliver(source, date(2010, 12, 27), self._some(source), "delta", night.day - 28)
        if self._random.random() < 0.15:  # of the night before once more
            self._deliver(source, date.fromordinal(night.toordinal() - 1), self._most(source), "full", 3)

    def _sequence(self) -> int:
        return self._random.choice((1, 2))

    def _rows(self, source: str, count: int) -> list[Row]:
        return [self._invent.row(source, n) for n in range(count)]

    def _some(self, source: str) -> list[Row]:
        """A part of the keys in any order, some of them twice."""
        numbers = self._random.sample(range(KEYS[source]), self._random.randrange(KEYS[source] // 2))
        return [self._invent.row(source, n) for n in (*numbers, *numbers[:2])]

    def _most(self, source: str) -> list[Row]:
        """All keys but a few, which are gone."""
        return [self._invent.row(source, n) for n in range(KEYS[source]) if self._random.random() < 0.9]

    def _deliver(
        self, source: str, day: date, rows: list[Row], kind: str, sequence: int = 1, false: dict[str, Any] | None = None
    ) -> None:
        write_extract(self._specs[source], rows, self._inbox, day, sequence, kind, None, false)
