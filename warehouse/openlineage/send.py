"""Where events go: a file or an HTTP server, by the setting `openlineage_url`. Nothing that goes wrong here stops a night."""

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg

from warehouse.files import locked
from warehouse.openlineage.names import Names, Told
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings

if TYPE_CHECKING:
    from openlineage.client.transport import Transport

Connection = psycopg.Connection[Any]
_log = logging.getLogger(__name__)
_RETRY = {"total": 2, "backoff_factor": 0.3, "status_forcelist": [500, 502, 503, 504], "allowed_methods": ["POST"]}


def tell_deliveries(settings: Settings, source: str, deliveries: list[int]) -> None:
    """Tell of loads and checks."""

    def told(connection: Connection, names: Names) -> Iterable[Told]:
        from ingest.spec import load_spec
        from warehouse.openlineage.deliveries import of_deliveries

        return of_deliveries(connection, names, load_spec(source), deliveries)

    _tell(settings, told)


def tell_build(settings: Settings, build_id: int) -> None:
    """Tell of a build that has ended, and of dbt in it."""

    def told(connection: Connection, names: Names) -> Iterable[Told]:
        from warehouse.lineage.read import columns_of_tables
        from warehouse.openlineage.models import of_build

        return of_build(connection, names, settings.dbt_target, columns_of_tables(connection), build_id)

    _tell(settings, told)


def _tell(settings: Settings, told: Callable[[Connection, Names], Iterable[Told]]) -> None:
    if settings.openlineage_url is None:
        return
    try:
        with psycopg.connect(conninfo(settings, role="bureau_evaluator"), autocommit=True) as connection:
            events = [event for one in told(connection, Names.of(settings)) for event in one.events()]
        # a line that is longer than a buffer is written in pieces: those of two processes must not mix
        with locked(settings.run / "openlineage.lock"):
            transport = _transport(settings)
            for event in events:
                transport.emit(event)
            transport.close(10)
    except Exception:
        _log.warning("lineage events were not delivered to %s", settings.openlineage_url, exc_info=True)


def _transport(settings: Settings) -> "Transport":
    from openlineage.client.transport.file import FileConfig, FileTransport
    from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport

    url = str(settings.openlineage_url)
    if urlsplit(url).scheme not in ("http", "https"):
        return FileTransport(FileConfig(log_file_path=url, append=True))
    key = settings.openlineage_api_key
    config = HttpConfig(url=url, retry=_RETRY)
    if key is not None:
        config.auth = ApiKeyTokenProvider({"api_key": key.get_secret_value()})
    return HttpTransport(config)
