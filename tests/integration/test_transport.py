"""Deliveries over real servers, reached as a bureau reaches them: through its bureau.toml and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import psycopg
import pytest
from cryptography.fernet import Fernet

from ingest.context import LoadContext
from ingest.errors import InboxUnreachable
from ingest.inbox import Inbox, scan
from tests.extracts import DAY, fixture_rows, write_extract
from tests.integration.ingest.conftest import KEY, SPECS, ctx, server
from tests.integration.nights import _quiet as quiet
from tests.integration.nights import rows
from tests.integration.servers import (
    Breaking,
    Guarded,
    OpenSsh,
    Quiet,
    free_port,
    object_store,
    open_ssh,
    password_sftp,
    web,
)
from warehouse import settings as module
from warehouse.connections import place_of
from warehouse.errors import BureauError
from warehouse.night import accept, take_in
from warehouse.services import airflow_environment, postgres
from warehouse.settings import Settings, load_settings

pytestmark = pytest.mark.integration
__all__ = ["ctx", "server"]
SPEC = SPECS["registrations"]
LOADED = [("loading", 300 * len(fixture_rows("registrations", "good")))]
Configure = Callable[[str], Settings]


@pytest.fixture
def delivered(tmp_path: Path) -> Path:
    inbox = tmp_path / "served"
    write_extract(SPEC, fixture_rows("registrations", "good") * 300, inbox)
    return inbox


@pytest.fixture
def configure(ctx: LoadContext, server: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Write bureau.toml; the settings that come of it. The ledger is emptied afterwards."""

    def write(text: str) -> Settings:
        file = tmp_path / "bureau.toml"
        file.write_text(text, encoding="utf-8")
        monkeypatch.setattr(module, "CONFIG_FILE", file)
        return load_settings(home=server.home, pseudonym_key=KEY.hex())

    return write


def ledger(settings: Settings) -> list[tuple[str, int]]:
    return rows(settings, "select status, rows_in_file from ledger.delivery order by 1")


def night(settings: Settings) -> list[tuple[str, int]]:
    """What the ledger says after the night."""
    take_in(settings, SPEC.name, DAY)
    return ledger(settings)


@pytest.mark.parametrize("handler", [Quiet, Breaking])
def test_a_web_servers_pages_are_an_inbox(configure: Configure, delivered: Path, handler: type[Quiet]) -> None:
    Breaking.seen.clear()
    with web(delivered, handler) as port:
        assert night(configure(f'inbox = "http://127.0.0.1:{port}/"')) == LOADED


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are fetched."""
    names: list[str] = []
    open_ = Inbox.open

    def watched(inbox: Inbox, name: str) -> BinaryIO:
        names.append(name)
        return open_(inbox, name)

    monkeypatch.setattr(Inbox, "open", watched)
    return names


@pytest.mark.parametrize("lines", ['login = "统计"\npassword = "word of the day"', 'token = "token-of-the-day"'])
def test_a_web_server_that_asks_who_we_are(configure: Configure, delivered: Path, lines: str) -> None:
    with web(delivered, Guarded) as port:
        settings = f'inboxes = {{saic = "http://gate@127.0.0.1:{port}/saic"}}\n[connections.gate]\n'
        with pytest.raises(InboxUnreachable) as caught:
            night(configure(settings + lines.replace("day", "night")))
        assert caught.value.kind == "login" and "night" not in str(caught.value)
        assert night(configure(settings + lines)) == LOADED


@pytest.fixture
def ssh(tmp_path: Path) -> OpenSsh:
    with open_ssh(tmp_path / "ssh") as running:
        yield running


def sftp(ssh: OpenSsh, delivered: Path, *lines: str) -> str:
    return "\n".join([
        f'inboxes = {{saic = "sftp://saic_conn@127.0.0.1:{ssh.port}{delivered}/saic"}}',
        "[connections.saic_conn]",
        f'login = "{ssh.user}"',
        *lines,
    ])  # fmt: skip


def test_sftp_with_a_key_file_and_known_hosts(configure: Configure, delivered: Path, ssh: OpenSsh) -> None:
    lines = [f'key_file = "{ssh.key_file}"', f'known_hosts = "{ssh.known_hosts()}"']
    assert night(configure(sftp(ssh, delivered, *lines))) == LOADED


def test_sftp_with_a_pinned_key_through_airflows_variable(
    configure: Configure, delivered: Path, ssh: OpenSsh, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"private_key": ssh.key_file.read_text(), "host_key": ssh.host_key, "no_host_key_check": "false"}
    given = {"conn_type": "sftp", "login": ssh.user, "host": "127.0.0.1", "port": ssh.port, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SAIC_CONN", json.dumps(given))
    assert night(configure(f'inboxes = {{saic = "sftp://saic_conn@{delivered}/saic"}}')) == LOADED


WRITTEN_BY_AIRFLOW = """
import json, sys
from airflow import settings
from airflow.models.connection import Connection
from airflow.models.team import Team
settings.initialize()
Connection.metadata.create_all(settings.engine, tables=[Team.__table__, Connection.__table__])
with settings.Session() as session:
    session.add(Connection(**json.load(sys.stdin)))
    session.commit()
"""


def test_sftp_with_a_connection_that_was_entered_in_airflow(configure: Configure, delivered: Path, ssh: OpenSsh) -> None:
    settings = configure(f'inboxes = {{saic = "sftp://saic_conn@{delivered}/saic"}}')
    extra = {"private_key": ssh.key_file.read_text(), "host_key": ssh.host_key}
    given = {"conn_id": "saic_conn", "conn_type": "sftp", "login": ssh.user, "host": "127.0.0.1", "port": ssh.port}
    subprocess.run(
        [sys.executable, "-c", WRITTEN_BY_AIRFLOW],
        env=airflow_environment.environment(settings),
        input=json.dumps(given | {"password": "word of the day", "extra": json.dumps(extra)}),
        text=True,
        check=True,
    )
    with psycopg.connect(postgres.conninfo(settings, database=postgres.AIRFLOW_DATABASE)) as connection:
        (stored,) = connection.execute("select password, extra, is_encrypted, is_extra_encrypted from connection").fetchall()
    assert stored[2:] == (True, True)
    assert "word of" not in stored[0] and "PRIVATE KEY" not in stored[1] and "ssh-ed25519" not in stored[1]
    place = place_of(settings, "saic")
    assert (place.access.password, place.access.private_key) == ("word of the day", extra["private_key"])
    assert night(settings) == LOADED
    key = settings.secrets / "airflow_fernet.key"
    right = key.read_text()
    key.write_text(Fernet.generate_key().decode())
    try:
        with pytest.raises(BureauError) as caught:
            place_of(settings, "saic")
        assert caught.value.key == "connections.unreadable"
    finally:
        key.write_text(right)


def test_sftp_with_a_password(configure: Configure, delivered: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("word of the night\n")
    with password_sftp("stats", "word of the day") as (port, host_key):
        settings = configure(
            f'inbox = "sftp://all@127.0.0.1:{port}{delivered}"\n[connections.all]\nlogin = "stats"\n'
            f'password_file = "{secret}"\nhost_key = "{host_key}"\n'
        )
        with pytest.raises(InboxUnreachable) as caught:
            night(settings)
        assert caught.value.kind == "login" and "word of" not in str(caught.value)
        secret.write_text("word of the day\n")
        assert night(settings) == LOADED


def test_another_host_key_or_none_ends_the_connection(configure: Configure, delivered: Path, ssh: OpenSsh) -> None:
    wrong = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    nowhere = f'known_hosts = "{delivered}/none"'
    for line in (f'host_key = "{wrong}"', 'host_key = "ssh-ed25519 no-key"', nowhere):
        settings = configure(sftp(ssh, delivered, f'key_file = "{ssh.key_file}"', line))
        with pytest.raises(InboxUnreachable) as caught:
            take_in(settings, SPEC.name, DAY)
        assert caught.value.kind == "host_key"
        assert ledger(settings) == []


def test_a_key_file_that_is_not_there_is_no_empty_inbox(configure: Configure, delivered: Path, ssh: OpenSsh) -> None:
    settings = configure(sftp(ssh, delivered, 'key_file = "/nowhere/key"', f'host_key = "{ssh.host_key}"'))
    with pytest.raises(InboxUnreachable, match="/nowhere/key") as caught:
        take_in(settings, SPEC.name, DAY)
    assert caught.value.kind == "login"


def test_an_object_store_is_an_inbox(configure: Configure, delivered: Path, opened: list[str]) -> None:
    import boto3

    data = next((delivered / "saic").glob("*.csv"))

    with object_store() as url:
        names = {"aws_access_key_id": "bureau", "aws_secret_access_key": "hidden-word", "region_name": "us-east-1"}
        store = boto3.client("s3", endpoint_url=url, **names)
        store.create_bucket(Bucket="deliveries")
        for path in (delivered / "saic").iterdir():
            store.put_object(Bucket="deliveries", Key=f"to/stats/{path.name}", Body=path.read_bytes())
        toml = (
            f'inboxes = {{saic = "s3://store@deliveries/to/stats"}}\n[connections.store]\nlogin = "bureau"\n'
            f'password = "hidden-word"\nendpoint = "{url}"\nregion = "us-east-1"\n'
        )
        key = f"to/stats/{data.name}"
        store.put_object(Bucket="deliveries", Key=key, Body=data.read_bytes()[:-9] + b"x" * 9)
        settings = configure(toml)
        assert [night(settings) for _ in range(2)] == [[("refused", None)]] * 2
        assert opened.count(data.name) == 1, "what was refused is not fetched again"
        store.put_object(Bucket="deliveries", Key=key, Body=data.read_bytes())
        assert night(settings) == [*LOADED, ("refused", None)]
        with quiet():
            (outcome,) = accept(settings, SPEC.name, DAY)
        assert (outcome.status, outcome.rows_accepted) == ("accepted", LOADED[0][1])
        assert night(settings) == [("accepted", LOADED[0][1]), ("refused", None)]
        assert opened.count(data.name) == 2
    with pytest.raises(InboxUnreachable) as caught:  # the store is down
        night(configure(toml))
    assert caught.value.is_passing and "hidden-word" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("sftp://nobody@host/in", "connections.unknown"),
        ("sftp://li:hidden-word@host/in", "connections.in_url"),
        ("https://host/in?sig=hidden-word", "connections.in_url"),
        ("ftp://host/in", "connections.scheme"),
        ("sftp://host:port/in", "connections.bad_url"),
        ("sftp:///in", "connections.no_host"),
    ],
)
def test_an_inbox_that_cannot_be_used_is_explained_without_a_secret(configure: Configure, url: str, key: str) -> None:
    with pytest.raises(BureauError) as caught:
        night(configure(f'inbox = "{url}"'))
    assert caught.value.key == key
    assert "hidden-word" not in caught.value.text("en") + caught.value.text("zh")


@pytest.mark.parametrize("scheme", ["http", "sftp"])
def test_a_server_that_is_down_is_named(configure: Configure, scheme: str) -> None:
    port = free_port()
    with pytest.raises(InboxUnreachable) as caught:
        night(configure(f'inbox = "{scheme}://127.0.0.1:{port}/in"'))
    assert caught.value.is_passing and str(port) in str(caught.value)


def test_a_file_that_is_still_being_written_is_waited_for(configure: Configure, delivered: Path) -> None:
    data = next((delivered / "saic").glob("*.csv"))
    manifest = next((delivered / "saic").glob("*.manifest.json"))
    whole, said = data.read_bytes(), manifest.read_bytes()
    settings = configure(f'inbox = "{delivered}"\ninbox_settle_seconds = 0.3')

    def growing(path: Path, content: bytes) -> None:
        """Written on while it is looked at."""
        for end in range(0, len(content), max(1, len(content) // 40)):
            path.write_bytes(content[:end])
            time.sleep(0.02)

    for path, content in ((manifest, said), (data, whole)):
        writer = threading.Thread(target=growing, args=(path, content))
        path.write_bytes(content[:10])
        writer.start()
        assert take_in(settings, SPEC.name, DAY) == []
        writer.join()
        path.write_bytes(content)
        assert [status for status, _ in ledger(settings)] == ["waiting"]
    assert len(take_in(settings, SPEC.name, DAY)) == 1
    with Inbox(str(delivered), "saic") as inbox:
        assert [found.state for found in scan(inbox, SPEC)] == ["complete"]
