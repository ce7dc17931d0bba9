"""What goes back to a department: its quarantined rows with every reason, and its refused files.

Cells are not in the database: they are read again from the archived file. Without the steward's leave names and ids come as the
warehouse stores them (`张**`, no number); with it as they were delivered, and the opening is written down before a line is read.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from warehouse.errors import BureauError
from warehouse.query import session
from warehouse.reasons import Reason, of_row
from warehouse.secret_key import pseudonym_key
from warehouse.settings import Settings
from warehouse.who import asker

if TYPE_CHECKING:
    from ingest.spec import SourceSpec

STEWARD = "bureau_steward"
ROWS_PER_DELIVERY = 2**32
HIDDEN = "***"


@dataclass(frozen=True)
class Held:
    """A quarantined row: where it stood, why it failed (rule ids), and the delivery that settled it, if one did."""

    row_id: int
    reasons: list[str]
    key: list[str] | None
    settled_by: int | None
    settled_at: datetime | None
    delivery_id: int
    source: str
    department: str
    region: str
    business_date: date
    file_name: str
    sha256: str

    @property
    def row_number(self) -> int:
        """The number among the file's data rows, from 1."""
        return self.row_id % ROWS_PER_DELIVERY


@dataclass(frozen=True)
class Refused:
    """A refused delivery whose place no later one has taken."""

    delivery_id: int
    source: str
    file_name: str
    business_date: date | None
    reason: str
    received_at: datetime


@dataclass(frozen=True)
class Returned:
    """A row as it goes back: line (sheet row, record) in the file, cells in the department's order, reasons.

    as_delivered  of a row of a wrong number of fields, of which no cell can be told, what stands there: for the steward only.
    """

    held: Held
    line: int
    cells: tuple[str, ...]
    reasons: tuple[Reason, ...]
    as_delivered: str = ""


def departments() -> dict[str, "list[SourceSpec]"]:
    """Department → its sources."""
    from ingest.spec import all_specs

    found: dict[str, list[SourceSpec]] = defaultdict(list)
    for spec in all_specs().values():
        found[spec.department].append(spec)
    return dict(found)


def held_rows(settings: Settings, specs: "Sequence[SourceSpec]", day: date | None = None, settled: bool = False) -> list[Held]:
    """Quarantined rows of these sources that wait for a correction (`settled`: the others too), in the order of their row_id."""
    with session(settings, STEWARD) as connection:
        rows: list[Held] = []
        for spec in specs:
            if not _is_there(connection, spec):
                continue
            with connection.cursor(row_factory=class_row(Held)) as cursor:
                rows += cursor.execute(
                    sql.SQL(
                        "select q.row_id, q.reasons, q.key, q.settled_by, s.accepted_at as settled_at, d.delivery_id, d.source, "
                        "d.department, d.region, d.business_date, d.file_name, d.sha256 from quarantine.{} as q "
                        "join ledger.delivery as d using (delivery_id) "
                        "left join ledger.delivery as s on s.delivery_id = q.settled_by "
                        "where (%(settled)s or q.settled_by is null) and d.business_date = coalesce(%(day)s, d.business_date) "
                        "and d.region = %(region)s order by q.row_id"
                    ).format(sql.Identifier(spec.name)),
                    {"settled": settled, "day": day, "region": settings.region},
                ).fetchall()
        return rows


def warned_rows(settings: Settings, specs: "Sequence[SourceSpec]", day: date | None = None) -> list[Held]:
    """Accepted rows of these sources that break rules which only warn (`reasons`), in whose place no later row or full delivery
    stands: found by the checks of a business date (None: of any), in the order of their row_id."""
    rows: list[Held] = []
    with session(settings, STEWARD) as connection:
        for spec in specs:
            if _is_there(connection, spec):
                with connection.cursor(row_factory=class_row(Held)) as cursor:
                    asked = {"source": spec.name, "region": settings.region, "day": day}
                    rows += cursor.execute(_warned(spec), asked).fetchall()
    return rows


def _warned(spec: "SourceSpec") -> sql.Composed:
    first = sql.Identifier(spec.key[0])
    key = sql.SQL("array[{}]").format(sql.SQL(", ").join(map(sql.Identifier, spec.key)))
    if spec.full_replaces == "everything":  # and then nothing else stands
        replaced = sql.SQL(
            "exists (select from ledger.delivery as l where l.source = d.source and l.region = d.region and l.kind = 'full' "
            "and l.status = 'accepted' and (l.business_date, l.sequence) > (d.business_date, d.sequence))"
        )
    else:
        replaced = sql.SQL(
            "exists (select from said as l where l.first = s.first "
            "and (l.business_date, l.sequence) > (d.business_date, d.sequence))"
        )
    return sql.SQL(
        "with warned as materialized ("
        "  select w.row_id, array_agg(w.rule order by w.rule) as reasons from quarantine.warned as w"
        "  join ledger.delivery as f using (delivery_id) join ledger.delivery as d on d.delivery_id = w.row_id >> 32"
        "  where d.source = %(source)s and d.region = %(region)s and d.status = 'accepted'"
        "    and f.business_date = coalesce(%(day)s, f.business_date) group by w.row_id"
        "), said as ("
        "  select r.row_id, {key} as key, r.{first} as first, d.business_date, d.sequence from raw.{source} as r"
        "  join ledger.delivery as d using (delivery_id) where d.status = 'accepted' and d.region = %(region)s"
        ") select w.row_id, w.reasons, '{{}}'::text [] as key, null::bigint as settled_by, null::timestamptz as settled_at, "
        "d.delivery_id, d.source, d.department, d.region, d.business_date, d.file_name, d.sha256 "
        "from warned as w join said as s using (row_id) join ledger.delivery as d on d.delivery_id = w.row_id >> 32 "
        "where not {replaced} and not exists (select from said as n where n.key = s.key "
        "  and (n.business_date, n.sequence) > (s.business_date, s.sequence)) order by w.row_id"
    ).format(key=key, first=first, source=sql.Identifier(spec.name), replaced=replaced)


def refused_files(settings: Settings, specs: "Sequence[SourceSpec]", day: date | None = None) -> list[Refused]:
    """Refused and conflicting deliveries of these sources that no accepted one of the same day and sequence or a higher one
    has made good."""
    with session(settings, STEWARD) as connection, connection.cursor(row_factory=class_row(Refused)) as cursor:
        return cursor.execute(
            "select distinct on (d.source, d.file_name) d.delivery_id, d.source, d.file_name, d.business_date, d.reason, "
            "d.received_at from ledger.delivery as d where d.status in ('refused', 'conflict') "
            "and (d.source = any(%(sources)s) or (d.source = 'unknown' and d.department = any(%(departments)s))) "
            "and (%(day)s::date is null or d.business_date = %(day)s) and d.region = %(region)s and not exists ("
            "  select 1 from ledger.delivery as g where g.source = d.source and g.region = d.region "
            "  and g.business_date = d.business_date and (g.status = 'accepted' and g.sequence > d.sequence or "
            "  g.status in ('accepted', 'duplicate') and g.sequence = d.sequence and g.delivery_id > d.delivery_id)) "
            "order by d.source, d.file_name, d.delivery_id desc",
            {
                "sources": [spec.name for spec in specs],
                "departments": [spec.department for spec in specs],
                "day": day,
                "region": settings.region,
            },
        ).fetchall()


def returned_rows(
    settings: Settings, spec: "SourceSpec", held: Sequence[Held], lang: str, purpose: str | None = None
) -> Iterator[Returned]:
    """The rows with their cells, one pass over each archived file. With `purpose` personal columns come as they were delivered,
    and the opening is recorded first. Raises BureauError when a file is not in the archive."""
    from ingest.errors import NotReady
    from ingest.places import row_places

    by_delivery: dict[int, list[Held]] = defaultdict(list)
    for row in held:
        by_delivery[row.delivery_id].append(row)
    for rows in by_delivery.values():
        first = rows[0]
        if purpose is not None:
            _record(settings, first.delivery_id, [row.row_id for row in rows], purpose)
        try:
            numbers = [row.row_number for row in rows]
            places = row_places(settings.archive, spec, first.sha256, numbers, first.region, first.business_date, settings.places)
        except NotReady as error:
            raise BureauError("quarantine.not_in_archive", file=first.file_name, reason=error) from error
        show = _as_delivered if purpose is not None else _Masked(settings, spec)
        for row in rows:
            place = places[row.row_number]
            reasons = of_row(spec, row.reasons, row.business_date, row.region, lang)
            whole = "" if place.unsplit is None or purpose is None else _joined(place.unsplit, spec.delimiter)
            yield Returned(row, place.place, show(place.cells), tuple(reasons), whole)


def _as_delivered(cells: Sequence[str | None]) -> tuple[str, ...]:
    return tuple(cell or "" for cell in cells)


def _joined(fields: Sequence[str | None], delimiter: str) -> str:
    """The line again, quoted as CSV is where a field has the delimiter in it."""
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="").writerow(["" if field is None else field for field in fields])
    return line.getvalue()


class _Masked:
    """Cells as the warehouse would store them: what stands in for an id is not shown, a name is its surname and a mask."""

    def __init__(self, settings: Settings, spec: "SourceSpec") -> None:
        from ingest.pseudonym import Pseudonymiser
        from ingest.transform import Transformer

        self._spec = spec
        self._transformer = Transformer(spec, Pseudonymiser(pseudonym_key(settings)), frozenset())

    def __call__(self, cells: Sequence[str | None]) -> tuple[str, ...]:
        from ingest.hidden import mask_ids
        from ingest.readers import Batch

        raw = self._transformer.apply(Batch([tuple(cells)], {}, [1]))
        values = dict(zip(self._spec.raw_columns, (column[0] for column in raw.columns), strict=True))
        shown = []
        for column, cell in zip(self._spec.columns, cells, strict=True):
            value = values[column.name]
            is_id = column.type == "resident_id" or (column.type == "taxpayer" and (values[f"{column.name}_check"] or not value))
            # an id may have been typed into any column of a row that failed
            shown.append(HIDDEN if is_id and cell else mask_ids([value], free_text=True)[0])
        return tuple(shown)


def _record(settings: Settings, delivery_id: int, row_ids: list[int], purpose: str) -> None:
    """Write an opening down. It stands before a line is read: without it nothing is opened."""
    who = asker()
    with session(settings, STEWARD) as connection:
        connection.execute(
            "insert into ledger.archive_access (login, session_login, purpose, delivery_id, row_ids) values (%s, %s, %s, %s, %s)",
            [who.login, who.session_login, purpose, delivery_id, row_ids],
        )
        connection.commit()


def _is_there(connection: psycopg.Connection[Any], spec: "SourceSpec") -> bool:
    row = connection.execute("select to_regclass(%s) is not null", [f"quarantine.{spec.name}"]).fetchone()
    return bool(row and row[0])
