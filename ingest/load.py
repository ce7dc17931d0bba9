"""One delivery into its own table of raw: decoded, normalised, pseudonymised, numbered and copied in one pass over the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from tempfile import SpooledTemporaryFile

from psycopg import sql

from ingest.ddl import Conn, create_partition, partition_name
from ingest.errors import DeliveryRefused
from ingest.hidden import SHORTEST_ID
from ingest.manifest import Manifest
from ingest.readers import Findings, Naming, read
from ingest.readers.delimited_text import open_text
from ingest.readers.records import Chunk, Stream
from ingest.rows import CopyRows, RowMaker, row_id
from ingest.spec import SourceSpec
from ingest.worker import Job, Parcel, rows_of
from ingest.workers import Workers, how_many

__all__ = ["Loaded", "load", "row_id"]

_CHUNKS_A_PARCEL = 16  # half a megabyte of the file
_PARCELS_ALONE = 8  # a file of so many is loaded sooner than workers start
_COPY_BYTES = 1 << 20
_FAULTY_IN_MEMORY = 1 << 22


@dataclass(frozen=True)
class Loaded:
    """What a load counted: data rows, exact totals by warehouse name, and (rule, place) of what was only noticed."""

    rows: int
    totals: dict[str, Decimal]
    warnings: tuple[tuple[str, str], ...]


@dataclass
class _Count:
    """What is known when the last rows are made."""

    rows: int
    totals: dict[str, Decimal]


def load(connection: Conn, spec: SourceSpec, delivery_id: int, data: Stream | Path, manifest: Manifest, key: bytes) -> Loaded:
    """Make the delivery's table and fill it, within the caller's transaction (which must roll back on an error).

    A delimited text is read as a stream, once and in order (`data` may be one that is still arriving); other containers need the
    whole file. Raises DeliveryRefused for what the file as a whole has wrong, wrong rows and totals included, and WorkerDied.
    """
    create_partition(connection, spec, delivery_id)
    by_delivered = {column.delivered: column.name for column in spec.columns}
    wanted = {by_delivered[name]: total for name, total in manifest.totals.items()}
    summed = frozenset(wanted) | ({spec.trailer_total} if spec.trailer_total else set())
    findings = Findings()
    naming = Naming(manifest.region, manifest.business_date)
    count = _Count(0, dict.fromkeys(summed, Decimal(0)))
    with nullcontext(data) if not (spec.is_text and isinstance(data, Path)) else data.open("rb") as source:
        if isinstance(source, Path):
            rows = _rows_of_file(spec, source, naming, findings, RowMaker(spec, key, delivery_id, summed), count)
        else:
            layout, chunks = open_text(spec, source, naming, findings)
            rows = _rows_of_text(Job(spec, layout, key, delivery_id, summed), chunks, count)
        _copy(connection, spec, delivery_id, rows)
    _compare(spec, manifest, count.rows, wanted, count.totals, findings)
    return Loaded(count.rows, count.totals, tuple(findings.warnings))


def _rows_of_file(
    spec: SourceSpec, path: Path, naming: Naming, findings: Findings, maker: RowMaker, count: _Count
) -> Iterator[CopyRows]:
    for batch in read(spec, path, naming, findings):
        before, count.rows = count.rows, count.rows + len(batch.rows)
        yield maker.rows(batch, range(before + 1, count.rows + 1))
    count.totals = maker.totals


def _rows_of_text(job: Job, chunks: Iterator[Chunk], count: _Count) -> Iterator[CopyRows]:
    """Rows in the file's order; a long file's are made by several processes."""
    parcels = _parcels(chunks, count)
    first = list(islice(parcels, _PARCELS_ALONE + 1))
    if len(first) <= _PARCELS_ALONE:
        maker = RowMaker(job.spec, job.key, job.delivery_id, job.totals)
        yield from (rows_of(parcel, job.layout, maker) for parcel in first)
        count.totals = maker.totals
        return
    with Workers(job, how_many()) as workers:
        yield from workers.rows(chain(first, parcels))
        count.totals = workers.totals()


def _parcels(chunks: Iterator[Chunk], count: _Count) -> Iterator[Parcel]:
    while held := tuple(islice(chunks, _CHUNKS_A_PARCEL)):
        yield Parcel(held, count.rows)
        count.rows += sum(chunk.records for chunk in held)


def _copy(connection: Conn, spec: SourceSpec, delivery_id: int, rows: Iterator[CopyRows]) -> None:
    """Sound rows as they come, those with faults behind them: nearly no row needs the column then."""
    # The server writes on while rows are made; else the commit would wait for the whole table to reach the disk
    connection.execute("set local backend_flush_after = '2MB'")
    with SpooledTemporaryFile(_FAULTY_IN_MEMORY) as faulty:
        with _copying(connection, spec, delivery_id, faults=False) as write:
            for made in rows:
                write(made.sound)
                faulty.write(made.faulty)
        faulty.seek(0)
        with _copying(connection, spec, delivery_id, faults=True) as write:
            while block := faulty.read(_COPY_BYTES):
                write(block)


@contextmanager
def _copying(connection: Conn, spec: SourceSpec, delivery_id: int, faults: bool) -> Iterator[Callable[[bytes], None]]:
    columns = ("row_id", *spec.raw_columns, *(["faults"] if faults else []))
    statement = sql.SQL("copy {} ({}) from stdin (freeze, null '')").format(
        sql.Identifier("raw", partition_name(spec, delivery_id)), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        yield copy.write


def _compare(
    spec: SourceSpec,
    manifest: Manifest,
    rows: int,
    wanted: dict[str, Decimal],
    found: dict[str, Decimal],
    findings: Findings,
) -> None:
    """Rows and totals of the file against manifest and trailer (ruling 8)."""
    if rows != manifest.rows:
        raise DeliveryRefused("manifest.rows", "rows", f"the manifest says {manifest.rows}, the file has {rows}")
    for name, total in wanted.items():
        if found[name] != total:
            delivered = spec.column(name).delivered
            said = _sums("the manifest", total, found[name])
            raise DeliveryRefused("manifest.totals", delivered, said)
    if findings.trailer is not None:
        trailer_rows, trailer_sum = findings.trailer
        if trailer_rows != rows:
            raise DeliveryRefused("file.trailer", "rows", f"the trailer says {trailer_rows}, the file has {rows}")
        if spec.trailer_total and found[spec.trailer_total] != trailer_sum:
            said = _sums("the trailer", trailer_sum, found[spec.trailer_total])
            raise DeliveryRefused("file.trailer", spec.trailer_total, said)
    if manifest.kind == "full" and spec.full_replaces == "same_first_key" and rows == 0:
        raise DeliveryRefused("delivery.empty", "rows", "a full delivery that replaces what it contains must contain something")


def _sums(who: str, said: Decimal, found: Decimal) -> str:
    """Both sums; neither where one is as long as a resident id: it may be one, typed into a column of numbers."""
    if max(abs(said), abs(found)) >= SHORTEST_ID:
        return f"{who} says another sum than the rows add up to"
    return f"{who} says {said}, the rows add up to {found}"
