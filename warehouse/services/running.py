"""Services for the length of a command: what it needs is started, and whoever leaves last stops what was only borrowed.

Commands that run at the same time share what the first one started. A file in `run/` says that a service was started for
commands only; `up` takes it away, so that the service stays.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.services import airflow, postgres, session
from warehouse.settings import Settings, make_folders


def up(settings: Settings, say: airflow.Say = lambda step: None) -> list[str]:
    """Start all services that do not run, to stay; the names of those started now ("postgresql" and Airflow's)."""
    say("postgresql")
    started = ["postgresql"] if session.prepare(settings) else []
    started += airflow.ensure_running(settings, say)
    for name in ("postgresql", "airflow"):
        _borrowed(settings, name).unlink(missing_ok=True)
    return started


def down(settings: Settings) -> None:
    """Stop all services, also those that commands borrow."""
    airflow.stop(settings)
    postgres.stop(settings)
    for name in ("postgresql", "airflow"):
        _borrowed(settings, name).unlink(missing_ok=True)


@contextmanager
def running_services(
    settings: Settings, *, with_airflow: bool = True, say: airflow.Say = lambda step: None
) -> Iterator[Settings]:
    """PostgreSQL, migrated, and Airflow for the length of the block; afterwards everything is as it was found."""
    make_folders(settings)
    descriptor = os.open(settings.run / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)  # waits while the last one to leave stops what was borrowed
        _borrow(settings, with_airflow, say)
        yield settings
    finally:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _give_back(settings)
        except BlockingIOError:
            pass  # another command is still at work: it gives back
        finally:
            os.close(descriptor)


def _borrow(settings: Settings, with_airflow: bool, say: airflow.Say) -> None:
    """The mark is set before the start: a start that is cut off is cleared away by the next command."""
    if not postgres.is_running(settings):
        _borrowed(settings, "postgresql").touch()
    say("postgresql")
    session.prepare(settings)
    if with_airflow:
        if all(one.state != "running" for one in airflow.conditions(settings)):
            _borrowed(settings, "airflow").touch()
        airflow.ensure_running(settings, say)


def _give_back(settings: Settings) -> None:
    # Airflow first, and always when its database goes
    if _borrowed(settings, "airflow").exists() or _borrowed(settings, "postgresql").exists():
        airflow.stop(settings)
        _borrowed(settings, "airflow").unlink(missing_ok=True)
    if _borrowed(settings, "postgresql").exists():
        postgres.stop(settings)
        _borrowed(settings, "postgresql").unlink(missing_ok=True)


def _borrowed(settings: Settings, name: str) -> Path:
    return settings.run / f"{name}.borrowed"
