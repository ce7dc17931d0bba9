"""One at a time: of two runs of the same step one works, the other says that it waits, and then finds nothing left to do."""

from __future__ import annotations

import logging
from typing import Any

import psycopg

log = logging.getLogger(__name__)


def take_lock(connection: psycopg.Connection[Any], what: str) -> None:
    """Take the lock named `what`; it goes with the connection, also when the process is killed."""
    free = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [what]).fetchone()
    if free is None or not free[0]:
        log.warning("another process is at work on «%s» already: this one waits for it and then does what is left", what)
        connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [what])
