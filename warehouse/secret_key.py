"""The key of the pseudonyms: the bureau's most important secret, kept out of the database.

With the embedded database it is made once, together with the database, in `<home>/secrets/pseudonym.key` (0600). With a
real database it must be given. The database holds its fingerprint; another key would quietly split every person in two,
so a missing or different key stops everything.
"""

import hmac
import secrets
import stat
from pathlib import Path

import psycopg

from ingest.pseudonym import fingerprint
from warehouse.errors import BureauError
from warehouse.files import write_whole
from warehouse.settings import Settings

KEY_BYTES = 32


def key_file(settings: Settings) -> Path:
    """Where the key is looked for."""
    return settings.pseudonym_key_file or settings.secrets / "pseudonym.key"


def pseudonym_key(settings: Settings) -> bytes:
    """The key, 32 bytes. Raises BureauError when it is not there, is no key, or can be read by others."""
    if settings.pseudonym_key is not None:
        return _decode(settings.pseudonym_key.get_secret_value(), "BUREAU_PSEUDONYM_KEY")
    path = key_file(settings)
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BureauError("key.missing", file=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BureauError("key.unreadable", file=str(path)) from error
    if mode & (stat.S_IRWXO | stat.S_IWGRP):  # a group may read it: that is how container secrets are mounted
        raise BureauError("key.open", file=str(path))
    return _decode(text, str(path))


def check_fingerprint(settings: Settings) -> None:
    """Hold the key against the database's fingerprint; the first key that a database sees becomes its own.

    Raises BureauError when the key is missing or another one. An embedded database without any fingerprint and without
    deliveries is new: only then a key is made.
    """
    from warehouse.services import postgres

    with psycopg.connect(postgres.conninfo(settings, role="bureau_owner")) as connection:
        connection.execute("lock table ledger.pseudonym_key in share row exclusive mode")
        row = connection.execute("select fingerprint from ledger.pseudonym_key order by version desc limit 1").fetchone()
        if row is None:
            _make_if_new(settings, connection)
            known = fingerprint(pseudonym_key(settings))
            connection.execute("insert into ledger.pseudonym_key (version, fingerprint) values (1, %s)", [known])
        elif not hmac.compare_digest(row[0], fingerprint(pseudonym_key(settings))):
            raise BureauError("key.mismatch")


def _make_if_new(settings: Settings, connection: psycopg.Connection[tuple[str]]) -> None:
    given = settings.pseudonym_key is not None or settings.pseudonym_key_file is not None
    path = key_file(settings)
    if given or not settings.embedded or path.exists():
        return
    if connection.execute("select 1 from ledger.delivery limit 1").fetchone() is None:
        write_whole(path, secrets.token_hex(KEY_BYTES) + "\n", 0o600)


def _decode(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError as error:
        raise BureauError("key.malformed", where=where) from error
    if len(key) != KEY_BYTES:
        raise BureauError("key.malformed", where=where)
    return key
