"""Deliveries over real servers: a web server's index pages, and OpenSSH's SFTP, whose key is held against the known one."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingest.context import LoadContext
from ingest.errors import InboxUnreachable
from ingest.inbox import Inbox, scan
from ingest.take_in import take_in
from ingest.transport import Place
from tests.extracts import DAY, fixture_rows, write_extract
from tests.integration.ingest.conftest import SPECS, ctx, server

pytestmark = pytest.mark.integration
__all__ = ["ctx", "server"]
SPEC = SPECS["registrations"]
SSHD = shutil.which("sshd") or "/usr/sbin/sshd"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class _Breaking(_Quiet):
    """Breaks off in the middle of the first answer to each data file; takes up where it is asked to."""

    seen: set[str]

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            return super().do_GET()
        data = path.read_bytes()
        first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        broken = self.path.endswith(".csv") and self.path not in self.seen
        self.seen.add(self.path)
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(data) - first))
        self.send_header("ETag", '"1"')
        self.end_headers()
        self.wfile.write(data[first : first + 100] if broken else data[first:])
        self.wfile.flush()
        if broken:
            self.connection.shutdown(socket.SHUT_RDWR)
        return None


@pytest.fixture
def delivered(tmp_path: Path) -> Path:
    inbox = tmp_path / "served"
    write_extract(SPEC, fixture_rows("registrations", "good") * 300, inbox)
    return inbox


def web(folder: Path, handler: type[SimpleHTTPRequestHandler]) -> ThreadingHTTPServer:
    served = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    threading.Thread(target=served.serve_forever, daemon=True).start()
    return served


@dataclass(frozen=True)
class Sftp:
    """A running server: its port, and a place of its with everything that it takes to get in."""

    port: int
    place: Place


@pytest.fixture
def sftp(tmp_path: Path, delivered: Path) -> Iterator[Sftp]:
    if not Path(SSHD).exists():
        pytest.skip("OpenSSH's server is not installed (package openssh-server)")
    folder = tmp_path / "ssh"
    folder.mkdir(mode=0o700)
    for name in ("host", "client"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    shutil.copy(folder / "client.pub", folder / "authorized")
    (folder / "authorized").chmod(0o600)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\nStrictModes no\n"
        f"UsePAM no\nPasswordAuthentication no\nPidFile none\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n"
    )
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(config)], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        options = {
            "username": getpass.getuser(),
            "private_key": (folder / "client").read_text(),
            "host_key": " ".join((folder / "host.pub").read_text().split()[:2]),
        }
        yield Sftp(port, Place(f"sftp://127.0.0.1:{port}{delivered}", options))
    finally:
        process.terminate()
        process.wait()


def rows(context: LoadContext) -> list[tuple[str, int]]:
    with context.connect() as connection:
        return connection.execute("select status, rows_in_file from ledger.delivery order by 1").fetchall()


@pytest.mark.parametrize("handler", [_Quiet, _Breaking])
def test_a_web_servers_pages_are_an_inbox(ctx: LoadContext, delivered: Path, handler: type[SimpleHTTPRequestHandler]) -> None:
    _Breaking.seen = set()
    served = web(delivered, handler)
    try:
        there = replace(ctx, inbox=f"http://127.0.0.1:{served.server_port}/")
        assert len(take_in(there, SPEC, DAY)) == 1
        assert rows(there) == [("loading", 300 * len(fixture_rows("registrations", "good")))]
    finally:
        served.shutdown()
        served.server_close()


def test_an_sftp_server_is_an_inbox(ctx: LoadContext, sftp: Sftp) -> None:
    there = replace(ctx, inbox=sftp.place)
    assert len(take_in(there, SPEC, DAY)) == 1
    assert rows(there) == [("loading", 300 * len(fixture_rows("registrations", "good")))]


def test_another_host_key_ends_the_connection(ctx: LoadContext, sftp: Sftp) -> None:
    wrong = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    for options in ({**sftp.place.options, "host_key": wrong}, {k: v for k, v in sftp.place.options.items() if k != "host_key"}):
        with pytest.raises(InboxUnreachable) as caught:
            take_in(replace(ctx, inbox=Place(sftp.place.url, options)), SPEC, DAY)
        assert caught.value.kind == "host_key"
    assert rows(ctx) == []


def test_who_may_not_in_is_told_so_without_a_secret(ctx: LoadContext, sftp: Sftp) -> None:
    options = {key: value for key, value in sftp.place.options.items() if key != "private_key"} | {"password": "hidden-word"}
    with pytest.raises(InboxUnreachable) as caught:
        take_in(replace(ctx, inbox=Place(sftp.place.url, options)), SPEC, DAY)
    assert caught.value.kind == "login" and "saic" in str(caught.value)
    assert "hidden-word" not in str(caught.value) + repr(Place(sftp.place.url, options))


def test_a_server_that_is_down_is_named(ctx: LoadContext) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for scheme in ("http", "sftp"):
        with pytest.raises(InboxUnreachable) as caught:
            take_in(replace(ctx, inbox=f"{scheme}://127.0.0.1:{port}/in"), SPEC, DAY)
        assert caught.value.is_passing and str(port) in str(caught.value)


def test_a_file_that_is_still_being_written_is_waited_for(ctx: LoadContext, delivered: Path) -> None:
    data = next((delivered / "saic").glob("*.csv"))
    manifest = next((delivered / "saic").glob("*.manifest.json"))
    whole, said = data.read_bytes(), manifest.read_bytes()
    there = replace(ctx, inbox=str(delivered), settle=0.3)

    def growing(path: Path, content: bytes) -> None:
        """Written on while it is looked at."""
        for end in range(0, len(content), max(1, len(content) // 40)):
            path.write_bytes(content[:end])
            time.sleep(0.02)

    for path, content in ((manifest, said), (data, whole)):
        writer = threading.Thread(target=growing, args=(path, content))
        path.write_bytes(content[:10])
        writer.start()
        assert take_in(there, SPEC, DAY) == []
        writer.join()
        path.write_bytes(content)
        assert [status for status, _ in rows(ctx)] == ["waiting"]
    assert len(take_in(there, SPEC, DAY)) == 1
    with Inbox(str(delivered), "saic") as inbox:
        assert [found.state for found in scan(inbox, SPEC)] == ["complete"]
