"""Reading for people: one statement, one role, nothing changed."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from warehouse.errors import BureauError
from warehouse.figure import COLUMNS
from warehouse.services import postgres
from warehouse.settings import Settings

if TYPE_CHECKING:
    from warehouse.why import Vintage

_LOGIN = "bureau_reader_"
_PRESENT = re.compile(r"\bmart\s*\.\s*\"?indicator_values\b(?!_as_of)", re.IGNORECASE)
_LOGIN_MINUTES = 5  # to log in; a session that is open stays


@dataclass(frozen=True)
class Answer:
    """Names of the columns, and the rows as Python values (numeric as Decimal)."""

    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]


def ask(settings: Settings, statement: str, role: str = "bureau_analyst", as_of: "Vintage | None" = None) -> Answer:
    """Run one reading statement as `role` ("bureau_analyst", "bureau_evaluator", …) in a transaction that is undone.

    With `as_of` the name `indicator_values` means the figures as a release froze them, or as a build showed them. An analyst sees
    the releases that everybody may see. Raises BureauError for a statement
    that is wrong, writes, holds a second one, or needs more rights, and for one that asks `mart.indicator_values` as of a build.
    """
    if as_of is not None and _PRESENT.search(statement):
        raise BureauError("query.as_of_present")
    with session(settings, role) as connection:
        if as_of is not None:
            connection.execute(f"create temp view indicator_values as {_figures(connection, role, as_of)}".encode())
            connection.commit()
        connection.read_only = True
        try:
            # Prepared: the extended protocol takes one statement only, so nothing can follow that ends the transaction.
            cursor = connection.execute(statement.encode(), prepare=True)
            rows = cursor.fetchall() if cursor.description else []
            return Answer(tuple(column.name for column in cursor.description or ()), rows)
        except psycopg.errors.ReadOnlySqlTransaction as error:
            raise BureauError("query.read_only") from error
        except psycopg.errors.InsufficientPrivilege as error:
            raise BureauError("query.refused", role=role, reason=_reason(error)) from error
        except psycopg.Error as error:
            if "cannot insert multiple commands" in str(error):
                raise BureauError("query.one_statement") from error
            raise BureauError("query.failed", reason=_reason(error)) from error
        finally:
            connection.rollback()


def _figures(connection: psycopg.Connection[tuple[Any, ...]], role: str, as_of: "Vintage") -> str:
    """The statement of the figures of a release or build."""
    if as_of.release_id is None:
        return f"select * from mart.indicator_values_as_of({as_of.build_id:d})"
    if role != "bureau_analyst":
        return f"select {', '.join(COLUMNS)} from release.figure where release_id = {as_of.release_id:d}"
    seen = connection.execute("select from release.published where release_id = %s", [as_of.release_id]).fetchone()
    if seen is None:
        raise BureauError("query.not_published", release=as_of.release_id)
    return f"select {', '.join(COLUMNS)} from release.published_figure where release_id = {as_of.release_id:d}"


@contextmanager
def session(settings: Settings, role: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A session that has never had more rights than the role's.

    Whoever may write SQL can undo a SET ROLE (`set_config('role', 'none', true)`, a DO block) and is then who logged in. So it
    is not the service login that asks but a login for this one question, which is in the role and in nothing else.
    """
    name, password = _LOGIN + secrets.token_hex(8), secrets.token_urlsafe(24)
    login = sql.Identifier(name)
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as service:
        _forget_expired(service)
        try:
            service.execute(
                sql.SQL("create role {} login connection limit 1 password {} valid until {} in role {}").format(
                    login, sql.Literal(password), sql.Literal(_soon(service)), sql.Identifier(role)
                )
            )
        except psycopg.errors.InsufficientPrivilege as error:
            raise BureauError("query.no_login", reason=_reason(error)) from error
        try:
            own = make_conninfo(postgres.conninfo(settings, role=role), user=name, password=password)
            with psycopg.connect(own, autocommit=False) as connection:
                yield connection
        finally:
            service.execute(sql.SQL("drop role {}").format(login))


def _soon(service: psycopg.Connection[tuple[Any, ...]]) -> str:
    row = service.execute("select (now() + make_interval(mins => %s))::text", [_LOGIN_MINUTES]).fetchone()
    assert row is not None
    return str(row[0])


def _forget_expired(service: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Logins of questions that were cut off before theirs was dropped."""
    left = service.execute(
        "select rolname from pg_roles where starts_with(rolname, %s) and rolvaliduntil < now() "
        "and rolname not in (select usename from pg_stat_activity where usename is not null)",
        [_LOGIN],
    ).fetchall()
    for (name,) in left:
        service.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(name)))


def _reason(error: psycopg.Error) -> str:
    parts = [error.diag.message_primary or (str(error).splitlines() or ["?"])[0], error.diag.message_hint]
    return " ".join(part for part in parts if part)
