"""Where a department delivers, and what it takes to get in there."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import urlsplit

_SECRET = ("private_key", "password", "passphrase", "token")


@dataclass(frozen=True, repr=False)
class Access:
    """What a place asks of us; nothing of it is ever shown.

    username, password   SFTP, HTTP (basic), S3 (access key and secret key)
    token                HTTP (bearer); S3 (of a session)
    key_file, private_key, passphrase   SFTP: a private key, as a file or as text
    known_hosts, host_key   SFTP: a file as ssh's own, or the one key of this server (`ssh-ed25519 AAAA…`)
    endpoint, region     S3: another store than Amazon's
    path_style           S3: the bucket's name stands in the path and not in the host's name
    """

    username: str | None = None
    password: str | None = None
    token: str | None = None
    key_file: Path | None = None
    private_key: str | None = None
    passphrase: str | None = None
    known_hosts: Path | None = None
    host_key: str | None = None
    endpoint: str | None = None
    region: str | None = None
    path_style: bool = True

    def without_secrets(self, text: str) -> str:
        """The text with every secret of this access made unreadable."""
        secrets = [str(getattr(self, one.name)) for one in fields(self) if one.name in _SECRET and getattr(self, one.name)]
        for secret in sorted(secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


@dataclass(frozen=True)
class Place:
    """Where deliveries lie.

    url         a path, or a URL (`sftp`, `http`, `https`, `s3`) without user and password.
    own_folder  the URL is the department's own folder; else the department's name is added.
    """

    url: str
    access: Access = field(default_factory=Access, repr=False)
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

    def folder_of(self, department: str) -> str:
        """The URL of a department's folder."""
        return (self.url if self.own_folder else f"{self.url.rstrip('/')}/{department}").rstrip("/")
