"""What loading needs to know about the world, given by the caller."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from ingest.transport_place import Place


@dataclass(frozen=True)
class LoadContext:
    """Where things are.

    conninfo   of the bureau's database, taking the role bureau_loader.
    archive    folder of the archive.
    inbox      folder or fsspec URL with the departments' folders below it, or a Place.
    region     the city's code; a delivery of another region is refused.
    key        of the pseudonyms, 32 bytes; never shown.
    today      the day on which the deliveries came: a later business date is refused. A night that is played later gives the day
               after its business day, or the real day when the inbox holds coming nights too.
    settle     seconds: files whose bytes do not agree yet and that changed so lately (or still do) are waited for, not refused.
    """

    conninfo: str = field(repr=False)
    archive: Path
    inbox: str | Place
    region: str
    key: bytes = field(repr=False)
    today: date
    settle: float = 0.0

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection in autocommit: each `with connection.transaction()` is one transaction."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            yield connection
