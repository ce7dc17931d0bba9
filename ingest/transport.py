"""How the files of an inbox come here: a local folder, SFTP, HTTP(S), an S3-like object store, or what else fsspec knows.

Whatever goes wrong on the way is one error, `InboxUnreachable`, that names the department and the place and never a secret.
"""

from __future__ import annotations

import base64
import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast
from urllib.parse import urlsplit

import fsspec

from ingest.errors import InboxUnreachable, LinkFound
from ingest.transport_download import Download, Part
from ingest.transport_place import Access, Place

CONNECT_SECONDS = 15.0
READ_SECONDS = 60.0
_BLOCK = 8 << 20
_BUFFER = 1 << 20
_OPEN = {"headers": {"Accept-Encoding": "identity"}}  # the file's own bytes, not packed for the way

_Answer = TypeVar("_Answer")


class Transport:
    """One connection to a place, for one department. Opened when it is first needed; to be closed."""

    def __init__(self, place: Place, department: str) -> None:
        self._place, self._department = place, department
        self._filesystem: Any = None
        self._root = place.folder_of(department)
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

        def question() -> list[tuple[str, str, dict[str, Any]]]:
            filesystem = self._connected()
            filesystem.invalidate_cache(self._folder)
            entries = filesystem.ls(self._folder, detail=True)
            here = filesystem._strip_protocol(self._folder).rstrip("/")
            split = ((entry["name"].rpartition("/"), entry) for entry in entries)
            return [(here, name, entry) for (parent, _, name), entry in split if self._is(parent, here)]

        return self._answer(question)

    def is_missing(self) -> bool:
        """Asked when the department's folder is not there: whether the place itself is missing, the setting's or its own.

        A shared inbox without this department's folder is there, and so is a bucket that holds nothing under its prefix now.
        """
        scheme = self._place.scheme
        if self._place.own_folder and scheme != "s3":
            return True
        if scheme in ("http", "https"):
            return False  # nothing says that the page above can be read

        def question() -> bool:
            filesystem = self._connected()
            try:
                if scheme == "s3":
                    filesystem.call_s3("head_bucket", Bucket=self._folder.partition("/")[0])
                else:
                    filesystem.info(self._folder.rpartition("/")[0] or "/")
            except FileNotFoundError:
                return True
            except PermissionError:
                pass  # it is there
            return False

        return self._answer(question)

    def no_folder(self) -> InboxUnreachable:
        """The error for a place that is missing."""
        return InboxUnreachable(self._department, self._place.where, "no_folder", "no such folder")

    def info(self, name: str) -> dict[str, Any]:
        """What the place says of one file, links not followed; an empty answer when it is gone. Raises InboxUnreachable."""

        def question() -> dict[str, Any]:
            filesystem = self._connected()
            try:
                if self._place.scheme in ("sftp", "ssh"):
                    return dict(filesystem._decode_stat(filesystem.ftp.lstat(self._path(name))))
                return dict(filesystem.info(self._path(name)))
            except FileNotFoundError:
                return {}

        return self._answer(question)

    def version(self, name: str) -> str | None:
        """Size with inode and time of change (here), or with a strong ETag (web, S3): other when the file is another one.

        None where there is no such thing, as with SFTP, and when the file is gone. Raises InboxUnreachable.
        """
        if self._place.scheme in ("sftp", "ssh"):
            return None
        if self.is_local:
            self._connected()
            try:
                state = Path(self._path(name)).lstat()
            except FileNotFoundError:
                return None
            return f"{state.st_size} {state.st_ino} {state.st_ctime_ns}"
        said = self.info(name)
        etag = str(said.get("ETag") or "")
        return f"{said.get('size')} {etag}" if etag and not etag.startswith("W/") else None

    def open(self, name: str) -> BinaryIO:
        """The bytes of a file, streamed. A broken connection is taken up again where it broke.

        Raises InboxUnreachable, here and while it is read; FileNotFoundError; LinkFound.
        """
        if self.is_local:
            self._connected()
            try:
                return cast(BinaryIO, open(self._path(name), "rb", opener=_not_through_a_link))
            except OSError as error:
                if error.errno == errno.ELOOP:
                    raise LinkFound(name) from None
                raise
        download = Download(lambda at: self._open_at(name, at), self._telling, self.close, lambda e: _kind(e) == "unreachable")
        self._answer(download.begin)
        return cast(BinaryIO, io.BufferedReader(download, _BUFFER))

    def _open_at(self, name: str, at: int) -> Part:
        filesystem, path = self._connected(), self._path(name)
        if self._place.scheme in ("sftp", "ssh"):
            from ingest.transport_sftp import opened

            file, size, version = opened(filesystem, path)
            file.seek(at)
            return Part(file, size, version)
        if self._place.scheme in ("http", "https"):
            headers = _OPEN["headers"] | ({"Range": f"bytes={at}-"} if at else {})
            file = filesystem.open(path, "rb", block_size=0, size=1, headers=headers)  # size: no question before the download
            answer = file.r
            behind = at if answer.status == 206 else 0
            length = answer.headers.get("Content-Length")
            version = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
            _skip(file, at - behind)
            return Part(file, behind + int(length) if length else None, version)
        file = filesystem.open(path, "rb", block_size=_BLOCK, cache_type="readahead")
        file.seek(at)
        details = getattr(file, "details", None) or {}
        return Part(file, details.get("size"), details.get("ETag") or details.get("LastModified"))

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

    def _answer(self, question: Callable[[], _Answer]) -> _Answer:
        """What the place says. A connection that was there and broke since the last question is made anew, once."""
        with self._telling():
            was_connected = self._filesystem is not None
            try:
                return question()
            except (FileNotFoundError, LinkFound):
                raise
            except Exception as error:
                if self.is_local or not was_connected or _kind(error) != "unreachable":
                    raise
                self.close()
                return question()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, InboxUnreachable, LinkFound):
            raise
        except Exception as error:
            if self.is_local:
                raise
            kind = _kind(error)
            if kind is None:
                raise
            # Secrets first: cut off in the middle one would not be known again
            reason = self._place.access.without_secrets(f"{type(error).__name__}: {error}").splitlines()[0][:300]
            raise InboxUnreachable(self._department, self._place.where, kind, reason) from None


def _connect(place: Place, root: str) -> tuple[Any, str]:
    """The file system, and the folder as it calls it."""
    if place.scheme in ("sftp", "ssh"):
        from ingest.transport_sftp import connected

        parts = urlsplit(root)
        return connected(parts.hostname or "", parts.port or 22, place.access), parts.path
    if place.scheme in ("http", "https"):
        return _http(place.access), root
    filesystem, folder = fsspec.core.url_to_fs(root, **(_s3(place.access) if place.scheme == "s3" else {}))
    return filesystem, folder.rstrip("/")


def _s3(access: Access) -> dict[str, Any]:
    """What s3fs is told; without a key it looks where Amazon's own tools do."""
    config: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS, "retries": {"max_attempts": 3}}
    if access.endpoint:
        config["s3"] = {"addressing_style": "path" if access.path_style else "virtual"}
    client = {
        "endpoint_url": access.endpoint,
        "region_name": access.region,
        "verify": os.environ.get("SSL_CERT_FILE"),  # what every other connection heeds
    }
    return {
        "key": access.username,
        "secret": access.password,
        "token": access.token,
        "client_kwargs": {name: value for name, value in client.items() if value},
        "config_kwargs": config,
        "skip_instance_cache": True,
        "use_listings_cache": False,
    }


def _http(access: Access) -> Any:
    import aiohttp
    from fsspec.implementations.http import HTTPFileSystem

    client: dict[str, Any] = {
        # without an end for the whole: a file may take hours
        "timeout": aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)
    }
    if access.token:
        client["headers"] = {"Authorization": f"Bearer {access.token}"}
    elif access.username:
        pair = f"{access.username}:{access.password or ''}".encode()
        client["headers"] = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return HTTPFileSystem(simple_links=False, client_kwargs=client, skip_instance_cache=True, **_OPEN)


def _not_through_a_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)


def _skip(file: Any, count: int) -> None:
    while count > 0:
        data = file.read(min(count, _BUFFER))
        if not data:
            raise ConnectionError("the file ended before the place where it broke off")
        count -= len(data)


def _kind(error: Exception) -> str | None:
    """What a failure is to people: host_key, login, broken, unreachable; None when it is a fault of the program."""
    names = {one.__name__ for one in type(error).__mro__}
    status = getattr(error, "status", None)
    text = str(error)
    if names & {"BadHostKeyException", "HostKeyUnknown", "InvalidHostKey"}:
        return "host_key"
    if names & {"AuthenticationException", "PermissionError", "NoCredentialsError"} or status in (401, 403):
        return "login"
    if names & {"OSError", "EOFError", "SSHException", "ClientError", "BotoCoreError", "IncompatiblePeer"}:
        return "login" if "InvalidAccessKeyId" in text or "SignatureDoesNotMatch" in text else "unreachable"
    return None
