"""Loaded registrations deliveries of any length, clean or with one row in a hundred breaking each rule.

The city's rows and one row a rule are delivered and loaded as ever; copies under other keys are put straight into the deliveries'
own tables: reading files is measured by bench.load. Each has a full delivery with the same keys before it, and a history.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from psycopg import sql

from bench.registrations_file import make_city, write_delivery
from expectations import DeliveryFacts, rules_of
from expectations.predicates import Lists, Place
from expectations.usual import LEAST, measure, measures_of
from ingest import ledger
from ingest.context import LoadContext
from ingest.ddl import create_partition, drop_partition, install, partition_name
from ingest.pseudonym import fingerprint
from ingest.spec import SourceSpec, load_spec
from ingest.take_in import take_in
from tests.integration.expectations.hunt import deliver, hunt
from warehouse.migrate import migrate
from warehouse.services import postgres
from warehouse.settings import Settings, make_folders

KEY = bytes(range(32))
DAY = date(2010, 12, 31)
REGION = "520381"
_CITY_ROWS = 50_000
_ROW_BITS = 32
_DETACH = (
    b"do $$ declare name text; begin for name in select inhrelid::regclass::text from pg_inherits where "
    b"inhparent = 'raw.registrations'::regclass loop execute 'alter table raw.registrations detach partition ' || name; "
    b"end loop; end $$"
)
Conn = psycopg.Connection[Any]


@dataclass(frozen=True)
class Made:
    """A loaded delivery of so many rows, in which a row in a hundred breaks each rule or none breaks any."""

    number: int
    rows: int
    failing: bool

    @property
    def facts(self) -> DeliveryFacts:
        """As the night knows it."""
        return DeliveryFacts(self.number, REGION, DAY, self.rows)


def conninfo(settings: Settings) -> str:
    """As the loader."""
    return postgres.conninfo(settings, role="bureau_loader")


def prepare(settings: Settings) -> list[str]:
    """Have the server, and in `raw.pattern` the rows that are copied; gives the rules that its last rows break, in order."""
    spec = load_spec("registrations")
    make_folders(settings)
    postgres.ensure_running(settings)
    migrate(settings)
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as connection:
        install(connection, [spec])
        connection.execute(
            "insert into ledger.pseudonym_key (version, fingerprint) values (1, %s) on conflict do nothing", [fingerprint(KEY)]
        )
    rules = [rule.id for rule in rules_of(spec, DAY, REGION) if rule.kind in ("row", "fault")]
    with psycopg.connect(conninfo(settings), autocommit=True) as connection:
        if connection.execute("select to_regclass('raw.pattern')").fetchone() == (None,):
            with TemporaryDirectory(prefix="validate-bench-") as folder:
                _pattern(settings, connection, spec, rules, Path(folder))
    return rules


def _pattern(settings: Settings, connection: Conn, spec: SourceSpec, rules: list[str], folder: Path) -> None:
    def context(inbox: Path) -> LoadContext:
        return LoadContext(conninfo(settings), folder / "archive", str(inbox), REGION, KEY, date(2011, 1, 1))

    tries = hunt(context(folder / "hunt"), spec)
    make_city(folder / "city", "clean")
    write_delivery(folder / "inbox", _CITY_ROWS, folder / "city")
    (city,) = take_in(context(folder / "inbox"), spec, DAY)
    broken = deliver(context(folder / "broken"), spec, [tries.breaking(rule) for rule in rules], DAY - timedelta(days=9))
    columns = sql.SQL(", ").join(map(sql.Identifier, [*spec.raw_columns, "faults"]))
    with connection.transaction():
        connection.execute(
            sql.SQL(
                "create table raw.pattern as select row_number() over (order by row_id) - 1 as place, {0} from ("
                "select row_id, {0} from {1} union all select row_id, {0} from {2}) as rows"
            ).format(columns, *(sql.Identifier("raw", partition_name(spec, one)) for one in (city, broken.delivery_id)))
        )
        connection.execute("create unique index on raw.pattern (place)")
        for number in (city, broken.delivery_id):
            drop_partition(connection, spec, number)
    connection.execute("analyze raw.pattern")


def make(settings: Settings, rules: list[str], rows: int, failing: bool) -> Made:
    """Have the delivery, the one before it and its history; what an earlier run made serves again."""
    spec = load_spec("registrations")
    number = 2 * (rows // 1000) + failing
    made = Made(number, rows, failing)
    with psycopg.connect(conninfo(settings), autocommit=True) as connection:
        if connection.execute("select to_regclass(%s)", [f"raw.{partition_name(spec, number)}"]).fetchone() == (None,):
            with connection.transaction():
                _copies(connection, spec, made, len(rules) if failing else 0)
        # The one before it, and the history, are those of this delivery alone
        connection.execute(_DETACH)
        with psycopg.connect(postgres.conninfo(settings), autocommit=True) as owner:
            owner.execute("delete from ledger.delivery")
        before = Made(2 * (rows // 1000) + 1_000_000, rows, False)
        if connection.execute("select to_regclass(%s)", [f"raw.{partition_name(spec, before.number)}"]).fetchone() == (None,):
            with connection.transaction():
                _copies(connection, spec, before, 0)
        connection.execute(
            sql.SQL("alter table raw.registrations attach partition {} for values in ({})").format(
                sql.Identifier("raw", partition_name(spec, before.number)), sql.Literal(before.number)
            )
        )
        _history(connection, spec, made, before)
        connection.execute("analyze raw.registrations")
    return made


def _copies(connection: Conn, spec: SourceSpec, made: Made, broken: int) -> None:
    create_partition(connection, spec, made.number)
    table = sql.Identifier("raw", partition_name(spec, made.number))
    others = [name for name in spec.raw_columns if name != "pripid"]
    # Slots 0 to broken - 1 of each hundred break a rule each, the next one repeats the key before it
    connection.execute(
        sql.SQL(
            "insert into {} (row_id, delivery_id, pripid, {}, faults) "
            "select ({}::bigint << {}) + n, {}, to_char(case when {} > 0 and mod(n, 100) = {} then n - 1 else n end, "
            "'FM0000000000') || pripid, {}, faults from generate_series(1, {}) as n inner join raw.pattern on place = case "
            "when mod(n, 100) < {} then {} + mod(n, 100) else mod(n, {}) end"
        ).format(
            table,
            sql.SQL(", ").join(map(sql.Identifier, others)),
            sql.Literal(made.number),
            sql.Literal(_ROW_BITS),
            sql.Literal(made.number),
            sql.Literal(broken),
            sql.Literal(broken + 1),
            sql.SQL(", ").join(map(sql.Identifier, others)),
            sql.Literal(made.rows),
            sql.Literal(broken),
            sql.Literal(_CITY_ROWS),
            sql.Literal(_CITY_ROWS),
        )
    )


def _history(connection: Conn, spec: SourceSpec, made: Made, before: Made) -> None:
    """The delivery itself, the one before, and deliveries like that one, as the ledger tells of them."""
    lists = Lists.from_seeds()
    place = Place(REGION, DAY, lists)
    measures = measures_of(spec, place)
    with connection.transaction():
        observed = measure(connection, spec, before.facts, measures, place)
    days = [(made.number, 0, "loading"), (before.number, 1, "accepted")]
    days += [(before.number + more, 1 + more, "accepted") for more in range(1, LEAST + 1)]
    for number, ago, status in days:
        connection.execute(
            "insert into ledger.delivery (delivery_id, source, department, region, business_date, sequence, kind, file_name, "
            "sha256, rows_in_file, rows_accepted, rows_quarantined, status, accepted_at) "
            "values (%s, %s, 'saic', %s, %s, 1, 'full', %s, repeat('0', 64), %s, %s, 0, %s, now())",
            [number, spec.name, REGION, DAY - timedelta(days=ago), f"copy {number}", made.rows, made.rows, status],
        )
        if status == "accepted":
            ledger.write_measures(connection, number, observed)
