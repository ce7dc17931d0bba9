"""A database that is ready for a command."""

from warehouse.migrate import migrate
from warehouse.secret_key import check_fingerprint
from warehouse.services import postgres
from warehouse.settings import Settings, make_folders


def prepare(settings: Settings) -> bool:
    """A running, migrated database whose key fits. True when the server was started by this call.

    When anything goes wrong a server that this call started is stopped again.
    """
    make_folders(settings)
    started = postgres.ensure_running(settings)
    try:
        migrate(settings)
        check_fingerprint(settings)
    except BaseException:
        if started:
            postgres.stop(settings)
        raise
    return started
