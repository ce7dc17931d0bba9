"""Servers that departments deliver to, each a real one on a free port: OpenSSH, paramiko's (for passwords), web, S3."""

from __future__ import annotations

import base64
import getpass
import hashlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import paramiko
import psutil
import pytest

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass(frozen=True)
class OpenSsh:
    """A running sshd: who gets in with which key, and which key it has itself."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def user(self) -> str:
        return getpass.getuser()

    @property
    def key_file(self) -> Path:
        return self.folder / "client"

    @property
    def host_key(self) -> str:
        return " ".join((self.folder / "host.pub").read_text().split()[:2])

    def known_hosts(self) -> Path:
        file = self.folder / "known_hosts"
        file.write_text(f"[127.0.0.1]:{self.port} {self.host_key}\n")
        return file

    def end_sessions(self) -> int:
        """Kill the processes of every session, as a server that crashes or a line that is cut; how many."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        for child in children:
            child.kill()
        return len(children)


@contextmanager
def open_ssh(folder: Path) -> Iterator[OpenSsh]:
    if not Path(SSHD).exists():
        pytest.skip("OpenSSH's server is not installed (package openssh-server)")
    folder.mkdir(mode=0o700)
    for name in ("host", "client"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    shutil.copy(folder / "client.pub", folder / "authorized")
    (folder / "authorized").chmod(0o600)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    port = free_port()
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
        yield OpenSsh(port, folder, process)
    finally:
        process.terminate()
        process.wait()


class _PasswordOnly(paramiko.ServerInterface):
    def __init__(self, user: str, password: str) -> None:
        self._right = (user, password)

    def check_auth_password(self, username: str, password: str) -> int:
        return paramiko.AUTH_SUCCESSFUL if (username, password) == self._right else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Files(paramiko.SFTPServerInterface):
    def list_folder(self, path: str) -> Any:
        try:
            return [paramiko.SFTPAttributes.from_stat(one.stat(follow_symlinks=False), one.name) for one in os.scandir(path)]
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def lstat(self, path: str) -> Any:
        try:
            return paramiko.SFTPAttributes.from_stat(os.lstat(path))
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    stat = lstat

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> Any:
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = Path(path).open("rb")  # noqa: SIM115 (closed with the handle)
        return handle


@contextmanager
def password_sftp(user: str, password: str) -> Iterator[tuple[int, str]]:
    """An SFTP server that asks for a password: its port and its key. (OpenSSH would want a user of this machine.)"""
    key = paramiko.ECDSAKey.generate()
    listening = socket.create_server(("127.0.0.1", 0))
    transports: list[paramiko.Transport] = []

    def serve() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            transport = paramiko.Transport(client)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files)
            transport.start_server(event=threading.Event(), server=_PasswordOnly(user, password))
            transports.append(transport)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1], f"{key.get_name()} {key.get_base64()}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for transport in transports:
            transport.close()


class Quiet(SimpleHTTPRequestHandler):
    """Index pages and files."""

    def log_message(self, format: str, *args: object) -> None:
        pass


class Breaking(Quiet):
    """Breaks off in the middle of the first answer to each data file; takes up where it is asked to."""

    seen: ClassVar[set[str]] = set()

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


class Versioned(Quiet):
    """Says which version of a file it has, as web servers do."""

    def end_headers(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.is_file():
            self.send_header("ETag", f'"{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"')
        super().end_headers()


class Guarded(Quiet):
    """Answers only who brings one of these."""

    welcome: ClassVar[set[str]] = {
        "Basic " + base64.b64encode("统计:word of the day".encode()).decode(),
        "Bearer token-of-the-day",
    }

    def do_GET(self) -> None:
        if self.headers.get("Authorization") in self.welcome:
            return super().do_GET()
        return self.send_error(401)

    do_HEAD = do_GET


@contextmanager
def web(folder: Path, handler: type[SimpleHTTPRequestHandler]) -> Iterator[int]:
    served = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    try:
        yield served.server_port
    finally:
        served.shutdown()
        served.server_close()
        thread.join()


@contextmanager
def object_store() -> Iterator[str]:
    """An S3 store without buckets; its URL."""
    from moto.server import ThreadedMotoServer

    store = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    store.start()
    try:
        host, port = store.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        store.stop()
