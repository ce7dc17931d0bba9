"""Another key for the pseudonyms: everything that holds one is rewritten at once, no unit changes its number, no figure moves.

The ids are only in the archive, so every archived delivery is read again under both keys. The new key is on the disk before the
database changes; database and fingerprint change in one transaction; then the files change names. Cut off anywhere and called
again it ends the same.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from warehouse.errors import BureauError
from warehouse.files import write_whole
from warehouse.secret_key import KEY_BYTES, change_files, key_file, key_of_file, new_key_file, pseudonym_key
from warehouse.services import postgres
from warehouse.settings import Settings

# A key of several parts is one text (macro fold_key), and the key of a person without an id begins with the kind of record that
# stands for the person (model unit); each part that holds a pseudonym is replaced.
_IN_KEYS = """
    update {table} as t set {column} = (
        select p.prefix || string_agg(coalesce(r.new, e.part), chr(31) order by e.place)
        from (select coalesce(substring(t.{column} from '^(?:entity|spell|contract):'), '')) as p (prefix)
        cross join unnest(string_to_array(substr(t.{column}, length(p.prefix) + 1), chr(31))) with ordinality as e (part, place)
        left join pg_temp.rekey as r on r.old = e.part
        group by p.prefix
    )
    where t.{column} ~ '^(?:entity|spell|contract):|\\x1f' and t.{column} ~ '[0-9a-f]{{64}}'
"""
_FROZEN = "release"  # its rows never change and hold none, but hashes that look like them
_SCHEMAS = ["raw", "quarantine", "register", "evidence", "mart", "staging", _FROZEN]


@dataclass(frozen=True)
class Rotation:
    """What a rotation did; `old_key` is the file that nobody needs any more, None when the old key came from the environment."""

    version: int
    deliveries: int
    pseudonyms: int
    new_key: Path
    old_key: Path | None


@dataclass(frozen=True)
class KeyVersion:
    """A row of `ledger.pseudonym_key`."""

    version: int
    fingerprint: str
    created_at: Any


@dataclass(frozen=True)
class _Archived:
    delivery_id: int
    source: str
    region: str
    business_date: date
    sha256: str
    file_name: str


def versions(settings: Settings) -> list[KeyVersion]:
    """All keys that the database has known, the present one last."""
    with psycopg.connect(postgres.conninfo(settings, role="bureau_owner")) as connection:
        rows = connection.execute("select version, fingerprint, created_at from ledger.pseudonym_key order by version").fetchall()
    return [KeyVersion(*row) for row in rows]


def rotate(settings: Settings, given: Path | None = None, report: Callable[[str, int, int], None] = lambda *_: None) -> Rotation:
    """Go over to a new key: that of the file `given`, else one that is made. `report` is told (file, done, of) as files are read.

    Raises BureauError when a night or a build is at work, when an archived file is missing or has changed (nothing has changed
    then), and when a pseudonym is left over that no archived file explains.
    """
    from ingest.pseudonym import fingerprint

    old, target = pseudonym_key(settings), _new_key(settings, given)
    new = key_of_file(target)
    if new == old:
        raise BureauError("key.same", file=str(target))
    with psycopg.connect(postgres.conninfo(settings)) as connection:
        alone(connection, settings)
        found = _archived(connection)
        _check_files(settings, found)
        _collect(connection, settings, found, old, new, report)
        count = _one(connection, "select count(*) from pg_temp.rekey")
        for schema, table, owner in _tables(connection):
            _rewrite(connection, schema, table, owner)
        version = _one(
            connection,
            "insert into ledger.pseudonym_key (version, fingerprint) select max(version) + 1, %s from ledger.pseudonym_key "
            "returning version",
            [fingerprint(new)],
        )
        connection.commit()
    kept = None if settings.pseudonym_key is not None else change_files(settings, target, version - 1)
    return Rotation(version, len(found), count, target if kept is None else key_file(settings), kept)


def _new_key(settings: Settings, given: Path | None) -> Path:
    """The file of the new key: beside the old one, where a rotation that was cut off finds it again."""
    if settings.pseudonym_key is not None:
        if given is None:
            raise BureauError("key.give_new_file")
        return given
    target = new_key_file(settings)
    if given is not None:
        write_whole(target, key_of_file(given).hex() + "\n", 0o600)
    elif not target.exists():
        write_whole(target, secrets.token_hex(KEY_BYTES) + "\n", 0o600)
    return target


def alone(connection: psycopg.Connection[Any], settings: Settings) -> None:
    """No night and no build at work, and none can begin before the end of the transaction."""
    from ingest.spec import source_names
    from warehouse.build import LOCK

    names = [f"{step} {source} {settings.region}" for source in source_names() for step in ("take_in", "accept")]
    asked = connection.execute(
        "select bool_and(pg_try_advisory_xact_lock(hashtextextended(name, 0))) and pg_try_advisory_xact_lock(%s) "
        "from unnest(%s::text[]) as name",
        [LOCK, names],
    ).fetchone()
    if asked is None or not asked[0]:
        raise BureauError("key.busy")


def _archived(connection: psycopg.Connection[Any]) -> list[_Archived]:
    from ingest.rekey import holds_ids
    from ingest.spec import all_specs

    sources = [name for name, spec in all_specs().items() if holds_ids(spec)]
    rows = connection.execute(
        "select delivery_id, source, region, business_date, sha256, file_name from ledger.delivery "
        "where source = any(%s) and (status in ('accepted', 'replaced') or status = 'loading' and rows_in_file is not null) "
        "order by delivery_id",
        [sources],
    ).fetchall()
    return [_Archived(*row) for row in rows]


def _check_files(settings: Settings, found: list[_Archived]) -> None:
    from ingest.errors import NotReady
    from ingest.rekey import check_file

    for one in found:
        try:
            check_file(settings.archive, one.sha256)
        except NotReady as error:
            raise BureauError("key.not_in_archive", file=one.file_name, reason=error) from error


def _collect(
    connection: psycopg.Connection[Any],
    settings: Settings,
    found: list[_Archived],
    old: bytes,
    new: bytes,
    report: Callable[[str, int, int], None],
) -> None:
    """The mapping into a table of this session alone, gone with the transaction."""
    from ingest.rekey import pairs
    from ingest.spec import load_spec

    connection.execute("create temporary table collected (old text, new text) on commit drop")
    with connection.cursor().copy("copy collected from stdin") as copy:
        for number, one in enumerate(found, start=1):
            spec = load_spec(one.source)
            for pair in pairs(settings.archive, spec, one.sha256, one.region, one.business_date, old, new):
                copy.write_row(pair)
            report(one.file_name, number, len(found))
    connection.execute("create temporary table rekey on commit drop as select distinct old, new from collected")
    connection.execute("create unique index on pg_temp.rekey (old)")
    # A cell of a key may hold more than the pseudonym: a contract's number that an id was typed into
    connection.execute(
        "create temporary table renewed on commit drop as select distinct m[1] as pseudonym "
        "from pg_temp.rekey, regexp_matches(new, '[0-9a-f]{64}', 'g') as m"
    )
    connection.execute("create unique index on pg_temp.renewed (pseudonym)")
    connection.execute("grant select on pg_temp.rekey, pg_temp.renewed to bureau_owner, bureau_loader, bureau_transformer")
    connection.execute("analyze pg_temp.rekey, pg_temp.renewed")


def _tables(connection: psycopg.Connection[Any]) -> list[tuple[str, str, str]]:
    """Every table of the warehouse that may hold a pseudonym, with its owner (partitions by themselves)."""
    return connection.execute(
        "select schemaname, tablename, tableowner from pg_tables as t where schemaname = any(%s) and exists ("
        "  select 1 from information_schema.columns as c where c.table_schema = t.schemaname and c.table_name = t.tablename "
        "  and (c.data_type = 'text' or c.udt_name = '_text')) "
        "and not exists ("
        "  select 1 from pg_partitioned_table where partrelid = format('%%I.%%I', schemaname, tablename)::regclass) "
        "order by 1, 2",
        [_SCHEMAS],
    ).fetchall()


def _rewrite(connection: psycopg.Connection[Any], schema: str, table: str, owner: str) -> None:
    """Old pseudonyms of a table become new ones, wherever in a text or an array of texts they stand."""
    columns = connection.execute(
        "select column_name, data_type from information_schema.columns where table_schema = %s and table_name = %s "
        "and (data_type = 'text' or udt_name = '_text')",
        [schema, table],
    ).fetchall()
    name = sql.Identifier(schema, table)
    with connection.transaction():
        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(owner)))
        for column, kind in columns:
            where = sql.SQL("t.{0} ~ '[0-9a-f]{{64}}'" if kind == "text" else "t.{0}::text ~ '[0-9a-f]{{64}}'").format(
                sql.Identifier(column)
            )
            if connection.execute(sql.SQL("select 1 from {} as t where {} limit 1").format(name, where)).fetchone() is None:
                continue
            if kind == "text":
                statement = "update {table} as t set {column} = r.new from pg_temp.rekey as r where t.{column} = r.old"
                if schema != _FROZEN:
                    connection.execute(sql.SQL(_IN_KEYS).format(table=name, column=sql.Identifier(column)))
            else:
                statement = (
                    "update {table} as t set {column} = (select array_agg(coalesce(r.new, e.part) order by e.place) "
                    "from unnest(t.{column}) with ordinality as e (part, place) left join pg_temp.rekey as r on r.old = e.part) "
                    "where t.{column} && (select array_agg(old) from pg_temp.rekey)"
                )
            if schema != _FROZEN:
                connection.execute(sql.SQL(statement).format(table=name, column=sql.Identifier(column)))
            left = connection.execute(
                sql.SQL(
                    "select from {table} as t, regexp_matches(t.{column}::text, '[0-9a-f]{{64}}', 'g') as m where {left} limit 1"
                ).format(
                    table=name,
                    column=sql.Identifier(column),
                    left=sql.SQL(
                        "exists (select from pg_temp.rekey as r where r.old = m[1])"
                        if schema == _FROZEN
                        else "not exists (select from pg_temp.renewed as r where r.pseudonym = m[1])"
                    ),
                )
            ).fetchone()
            if left is not None:
                raise BureauError("key.left_over", table=f"{schema}.{table}", column=column)
        connection.execute("reset role")


def _one(connection: psycopg.Connection[Any], statement: str, values: list[Any] | None = None) -> int:
    row = connection.execute(statement.encode(), values or []).fetchone()
    assert row is not None
    return int(row[0])
