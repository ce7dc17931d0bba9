"""Where each department delivers and how to get in: inboxes of the settings, with the connections that their URLs name.

`sftp://saic_conn@host/path` names the connection `saic_conn`. It is looked for in bureau.toml (`[connections.saic_conn]`), in the
environment (`AIRFLOW_CONN_SAIC_CONN`, a URI or JSON as Airflow reads it) and among Airflow's own connections, in this order. A
password never stands in a URL: URLs are shown.
"""

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from warehouse.errors import BureauError

if TYPE_CHECKING:
    from ingest.transport_place import Access, Place
    from warehouse.settings import Settings

SCHEMES = ("file", "sftp", "http", "https", "s3")
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
# What Airflow's own connection forms call it -> ours
_EXTRAS = {
    "key_file": "key_file",
    "private_key": "private_key",
    "private_key_passphrase": "passphrase",
    "passphrase": "passphrase",
    "host_key": "host_key",
    "known_hosts": "known_hosts",
    "token": "token",
    "aws_session_token": "token",
    "endpoint_url": "endpoint",
    "endpoint": "endpoint",
    "region_name": "region",
    "region": "region",
    "path_style": "path_style",
}


class Connection(BaseModel):
    """How to get in somewhere. Of a secret either the value or a file with it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: str | None = Field(default=None, description="Used where the URL names none (`sftp://name@/path`).")
    port: int | None = Field(default=None, ge=1, le=65535)
    login: str | None = Field(default=None, description="User; of an object store the access key.")
    password: SecretStr | None = Field(default=None, description="Of an object store the secret key.")
    password_file: Path | None = None
    token: SecretStr | None = Field(default=None, description="Bearer token (HTTP), or of a session (object store).")
    token_file: Path | None = None
    key_file: Path | None = Field(default=None, description="Private key of an SFTP login.")
    private_key: SecretStr | None = Field(default=None, description="The private key itself.")
    passphrase: SecretStr | None = Field(default=None, description="Of the private key.")
    known_hosts: Path | None = Field(default=None, description="Servers' keys, as ssh keeps them; default ~/.ssh/known_hosts.")
    host_key: str | None = Field(default=None, description="The server's one key, `ssh-ed25519 AAAA…`; goes before known_hosts.")
    endpoint: str | None = Field(default=None, description="URL of an object store that is not Amazon's.")
    region: str | None = Field(default=None, description="Region of the object store.")
    path_style: bool = Field(default=True, description="The bucket stands in the path, not in the host's name (object store).")

    def access(self, name: str) -> "Access":
        """What the transport is given. Raises BureauError when a file with a secret cannot be read."""
        from ingest.transport_place import Access

        return Access(
            username=self.login,
            password=_secret(self.password, _absolute(self.password_file), name),
            token=_secret(self.token, _absolute(self.token_file), name),
            key_file=_absolute(self.key_file),
            private_key=_secret(self.private_key, None, name),
            passphrase=_secret(self.passphrase, None, name),
            known_hosts=_absolute(self.known_hosts or Path("~/.ssh/known_hosts")),
            host_key=self.host_key,
            endpoint=self.endpoint,
            region=self.region,
            path_style=self.path_style,
        )


def place_of(settings: "Settings", department: str, inbox: str | None = None) -> "Place":
    """Where a department delivers: `inbox` if given, else its own place, else its folder of the inbox of all.

    Raises BureauError when the URL cannot be used, or names a connection that is nowhere.
    """
    from ingest.transport_place import Place

    own = settings.inboxes.get(department)
    if inbox is None and own is not None:
        return Place(*_resolved(settings, own), own_folder=True)
    return Place(*_resolved(settings, inbox or settings.inbox_url))


def check_url(url: str) -> None:
    """Raises BureauError when an inbox's URL is of an unknown kind, or holds a password."""
    if "://" not in url:
        return
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise BureauError("connections.bad_url", url=shown(url)) from None
    if parts.scheme not in SCHEMES:
        raise BureauError("connections.scheme", url=shown(url), schemes=", ".join(SCHEMES))
    if ":" in parts.netloc.rpartition("@")[0] or parts.query or parts.fragment:
        raise BureauError("connections.in_url", url=shown(url))
    name = parts.netloc.rpartition("@")[0]
    if "@" in parts.netloc and not _NAME.fullmatch(name):
        raise BureauError("connections.bad_url", url=shown(url))


def _resolved(settings: "Settings", url: str) -> "tuple[str, Access]":
    """The URL without the connection's name, and what the connection says."""
    from ingest.transport_place import Access

    if "://" not in url:
        return url, Access()
    check_url(url)
    parts = urlsplit(url)
    name, at, server = parts.netloc.rpartition("@")
    connection = find(settings, name) if at else Connection()
    if parts.scheme != "file" and not server:
        if connection.host is None:
            raise BureauError("connections.no_host", url=shown(url))
        server = connection.host
    if connection.port is not None and parts.port is None and parts.scheme != "s3" and parts.hostname in (None, connection.host):
        server = f"{server}:{connection.port}"
    return parts._replace(netloc=server).geturl(), connection.access(name)


def find(settings: "Settings", name: str) -> Connection:
    """The connection of this name. Raises BureauError when there is none, or it cannot be used."""
    if name in settings.connections:
        return settings.connections[name]
    variable = f"AIRFLOW_CONN_{name.upper()}"
    try:
        if given := os.environ.get(variable):
            return _made(_from_json(given) if given.lstrip().startswith("{") else _from_uri(given))
        from warehouse.services.airflow_connections import kept_by_airflow

        if (kept := kept_by_airflow(settings, name)) is not None:
            return _made(kept)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise BureauError("connections.unreadable", name=name, reason=said) from None
    except ValueError as error:  # of a JSON text or a port: the message may hold a piece of it
        raise BureauError("connections.unreadable", name=name, reason=type(error).__name__) from None
    raise BureauError("connections.unknown", name=name, variable=variable)


def _from_json(text: str) -> dict[str, Any]:
    found = json.loads(text)
    extra = found.get("extra")
    return {**found, "extra": json.loads(extra) if isinstance(extra, str) and extra.strip() else extra or {}}


def _from_uri(uri: str) -> dict[str, Any]:
    parts = urlsplit(uri)
    extra = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "__extra__" in extra:
        extra = json.loads(extra["__extra__"])
    return {
        "host": unquote(parts.hostname or ""),
        "port": parts.port,
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "extra": extra,
    }


def _made(found: dict[str, Any]) -> Connection:
    """From what Airflow calls host, port, login, password and extra; what else an extra says is another program's."""
    values = {name: found.get(name) or None for name in ("host", "port", "login", "password")}
    if isinstance(values["host"], str):
        values["host"] = values["host"].rpartition("://")[2].partition("/")[0]
    extra = {ours: found["extra"][theirs] for theirs, ours in _EXTRAS.items() if found["extra"].get(theirs)}
    return Connection.model_validate({**values, **extra})


def _absolute(path: Path | None) -> Path | None:
    """Relative paths are the project's."""
    from warehouse.settings import PROJECT

    return None if path is None else (PROJECT / path.expanduser()).absolute()


def _secret(value: SecretStr | None, file: Path | None, name: str) -> str | None:
    if value is not None:
        return value.get_secret_value()
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise BureauError("connections.unreadable_file", name=name, file=file) from None


def shown(url: str) -> str:
    """A place of the settings as far as it is harmless: of an URL no password, no query."""
    if "://" not in url:
        return url
    scheme, _, rest = url.partition("://")
    before, at, behind = rest.partition("/")[0].rpartition("@")
    path = rest.partition("/")[2].partition("?")[0].partition("#")[0]
    return f"{scheme}://{before.partition(':')[0]}{at}{behind}/{path}"
