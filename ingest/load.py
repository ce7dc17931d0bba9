"""One delivery into its own table of raw: decoded, normalised, pseudonymised, numbered and copied in one pass over the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from psycopg import sql

from ingest.ddl import Conn, create_partition, partition_name
from ingest.errors import DeliveryRefused
from ingest.manifest import Manifest
from ingest.normalise import Column
from ingest.pseudonym import Pseudonymiser
from ingest.readers import Findings, Naming, read
from ingest.spec import SourceSpec
from ingest.transform import RawBatch, Transformer

ROW_BITS = 32


@dataclass(frozen=True)
class Loaded:
    """What a load counted: data rows, exact totals by warehouse name, and (rule, place) of what was only noticed."""

    rows: int
    totals: dict[str, Decimal]
    warnings: tuple[tuple[str, str], ...]


def row_id(delivery_id: int, row_number: int) -> int:
    """The number of a row in all the warehouse; data rows count from 1."""
    return (delivery_id << ROW_BITS) + row_number


def load(
    connection: Conn, spec: SourceSpec, delivery_id: int, path: Path, manifest: Manifest, pseudonymiser: Pseudonymiser
) -> Loaded:
    """Make the delivery's table and fill it, within the caller's transaction (which must roll back on an error).

    Raises DeliveryRefused for what the file as a whole has wrong, wrong rows and totals included.
    """
    create_partition(connection, spec, delivery_id)
    by_delivered = {column.delivered: column.name for column in spec.columns}
    wanted = {by_delivered[name]: total for name, total in manifest.totals.items()}
    summed = frozenset(wanted) | ({spec.trailer_total} if spec.trailer_total else set())
    transformer = Transformer(spec, pseudonymiser, summed)
    findings = Findings()
    naming = Naming(manifest.region, manifest.business_date)
    columns = ("row_id", "delivery_id", *spec.raw_columns, "faults")
    statement = sql.SQL("copy {} ({}) from stdin (freeze)").format(
        sql.Identifier("raw", partition_name(spec, delivery_id)), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    rows = 0
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for batch in _transformed(spec, path, naming, findings, transformer):
            copy.write(_copy_text(batch, delivery_id, rows))
            rows += batch.rows
    _compare(spec, manifest, rows, wanted, transformer.totals, findings)
    return Loaded(rows, dict(transformer.totals), tuple(findings.warnings))


def _transformed(
    spec: SourceSpec, path: Path, naming: Naming, findings: Findings, transformer: Transformer
) -> Iterator[RawBatch]:
    for batch in read(spec, path, naming, findings):
        yield transformer.apply(batch)


def _copy_text(batch: RawBatch, delivery_id: int, rows_before: int) -> bytes:
    """A batch in COPY's text format."""
    first = row_id(delivery_id, rows_before + 1)
    columns: list[list[str]] = [[str(number) for number in range(first, first + batch.rows)], [str(delivery_id)] * batch.rows]
    columns += [_escaped(column) for column in batch.columns]
    columns.append(["{" + ",".join(f'"{fault}"' for fault in faults) + "}" if faults else "{}" for faults in batch.faults])
    text = "\n".join(map("\t".join, zip(*columns, strict=True))) + "\n"
    # A workbook can hold half of a surrogate pair, which no encoding has
    return text.encode("utf-8", "replace")


def _escaped(cells: Column) -> list[str]:
    whole = "".join(filter(None, cells))
    if "\\" in whole or "\t" in whole or "\n" in whole or "\r" in whole:
        return [_escape(cell) if cell is not None else "\\N" for cell in cells]
    return [cell if cell is not None else "\\N" for cell in cells]


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


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
            raise DeliveryRefused("manifest.totals", delivered, f"the manifest says {total}, the rows add up to {found[name]}")
    if findings.trailer is not None:
        trailer_rows, trailer_sum = findings.trailer
        if trailer_rows != rows:
            raise DeliveryRefused("file.trailer", "rows", f"the trailer says {trailer_rows}, the file has {rows}")
        if spec.trailer_total and found[spec.trailer_total] != trailer_sum:
            raise DeliveryRefused(
                "file.trailer",
                spec.trailer_total,
                f"the trailer says {trailer_sum}, the rows add up to {found[spec.trailer_total]}",
            )
    if manifest.kind == "full" and spec.full_replaces == "same_first_key" and rows == 0:
        raise DeliveryRefused("delivery.empty", "rows", "a full delivery that replaces what it contains must contain something")
