"""SFTP with the server's key verified: an unknown or another key ends the connection before a password is sent."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path
from stat import S_ISLNK
from typing import Any

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem

from ingest.errors import LinkFound
from ingest.transport_place import Access

_CONNECT_SECONDS = 15.0
_READ_SECONDS = 60.0
_PIECE = 1 << 15  # what every server gives at once


class HostKeyUnknown(paramiko.SSHException):
    """The server's key is in no place that says it is the right one."""


class _Refuse(paramiko.MissingHostKeyPolicy):
    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        raise HostKeyUnknown(f"the key of {hostname} ({key.get_name()} {key.fingerprint}) is not known")


class VerifiedSftp(SFTPFileSystem):  # type: ignore[misc]
    """fsspec's SFTP, except that it knows the server or does not talk to it."""

    protocol = ("sftp",)
    cachable = False

    def __init__(self, host: str, port: int, access: Access) -> None:
        self._port, self._access = port, access
        super().__init__(host, skip_instance_cache=True)

    def _connect(self) -> None:
        access = self._access
        key_file = _readable(access.key_file)
        self.client = paramiko.SSHClient()
        self.client.set_missing_host_key_policy(_Refuse())
        _trust(self.client, self.host, self._port, access)
        try:
            self.client.connect(
                self.host,
                port=self._port,
                username=access.username,
                password=access.password,
                pkey=_private_key(access.private_key, access.passphrase),
                key_filename=key_file,
                passphrase=access.passphrase,
                timeout=_CONNECT_SECONDS,
                banner_timeout=_CONNECT_SECONDS,
                auth_timeout=_CONNECT_SECONDS,
                allow_agent=False,
                look_for_keys=False,
            )
            self.ftp = self.client.open_sftp()
        except BaseException:
            self.client.close()
            raise
        channel = self.ftp.get_channel()
        if channel is not None:
            channel.settimeout(_READ_SECONDS)


def connected(host: str, port: int, access: Access) -> VerifiedSftp:
    """A file system of its own, with its own connection."""
    return VerifiedSftp(host, port, access)


def opened(filesystem: VerifiedSftp, path: str) -> tuple[Pieces, int, object]:
    """The file, its size, and its time of change. Raises LinkFound for a symbolic link."""
    state = filesystem.ftp.lstat(path)
    if S_ISLNK(state.st_mode or 0):
        raise LinkFound(path.rpartition("/")[2])
    file = filesystem.ftp.open(path, "rb", bufsize=0)
    size = state.st_size or 0
    return Pieces(file, size), size, state.st_mtime


class Pieces:
    """Reads many pieces at once, as many as were asked for: one round trip for a call, memory as large as the call."""

    def __init__(self, file: paramiko.SFTPFile, size: int) -> None:
        self._file, self._size, self._at = file, size, 0
        # paramiko asks for the pieces in a thread, which ends in a traceback when the line breaks: the reader is told as well
        inner: Any = file
        asking = inner._prefetch_thread

        def ask(*pieces: Any) -> None:
            with suppress(OSError, EOFError, paramiko.SSHException):
                asking(*pieces)

        inner._prefetch_thread = ask

    def seek(self, at: int) -> None:
        """Go there."""
        self._at = at

    def read(self, count: int) -> bytes:
        """The next bytes; fewer only at the end."""
        end = min(self._at + count, self._size)
        pieces = [(at, min(_PIECE, end - at)) for at in range(self._at, end, _PIECE)]
        data = b"".join(self._file.readv(pieces)) if pieces else b""
        self._at += len(data)
        return data

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _trust(client: paramiko.SSHClient, host: str, port: int, access: Access) -> None:
    name = host if port == 22 else f"[{host}]:{port}"
    if access.host_key:
        *kind, text = access.host_key.split()[:2]
        line = paramiko.hostkeys.HostKeyEntry.from_line(f"{name} {kind[0] if kind else 'ssh-rsa'} {text}")
        if line is None or line.key is None:
            raise HostKeyUnknown("the host key of the connection cannot be read")
        client.get_host_keys().add(name, line.key.get_name(), line.key)
    elif access.known_hosts is not None and access.known_hosts.is_file():
        client.load_system_host_keys(str(access.known_hosts))


def _readable(key_file: Path | None) -> str | None:
    if key_file is None:
        return None
    try:
        key_file.open("rb").close()
    except OSError as error:  # no FileNotFoundError: that would be a folder that is not there
        raise paramiko.AuthenticationException(f"the key file {key_file} cannot be read ({error.strerror})") from None
    return str(key_file)


def _private_key(text: str | None, passphrase: str | None) -> paramiko.PKey | None:
    if not text:
        return None
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text), passphrase)
        except (paramiko.SSHException, ValueError):
            continue
    raise paramiko.AuthenticationException("the private key of the connection cannot be read")
