"""How the files of an inbox come here: a local folder, SFTP, HTTP(S), an S3-like object store, or what else fsspec knows.

Whatever goes wrong on the way is one error, `InboxUnreachable`, that names the department and the place and never a secret.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

import fsspec

from ingest.errors import InboxUnreachable

CONNECT_SECONDS = 15.0
READ_SECONDS = 60.0
_TRIES = 3
_PAUSE_SECONDS = 0.5
_BLOCK = 8 << 20
_BUFFER = 1 << 20
_OPEN = {"headers": {"Accept-Encoding": "identity"}}  # the file's own bytes, not packed for the way


@dataclass(frozen=True)
class Place:
    """Where deliveries lie.

    url         a path or a URL, without user and password.
    options     how to get in. sftp: username, password, key_file or private_key, passphrase, known_hosts (a file) or host_key
                (`ssh-ed25519 AAAA…`). http: username, password. Others: fsspec's storage options. Never shown.
    own_folder  the URL is the department's own folder; else the department's name is added.
    """

    url: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    own_folder: bool = False

    @property
    def scheme(self) -> str:
        """`file`, `sftp`, `http`, `https`, `s3`, …"""
        return self.url.partition("://")[0].lower() if "://" in self.url else "file"

    @property
    def where(self) -> str:
        """The place in words for people: without user, password and query."""
        if self.scheme == "file":
            return self.url
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class Transport:
    """One connection to a place, for one department. Opened when it is first needed; to be closed."""

    def __init__(self, place: Place, department: str) -> None:
        self._place, self._department = place, department
        root = place.url if place.own_folder else f"{place.url.rstrip('/')}/{department}"
        self._filesystem: Any = None
        self._root = root.rstrip("/")
        self._folder = ""

    @property
    def is_local(self) -> bool:
        """Whether the files are on this machine."""
        return self._place.scheme in ("file", "local")

    def close(self) -> None:
        """Give the connection back."""
        filesystem, self._filesystem = self._filesystem, None
        if filesystem is None:
            return
        with suppress(Exception):
            if self._place.scheme in ("sftp", "ssh"):
                filesystem.client.close()
            elif self._place.scheme in ("http", "https") and filesystem._session is not None:
                filesystem.close_session(filesystem.loop, filesystem._session)
            elif self._place.scheme == "s3" and filesystem._s3 is not None:
                filesystem.close_session(filesystem.loop, filesystem._s3)

    def list(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Folder, name and fsspec's info of each entry of the department's folder: one question to the place.

        Raises FileNotFoundError when the folder is not there, InboxUnreachable.
        """
        with self._telling():
            filesystem = self._connected()
            filesystem.invalidate_cache(self._folder)
            entries = filesystem.ls(self._folder, detail=True)
            here = filesystem._strip_protocol(self._folder).rstrip("/")
            split = ((entry["name"].rpartition("/"), entry) for entry in entries)
            return [(here, name, entry) for (parent, _, name), entry in split if self._is(parent, here)]

    def info(self, name: str) -> dict[str, Any]:
        """What the place says of one file, links not followed; an empty answer when it is gone. Raises InboxUnreachable."""
        with self._telling():
            filesystem = self._connected()
            try:
                if self._place.scheme in ("sftp", "ssh"):
                    return dict(filesystem._decode_stat(filesystem.ftp.lstat(self._path(name))))
                return dict(filesystem.info(self._path(name)))
            except FileNotFoundError:
                return {}

    def open(self, name: str) -> BinaryIO:
        """The bytes of a file, streamed. A broken connection is taken up again where it broke.

        Raises InboxUnreachable, here and while it is read; FileNotFoundError; PermissionError for a link.
        """
        if self.is_local:
            self._connected()
            return cast(BinaryIO, open(self._path(name), "rb", opener=_not_through_a_link))
        download = _Download(lambda at: self._open_at(name, at), self._telling, self.close)
        with self._telling():
            download.begin()
        return cast(BinaryIO, io.BufferedReader(download, _BUFFER))

    def _open_at(self, name: str, at: int) -> _Part:
        filesystem, path = self._connected(), self._path(name)
        if self._place.scheme in ("sftp", "ssh"):
            from ingest.transport_sftp import opened

            file, size, version = opened(filesystem, path)
            file.seek(at)
            return _Part(file, size, version)
        if self._place.scheme in ("http", "https"):
            headers = _OPEN["headers"] | ({"Range": f"bytes={at}-"} if at else {})
            file = filesystem.open(path, "rb", block_size=0, size=1, headers=headers)  # size: no question before the download
            answer = file.r
            behind = at if answer.status == 206 else 0
            length = answer.headers.get("Content-Length")
            version = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
            _skip(file, at - behind)
            return _Part(file, behind + int(length) if length else None, version)
        file = filesystem.open(path, "rb", block_size=_BLOCK, cache_type="readahead")
        file.seek(at)
        details = getattr(file, "details", None) or {}
        return _Part(file, details.get("size"), details.get("ETag") or details.get("LastModified"))

    def _path(self, name: str) -> str:
        if self._place.scheme in ("http", "https"):
            from urllib.parse import quote

            name = quote(name)
        return f"{self._folder}/{name}"

    def _is(self, parent: str, here: str) -> bool:
        """Whether an entry is of this folder itself, and not of another one that an index page leads to."""
        return bool(self._filesystem._strip_protocol(parent).rstrip("/") == here)

    def _connected(self) -> Any:
        if self._filesystem is None:
            self._filesystem, self._folder = _connect(self._place, self._root)
        return self._filesystem

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, InboxUnreachable):
            raise
        except Exception as error:
            if self.is_local:
                raise
            kind = _kind(error)
            if kind is None:
                raise
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            for secret in _secrets(self._place.options):
                reason = reason.replace(secret, "***")
            raise InboxUnreachable(self._department, self._place.where, kind, reason) from None


def _connect(place: Place, root: str) -> tuple[Any, str]:
    """The file system, and the folder as it calls it."""
    options = dict(place.options)
    if place.scheme in ("sftp", "ssh"):
        from ingest.transport_sftp import connected

        parts = urlsplit(root)
        return connected(parts.hostname or "", parts.port or 22, options), parts.path
    if place.scheme in ("http", "https"):
        return _http(options), root
    if place.scheme == "s3":
        settings = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS, "retries": {"max_attempts": 3}}
        options = {"config_kwargs": settings, "skip_instance_cache": True, "use_listings_cache": False} | options
    filesystem, folder = fsspec.core.url_to_fs(root, **options)
    return filesystem, folder.rstrip("/")


def _http(options: dict[str, Any]) -> Any:
    import aiohttp
    from fsspec.implementations.http import HTTPFileSystem

    client: dict[str, Any] = {
        # without an end for the whole: a file may take hours
        "timeout": aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)
    }
    if options.get("username"):
        client["auth"] = aiohttp.BasicAuth(options["username"], options.get("password") or "", "utf-8")
    return HTTPFileSystem(simple_links=False, client_kwargs=client, skip_instance_cache=True, **_OPEN)


def _not_through_a_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)


def _skip(file: Any, count: int) -> None:
    while count > 0:
        data = file.read(min(count, _BUFFER))
        if not data:
            raise ConnectionError("the file ended before the place where it broke off")
        count -= len(data)


def _secrets(options: Mapping[str, Any]) -> list[str]:
    """Every text of the options that may be secret, the longest first."""
    texts = [
        str(options[name]) for name in ("password", "passphrase", "private_key", "secret", "token", "key") if options.get(name)
    ]
    return sorted(texts, key=len, reverse=True)


def _kind(error: Exception) -> str | None:
    """What a failure is to people: host_key, login, broken, unreachable; None when it is a fault of the program."""
    names = {one.__name__ for one in type(error).__mro__}
    status = getattr(error, "status", None)
    text = str(error)
    if names & {"BadHostKeyException", "HostKeyUnknown"}:
        return "host_key"
    if names & {"AuthenticationException", "PermissionError", "NoCredentialsError"} or status in (401, 403):
        return "login"
    if names & {"OSError", "EOFError", "SSHException", "ClientError", "BotoCoreError", "IncompatiblePeer"}:
        return "login" if "InvalidAccessKeyId" in text or "SignatureDoesNotMatch" in text else "unreachable"
    return None


@dataclass(frozen=True)
class _Part:
    file: Any
    size: int | None
    version: object


class _Download(io.RawIOBase):
    """A file that is read from front to back over a connection that may break."""

    def __init__(self, open_at: Callable[[int], _Part], telling: Callable[[], Any], disconnect: Callable[[], None]) -> None:
        self._open_at, self._telling, self._disconnect = open_at, telling, disconnect
        self._part: _Part | None = None
        self._first: _Part | None = None
        self._at = 0

    def begin(self) -> None:
        """Open the file, or open it again where it broke."""
        self._part = self._open_at(self._at)
        self._first = self._first or self._part
        if (self._part.size, self._part.version) != (self._first.size, self._first.version):
            raise ConnectionAbortedError("the file was changed while it was read")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes; 0 only at the true end."""
        with self._telling():
            data = self._read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _read(self, size: int) -> bytes:
        for attempt in range(_TRIES + 1):
            try:
                if self._part is None:
                    self.begin()
                assert self._part is not None
                data: bytes = self._part.file.read(size)
                if data or self._part.size is None or self._at >= self._part.size:
                    return data
                raise ConnectionError("the connection ended before the file")
            except ConnectionAbortedError:
                raise
            except Exception as error:
                if _kind(error) != "unreachable" or attempt == _TRIES:
                    raise
                self._drop()
                self._disconnect()
                time.sleep(_PAUSE_SECONDS * 2**attempt)
        raise AssertionError

    def _drop(self) -> None:
        part, self._part = self._part, None
        if part is not None:
            with suppress(Exception):
                part.file.close()

    def close(self) -> None:
        """Close the file; the connection stays."""
        self._drop()
        super().close()


def local_path(url: str) -> Path:
    """The path of a local place."""
    return Path(url.removeprefix("file://"))
