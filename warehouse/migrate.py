"""Plain ordered SQL, applied once each: `warehouse/migrations/NNN_name.sql`, recorded in `ledger.migration`.

After them come the functions that open figures and rows (`warehouse/functions/*.sql`), all of them anew whenever a file differs
from what the database was given: the comment on `evidence.newest_build` ends with their digest.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from warehouse.errors import BureauError
from warehouse.services import postgres
from warehouse.settings import Settings

FOLDER = Path(__file__).parent / "migrations"
FUNCTIONS = Path(__file__).parent / "functions"
_MARKED = "evidence.newest_build()"
_LOCK = 0x6275_7265_6175  # "bureau": one runner at a time in a database


@dataclass(frozen=True)
class Migration:
    """One file: its number, name (without number and suffix), text and the sha256 of its bytes."""

    number: int
    name: str
    sql: str
    sha256: str


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """All files in order. Raises ValueError for a name that is not NNN_name.sql or a number used twice."""
    found: dict[int, Migration] = {}
    for path in sorted(folder.glob("*.sql")):
        match = re.fullmatch(r"(\d{3})_([a-z0-9_]+)\.sql", path.name)
        if match is None or int(match[1]) in found:
            raise ValueError(f"{path.name}: want NNN_name.sql with a number of its own")
        data = path.read_bytes()
        number = int(match[1])
        found[number] = Migration(number, match[2], data.decode(), hashlib.sha256(data).hexdigest())
    return list(found.values())


def migrate(settings: Settings, folder: Path = FOLDER) -> list[str]:
    """Apply what is not applied yet, each file in a transaction of its own; the names of the files applied now.

    Raises BureauError when an applied file was changed, or when the login lacks the right to make roles or schemas.
    """
    files = migrations(folder)
    done: list[str] = []
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        try:
            applied = _applied(connection)
            for file in files:
                if file.number not in applied:
                    _apply(connection, file)
                    done.append(f"{file.number:03d}_{file.name}")
                elif applied[file.number] != file.sha256:
                    raise BureauError("migrate.changed", name=f"{file.number:03d}_{file.name}")
            _install(connection)
        except psycopg.errors.InsufficientPrivilege as error:
            raise BureauError("migrate.privilege", reason=str(error).splitlines()[0]) from error
    return done


def pending(settings: Settings, folder: Path = FOLDER) -> bool:
    """Whether `migrate` has something to do. Raises psycopg.OperationalError while the server does not answer."""
    with psycopg.connect(postgres.conninfo(settings), connect_timeout=5) as connection:
        applied = _applied(connection)
        return not {file.number for file in migrations(folder)} <= applied.keys() or not _is_installed(connection)


def _applied(connection: psycopg.Connection[tuple[object, ...]]) -> dict[int, str]:
    """Number -> sha256 of what stands in the database."""
    exists = connection.execute("select to_regclass('ledger.migration')").fetchone()
    if exists is None or exists[0] is None:
        return {}
    return {int(str(n)): str(s) for n, s in connection.execute("select number, sha256 from ledger.migration")}


def _apply(connection: psycopg.Connection[tuple[object, ...]], file: Migration) -> None:
    with connection.transaction():
        connection.execute(file.sql.encode())
        connection.execute("set local role bureau_owner")
        connection.execute(
            "insert into ledger.migration (number, name, sha256) values (%s, %s, %s)",
            [file.number, file.name, file.sha256],
        )


def _install(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Make the functions as their files say, in one transaction, when the database has others."""
    if _is_installed(connection):
        return
    with connection.transaction():
        for path in sorted(FUNCTIONS.glob("*.sql")):
            connection.execute(path.read_bytes())
        connection.execute("set local role bureau_owner")
        text = f"Number of the build that people see [{_functions_digest()}]"
        connection.execute(sql.SQL("comment on function {} is {}").format(sql.SQL(_MARKED), sql.Literal(text)))


def _is_installed(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    row = connection.execute("select obj_description(to_regprocedure(%s), 'pg_proc')", [_MARKED]).fetchone()
    return row is not None and str(row[0]).endswith(f"[{_functions_digest()}]")


def _functions_digest() -> str:
    files = sorted(FUNCTIONS.glob("*.sql"))
    return hashlib.sha256(b"|".join(path.read_bytes() for path in files)).hexdigest()[:16]
