"""Finding the terms of a dictionary in a text: from the left, the longest first, none overlapping."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from ingest.errors import SpecError

T = TypeVar("T")

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Found(Generic[T]):
    """One term in a text: `text[start:end]`, and what the dictionary says of it."""

    start: int
    end: int
    what: T


class Terms(Generic[T]):
    """A dictionary ready for finding. One pass over the text; time grows with the text, not with the dictionary."""

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        self._entries = dict(entries)
        lengths: dict[str, set[int]] = {}
        for term in self._entries:
            lengths.setdefault(term[0], set()).add(len(term))
        self._lengths = {first: tuple(sorted(found, reverse=True)) for first, found in lengths.items()}

    def find(self, text: str) -> Iterator[Found[T]]:
        """The terms of the text in their order."""
        entries, lengths = self._entries, self._lengths
        after = 0
        for start, first in enumerate(text):
            if first not in lengths or start < after:
                continue
            for length in lengths[first]:
                term = text[start : start + length]
                if term in entries:
                    after = start + length
                    yield Found(start, after, entries[term])
                    break


def plain(text: str) -> str:
    """Compatibility forms made one (full-width letters, digits, brackets), blanks left out."""
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    return "".join(text.split())


def rows(name: str, columns: tuple[str, ...], folder: Path) -> list[dict[str, str]]:
    """The rows of a data file; lines that begin with `#` are remarks. Raises SpecError when its columns are not as promised."""
    path = folder / name
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(line for line in file if not line.startswith("#"))
            found = list(reader)
    except FileNotFoundError:
        raise SpecError(f"{name}: there is no such file in {folder}") from None
    if tuple(reader.fieldnames or ()) != columns:
        raise SpecError(f"{name}: the columns are {', '.join(reader.fieldnames or ())}, not {', '.join(columns)}")
    for number, row in enumerate(found, 1):
        if None in row or None in row.values():
            raise SpecError(f"{name}: row {number} has not {len(columns)} fields")
    return found
