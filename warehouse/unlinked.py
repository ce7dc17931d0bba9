"""Records that the register could link to no entity, counted and listed, read as evaluator (`register.unlinked_record`)."""

from dataclasses import dataclass
from datetime import date

from psycopg.rows import class_row

from warehouse.errors import BureauError
from warehouse.query import session
from warehouse.settings import Settings

REASONS = ("none_given", "not_found", "id_not_found")


@dataclass(frozen=True)
class Count:
    """How many records of a source are linked to nobody, by reason (`REASONS`)."""

    source: str
    reason: str
    records: int


@dataclass(frozen=True)
class Record:
    """One of them; `row` is its number among the file's data rows, `regno` the number that it names."""

    row_id: int
    file_name: str
    row: int
    regno: str | None
    reference_date: date | None
    reason: str


def counts(settings: Settings) -> list[Count]:
    """By source and reason. Raises BureauError("unlinked.no_build") before the first build."""
    with session(settings, "bureau_evaluator") as connection:
        if connection.execute("select to_regclass('register.unlinked_record')").fetchone() == (None,):
            raise BureauError("unlinked.no_build")
        with connection.cursor(row_factory=class_row(Count)) as cursor:
            return cursor.execute(
                "select source, reason, count(*) as records from register.unlinked_record group by 1, 2 order by 1, 2"
            ).fetchall()


def records(settings: Settings, source: str, limit: int) -> list[Record]:
    """Those of a source, the newest rows first. Raises BureauError("unlinked.no_source") for one that has none."""
    known = sorted({one.source for one in counts(settings)})
    if source not in known:
        raise BureauError("unlinked.no_source", source=source, known=", ".join(known) or "-")
    with session(settings, "bureau_evaluator") as connection, connection.cursor(row_factory=class_row(Record)) as cursor:
        return cursor.execute(
            "select u.row_id, d.file_name, (u.row_id & (2 ^ 32 - 1)::bigint) as row, u.regno, u.reference_date, u.reason "
            "from register.unlinked_record as u inner join ledger.delivery as d using (delivery_id) where u.source = %s "
            "order by u.row_id desc limit %s",
            [source, limit],
        ).fetchall()
