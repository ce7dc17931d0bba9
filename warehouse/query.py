"""Reading for people: one statement, one role, nothing changed."""

from dataclasses import dataclass

import psycopg

from warehouse.errors import BureauError
from warehouse.services import postgres
from warehouse.settings import Settings


@dataclass(frozen=True)
class Answer:
    """Names of the columns, and the rows as Python values (numeric as Decimal)."""

    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]


def ask(settings: Settings, statement: str, role: str = "bureau_analyst") -> Answer:
    """Run one reading statement as `role` ("bureau_analyst", "bureau_evaluator", …) in a transaction that is undone.

    Raises BureauError for a statement that is wrong, writes, holds a second one, or needs more rights.
    """
    with psycopg.connect(postgres.conninfo(settings, role=role), autocommit=False) as connection:
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


def _reason(error: psycopg.Error) -> str:
    parts = [error.diag.message_primary or (str(error).splitlines() or ["?"])[0], error.diag.message_hint]
    return " ".join(part for part in parts if part)
