"""Who may do what: every role against every kind of table, held against the matrix written here."""

import psycopg
import pytest

from tests.conftest import Connect
from warehouse.settings import Settings

pytestmark = pytest.mark.integration

# s select, i insert, u update, d delete; - nothing. A loading partition belongs to a delivery that is not accepted yet.
MATRIX = """
table                      loader  transformer  analyst  evaluator  steward
raw.sample                 siud    s            -        s          s
raw.sample__d1             siud    -            -        -          -
quarantine.sample          siud    -            -        -          s
ledger.delivery            siu     s            -        s          s
ledger.check_result        siud    s            -        s          s
ledger.delivery_measure    siud    s            -        s          s
ledger.build               siu     siu          -        s          s
ledger.build_check         siud    siu          -        s          s
ledger.build_input         siu     siu          -        s          s
ledger.build_seal          -       -            -        s          s
ledger.formula             s       s            -        s          s
ledger.expected_delivery   siud    s            -        s          s
ledger.source_night        siud    s            -        s          s
ledger.pseudonym_key       s       s            -        s          s
ledger.archive_access      -       -            -        s          si
ledger.archive_removal     s       -            -        s          si
ledger.migration           s       s            -        s          s
staging.sample             -       siud         -        -          -
register.sample            -       siud         -        s          s
register.coding            -       siud         -        s          s
evidence.sample            -       siud         -        s          s
mart.sample                -       siud         s        s          s
release.sample             -       s            s        s          s
"""
LETTERS = {"s": "select", "i": "insert", "u": "update", "d": "delete"}


@pytest.fixture(scope="module")
def samples(database: Settings) -> Settings:
    from warehouse.services import postgres

    with psycopg.connect(postgres.conninfo(database), autocommit=True) as connection:
        connection.execute("set role bureau_loader")
        connection.execute("create table raw.sample (row_id bigint, delivery_id int) partition by list (delivery_id)")
        connection.execute("create table raw.sample__d1 (like raw.sample)")
        connection.execute(
            "create table quarantine.sample (row_id bigint, delivery_id int, key text[], reasons text[], settled_by bigint)"
        )
        connection.execute("select ledger.grant_source('sample')")
        connection.execute("set role bureau_transformer")
        connection.execute("create view staging.sample as select * from raw.sample")
        for schema in ("register", "evidence", "mart"):
            connection.execute(f"create table {schema}.sample (a int)")
        connection.execute("set role bureau_owner")
        connection.execute("create table release.sample (a int)")
    return database


def _matrix() -> list[tuple[str, str, str]]:
    head, *lines = [line.split() for line in MATRIX.strip().splitlines()]
    return [(line[0], role, rights) for line in lines for role, rights in zip(head[1:], line[1:], strict=True)]


@pytest.mark.parametrize(("table", "role", "rights"), _matrix())
def test_role_has_exactly_the_written_rights(samples: Settings, connect: Connect, table: str, role: str, rights: str) -> None:
    schema = table.partition(".")[0]
    connection = connect()
    row = connection.execute("select has_schema_privilege(%s, %s, 'usage')", [f"bureau_{role}", schema]).fetchone()
    usage = row is not None and row[0]
    found = ""
    for letter, word in LETTERS.items():
        asked = connection.execute("select has_table_privilege(%s, %s, %s)", [f"bureau_{role}", table, word]).fetchone()
        found += letter if usage and asked is not None and asked[0] else ""
    assert (found or "-") == rights


def test_matrix_names_every_table_of_the_ledger(samples: Settings, connect: Connect) -> None:
    query = "select 'ledger.' || relname from pg_class where relnamespace = 'ledger'::regnamespace and relkind = 'r'"
    assert {row[0] for row in connect().execute(query)} <= {table for table, _, _ in _matrix()}


def test_transformer_reads_keys_of_quarantined_rows_but_not_reasons(samples: Settings, connect: Connect) -> None:
    connection = connect("bureau_transformer")
    connection.execute("select row_id, delivery_id, key from quarantine.sample")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("select reasons from quarantine.sample")


def test_analyst_reads_marts_through_a_view_without_rights_below(samples: Settings, connect: Connect) -> None:
    connect("bureau_transformer").execute("create view mart.above as select * from evidence.sample")
    analyst = connect("bureau_analyst")
    assert analyst.execute("select count(*) from mart.above").fetchone() == (0,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        analyst.execute("select * from evidence.sample")


def test_loader_attaches_its_partition_and_the_builder_then_reads_it(samples: Settings, connect: Connect) -> None:
    loader = connect("bureau_loader")
    loader.execute("insert into raw.sample__d1 values (4294967297, 1)")
    loader.execute("alter table raw.sample attach partition raw.sample__d1 for values in (1)")
    assert connect("bureau_evaluator").execute("select row_id from raw.sample").fetchone() == (4294967297,)
    assert connect("bureau_transformer").execute("select row_id from staging.sample").fetchone() == (4294967297,)


def test_no_login_owns_a_table(samples: Settings, connect: Connect) -> None:
    query = """
        select c.oid::regclass::text, r.rolname from pg_class c
        join pg_roles r on r.oid = c.relowner join pg_namespace n on n.oid = c.relnamespace
        where r.rolcanlogin and n.nspname !~ '^(pg_|information_schema)'
    """
    assert connect().execute(query).fetchall() == []


def test_builder_may_make_a_scratch_schema_and_an_analyst_may_not(samples: Settings, connect: Connect) -> None:
    connect("bureau_transformer").execute("create schema scratch")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect("bureau_analyst").execute("create schema other")
