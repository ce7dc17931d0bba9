"""Rows that say a town, an industry or a capital only in free text, coded before dbt runs.

Each row is coded once, and again when the dictionaries change; `register.coding` keeps what was said, and since which build.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import astuple
from typing import Any

import psycopg

from ingest.coding.coder import Coder, Coding, Texts, version
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings

_BATCH = 20_000
_COLUMNS = (
    "region, town, town_by, town_said_by, section, section_by, section_said_by, enttype, capital, currency"  # astuple(Coding)
)
# Of registrations only what was left blank: a delivered code stands, and what is coded is a proposal.
_TEXTS = {
    "registry_export": "r.uscc, r.uscc, r.entname, r.opscope, r.address, r.enttype, r.capital",
    "registrations": "r.pripid, r.uniscid, r.entname, r.opscope, r.dom, null, null",
}
_WHICH = {"registry_export": "true", "registrations": "(r.town is null or r.industryco is null)"}

Connection = psycopg.Connection[tuple[Any, ...]]


def code_rows(settings: Settings, build_id: int, batch: int = _BATCH) -> int:
    """Code the rows of all accepted deliveries that are not coded by today's dictionaries; gives how many.

    Committed batch by batch: what is cut off goes on from there.
    """
    coder, now, count = Coder(settings.region), version(), 0
    with (
        closing(psycopg.connect(conninfo(settings, role="bureau_transformer"))) as reading,
        closing(psycopg.connect(conninfo(settings, role="bureau_transformer"))) as writing,
    ):
        for source in _TEXTS:
            for coded in _uncoded(reading, source, settings.region, now, coder, batch):
                _write(writing, source, now, build_id, coded)
                writing.commit()
                count += len(coded)
    return count


def _uncoded(
    connection: Connection, source: str, region: str, now: str, coder: Coder, batch: int
) -> Iterator[list[tuple[int, str, Coding]]]:
    there = connection.execute("select to_regclass(%s) is not null", [f"raw.{source}"]).fetchone()
    if not (there and there[0]):
        return  # new to this warehouse: nothing was ever delivered
    # What is coded is looked up in a hashed list: planned while there was nothing, it would be read anew for each row
    connection.execute("set local enable_nestloop = off")
    with connection.cursor(name=f"uncoded_{source}") as cursor:
        cursor.itersize = batch
        cursor.execute(
            f"""
            select r.row_id, d.business_date, {_TEXTS[source]}
            from raw.{source} as r
            inner join ledger.delivery as d on r.delivery_id = d.delivery_id
            left join register.coding as c on c.source = '{source}' and r.row_id = c.row_id and c.version = %s
            where d.status in ('accepted', 'replaced') and d.region = %s and c.row_id is null and {_WHICH[source]}
            """.encode(),
            [now, region],
        )
        while found := cursor.fetchmany(batch):
            yield [(row_id, key, coder.code(Texts(*texts), day)) for row_id, day, key, *texts in found]


def _write(connection: Connection, source: str, now: str, build_id: int, coded: list[tuple[int, str, Coding]]) -> None:
    connection.execute("create temporary table if not exists coded (like register.coding) on commit delete rows")
    with connection.cursor() as cursor:
        with cursor.copy(f"copy coded (source, row_id, unit_key, {_COLUMNS}, version, build_id) from stdin".encode()) as copy:
            for row_id, key, coding in coded:
                copy.write_row((source, row_id, key, *astuple(coding), now, build_id))
        cursor.execute(
            f"""
            insert into register.coding as c (source, row_id, unit_key, {_COLUMNS}, version, build_id)
            select source, row_id, unit_key, {_COLUMNS}, version, build_id from coded
            on conflict (source, row_id) do update set
                ({_COLUMNS}) = (select {", ".join(f"excluded.{name}" for name in _COLUMNS.split(", "))}),
                version = excluded.version,
                build_id = case
                    when ({", ".join(f"c.{name}" for name in _COLUMNS.split(", "))})
                        is distinct from ({", ".join(f"excluded.{name}" for name in _COLUMNS.split(", "))})
                    then excluded.build_id else c.build_id
                end
            """.encode()
        )
