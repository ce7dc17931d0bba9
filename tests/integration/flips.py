"""One byte of a stored value changed, as nobody may: for a test of who notices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import psycopg
from psycopg.rows import dict_row

from ingest.archive import path_of
from warehouse.settings import Settings

Connection = psycopg.Connection[Any]
_USED = "delivery_id in (select delivery_id from ledger.build_input)"


@dataclass(frozen=True)
class Place:
    """Rows of a table that a release was made of, and by what (SQL) a finding must name one of them. Columns that may change by
    nature are left out."""

    table: str
    where: str
    named: str
    but: tuple[str, ...] = ()


_SEALED = "case when kind = 'checks' then 'delivery' when kind in ('formulas', 'guard', 'towns') then 'build' else kind end"
_FIGURE = "concat_ws(' ', indicator, method_version, period, geography)"
PLACES = {
    "ledger": (
        Place("ledger.delivery", _USED, "'delivery ' || delivery_id", ("status", "manifest", "file_version")),
        Place("ledger.check_result", _USED, "'delivery ' || delivery_id"),
        Place("ledger.delivery_measure", _USED, "'delivery ' || delivery_id"),
        Place("ledger.build", "status = 'published'", "'build ' || build_id"),
        Place("ledger.build_input", "true", "'build ' || build_id"),
        Place("ledger.build_seal", "true", "'build ' || build_id"),
        Place("ledger.build_check", "true", "'build ' || build_id"),
        Place("ledger.formula", "true", "'build ' || build_id"),
    ),
    "evidence": (
        Place("evidence.posting", "true", "concat('build ', build_id, ': posting ', account)"),
        Place("evidence.posting", "build_id > 1", "concat('build ', build_id, ': posting ', account)"),
        Place("evidence.indicator_value", "true", "concat('build ', build_id, ': figure ', indicator)"),
        Place("evidence.indicator_value_current", "true", _FIGURE),
        Place("evidence.account", "true", "'account ' || account"),
    ),
    "figures": (
        Place("release.figure", "release_id = 2", _FIGURE),
        Place("release.figure", "release_id = 2", _FIGURE),
        Place("release.release", "release_id = 2", "'release 2'", ("release_id",)),
        Place("release.decision", "release_id = 2", "'release 2'"),
        Place("release.seal", "release_id = 2", f"concat({_SEALED}, ' ', number)"),
    ),
}


@dataclass(frozen=True)
class Flip:
    """What was changed, and a text of which a finding must consist in part."""

    place: str
    column: str
    old: str
    new: str
    named: str


@contextmanager
def flipped(connection: Connection, place: Place, random: Random) -> Iterator[Flip]:
    """A random row of a place, a random value of it, a random byte; put back at the end.

    The connection must run with `session_replication_role = replica`: triggers and foreign keys do not stop it. Where another
    constraint or the type refuses the byte, another is tried.
    """
    while True:
        row = _row(connection, place, random)
        column, old = random.choice([(name, text) for name, text in row.values.items() if text and name not in place.but])
        new = _other_byte(old, random)
        target = _written(connection, row, column, new)
        if target is not None:
            break
    try:
        yield Flip(place.table, column, old, new, row.named)
    finally:
        assert _written(connection, _Row(row.table, target, {column: new}, ""), column, old) is not None


@contextmanager
def flipped_file(settings: Settings, connection: Connection, random: Random) -> Iterator[Flip]:
    """A byte of an archived file that a build was made from."""
    files = connection.execute(f"select sha256, file_name from ledger.delivery where {_USED} order by 1".encode()).fetchall()
    sha256, name = random.choice(files)
    path = path_of(settings.archive, sha256)
    whole = path.read_bytes()
    at, bit = random.randrange(len(whole)), 1 << random.randrange(8)
    path.chmod(0o644)
    path.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
    path.chmod(0o444)
    try:
        yield Flip("archive", f"byte {at}", str(whole[at]), str(whole[at] ^ bit), name)
    finally:
        path.chmod(0o644)
        path.write_bytes(whole)
        path.chmod(0o444)


@dataclass(frozen=True)
class _Row:
    table: str
    ctid: str
    values: dict[str, str | None]
    named: str


def _row(connection: Connection, place: Place, random: Random) -> _Row:
    salt = str(random.random())
    found = connection.execute(
        f"select tableoid::regclass::text, ctid::text, {place.named} from {place.table} as t where {place.where} "
        f"order by md5(concat(tableoid, ctid, %s::text)) limit 1".encode(),
        [salt],
    ).fetchone()
    assert found is not None, place
    names = [
        name
        for (name,) in connection.execute(
            "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped", [found[0]]
        )
    ]
    texts = ", ".join(f'"{name}"::text as "{name}"' for name in names)
    with connection.cursor(row_factory=dict_row) as cursor:
        values = cursor.execute(f"select {texts} from {found[0]} where ctid = %s::tid".encode(), [found[1]]).fetchone()
    assert values is not None
    return _Row(found[0], found[1], values, found[2])


def _other_byte(text: str, random: Random) -> str:
    at = random.randrange(len(text))
    if text[at].isdigit():
        other = random.choice([digit for digit in "0123456789" if digit != text[at]])
    else:
        other = chr(ord(text[at]) ^ 1)
    return text[:at] + other + text[at + 1 :]


def _written(connection: Connection, row: _Row, column: str, text: str) -> str | None:
    """The row's new place, or None when the value is refused or says the same."""
    kind = connection.execute(
        "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = %s::regclass and attname = %s",
        [row.table, column],
    ).fetchone()
    assert kind is not None
    statement = (
        f'update {row.table} set "{column}" = %(text)s::{kind[0]} where ctid = %(ctid)s::tid '
        f'and "{column}" is distinct from %(text)s::{kind[0]} returning ctid::text'
    )
    try:
        with connection.transaction():
            found = connection.execute(statement.encode(), {"text": text, "ctid": row.ctid}).fetchone()
    except (psycopg.DataError, psycopg.IntegrityError):
        return None
    return None if found is None else str(found[0])
