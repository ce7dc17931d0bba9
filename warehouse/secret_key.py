"""The key of the pseudonyms: the bureau's most important secret, kept out of the database.

With the embedded database it is made once, together with the database, in `<home>/secrets/pseudonym.key` (0600). With a
real database it must be given. The database holds its fingerprint; another key would quietly split every person in two,
so a missing or different key stops everything.
"""

import hmac
import secrets
import stat
from pathlib import Path
from typing import Any

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
    return key_of_file(key_file(settings))


def key_of_file(path: Path) -> bytes:
    """The key of a file; raises as `pseudonym_key`."""
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
        row = connection.execute("select fingerprint, version from ledger.pseudonym_key order by version desc limit 1").fetchone()
        if row is None:
            _make_if_new(settings, connection)
            known = fingerprint(pseudonym_key(settings))
            connection.execute("insert into ledger.pseudonym_key (version, fingerprint) values (1, %s)", [known])
        elif not hmac.compare_digest(row[0], fingerprint(pseudonym_key(settings))):
            _finish_rotation(settings, row[0], row[1])


def change_files(settings: Settings, new: Path, old_version: int) -> Path:
    """The new key takes the old one's place, which stays beside it under its version until somebody destroys it."""
    place = key_file(settings)
    kept = place.with_name(f"{place.name}.v{old_version}")
    if not kept.exists():
        kept.hardlink_to(place)
    new.replace(place)
    return kept


def new_key_file(settings: Settings) -> Path:
    """Where the next key lies while the pseudonyms are rewritten."""
    place = key_file(settings)
    return place.with_name(f"{place.name}.new")


def _finish_rotation(settings: Settings, wanted: str, version: int) -> None:
    """A rotation that was cut off after the database had changed: the files change names now. Else the key is a wrong one."""
    new = new_key_file(settings)
    if settings.pseudonym_key is None and new.exists() and hmac.compare_digest(wanted, fingerprint(key_of_file(new))):
        change_files(settings, new, version - 1)
    else:
        raise BureauError("key.mismatch")


def _make_if_new(settings: Settings, connection: psycopg.Connection[Any]) -> None:
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
