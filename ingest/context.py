"""What loading needs to know about the world, given by the caller."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psycopg


@dataclass(frozen=True)
class LoadContext:
    """Where things are.

    conninfo   of the bureau's database, taking the role bureau_loader.
    archive    folder of the archive.
    inbox      folder or fsspec URL; the departments' folders are below it.
    region     the city's code; a delivery of another region is refused.
    key        of the pseudonyms, 32 bytes; never shown.
    today      the day on which the deliveries came: a later business date is refused. A night that is played later gives the day
               after its business day, or the real day when the inbox holds coming nights too.
    """

    conninfo: str = field(repr=False)
    archive: Path
    inbox: str
    region: str
    key: bytes = field(repr=False)
    today: date

    @contextmanager
    def connect(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection in autocommit: each `with connection.transaction()` is one transaction."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            yield connection
