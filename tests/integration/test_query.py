import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.integration.conftest import Server
from warehouse.errors import BureauError
from warehouse.query import ask
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import PROJECT, Settings, load_settings

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("statement", "key"),
    [
        ("create temp table t (a int)", "query.read_only"),
        ("insert into ledger.build (business_date) values (now())", "query.refused"),
        ("select 1; select 2", "query.one_statement"),
        ("commit; create temp table t (a int)", "query.one_statement"),
        ("select * from raw.anything", "query.refused"),
        ("select * from ledger.delivery", "query.refused"),
        ("selec 1", "query.failed"),
        ("", None),
    ],
)
def test_refuses(database: Settings, statement: str, key: str | None) -> None:
    if key is None:
        assert ask(database, statement).rows == []
        return
    with pytest.raises(BureauError) as caught:
        ask(database, statement)
    assert caught.value.key == key


ESCAPES = (
    # the setting undone, then a statement planned anew under the rights of whoever logged in
    "select set_config('role', 'none', {local}), query_to_xml('select count(*) as found from {table}', true, true, '')::text",
    "select set_config('session_authorization', '{login}', {local}), "
    "query_to_xml('select count(*) as found from {table}', true, true, '')::text",
    "select set_config('role', '{login}', {local}), query_to_xml('select count(*) as found from {table}', true, true, '')::text",
    # a statement of statements; its error tells what it read
    "do $$ begin set local role none; raise exception 'found %', (select count(*) from {table}); end $$",
    "do $$ begin reset session authorization; raise exception 'found %', (select count(*) from {table}); end $$",
)


@pytest.mark.parametrize("table", ["ledger.delivery", "pg_authid"])
@pytest.mark.parametrize("local", ["true", "false"])
@pytest.mark.parametrize("escape", ESCAPES)
def test_nobody_gets_out_of_the_role(database: Settings, escape: str, local: str, table: str) -> None:
    with pytest.raises(BureauError) as caught:
        ask(database, escape.format(local=local, table=table, login=postgres.LOGIN))
    assert caught.value.key == "query.refused", caught.value
    assert "found" not in str(caught.value)


def test_the_login_of_a_question_goes_with_it(database: Settings) -> None:
    assert ask(database, "select session_user like 'bureau_reader_%', current_user::text").rows == [(True, "bureau_analyst")]
    with psycopg.connect(postgres.conninfo(database), autocommit=True) as connection:
        connection.execute("create role bureau_reader_left login valid until '2010-12-31'")
        ask(database, "select 1")
        assert connection.execute("select count(*) from pg_roles where rolname like 'bureau_reader_%'").fetchone() == (0,)


def test_evaluator_reads_the_ledger(database: Settings) -> None:
    assert ask(database, "select count(*) from ledger.delivery", "bureau_evaluator").rows == [(0,)]


def _command(database: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "BUREAU_HOME": str(database.home), "PYTHONPATH": str(PROJECT), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "warehouse", "query", *words]
    return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, timeout=60, check=False)


def test_formats(database: Settings) -> None:
    sql = "select 1.10::numeric as a, null as b, '中,文' as c, 100 % 7 as d"
    found = json.loads(_command(database, sql, "--format", "json").stdout)
    assert found == [{"a": "1.10", "b": None, "c": "中,文", "d": 2}]
    assert _command(database, sql, "--format", "csv").stdout == 'a,b,c,d\n1.10,,"中,文",2\n'
    table = _command(database, sql).stdout
    assert "中,文" in table and "(1 rows)" in table


def test_errors_are_a_sentence_in_the_chosen_language(database: Settings) -> None:
    result = _command(database, "select * from ledger.build", "--lang", "zh")
    assert result.returncode == 1
    assert result.stderr.startswith("错误：角色 bureau_analyst 无权执行")
    assert "Traceback" not in result.stderr and result.stdout == ""


def test_asks_a_real_server_as_an_ordinary_owner(bare_server: Server, tmp_path: Path) -> None:
    with psycopg.connect(bare_server.superuser, autocommit=True) as connection:
        connection.execute("alter role keeper createdb")
    settings = load_settings(home=tmp_path / "home", database_url=bare_server.owner, pseudonym_key="ab" * 32)
    prepare(settings)
    assert ask(settings, "select count(*), current_user::text from ledger.delivery", "bureau_evaluator").rows == [
        (0, "bureau_evaluator")
    ]
    with pytest.raises(BureauError) as caught:
        ask(
            settings, "do $$ begin set local role none; raise exception 'found %', (select count(*) from ledger.delivery); end $$"
        )
    assert caught.value.key == "query.refused"
    with psycopg.connect(bare_server.superuser, autocommit=True) as connection:
        connection.execute("alter role keeper nocreaterole")
    with pytest.raises(BureauError) as caught:
        ask(settings, "select 1")
    assert caught.value.key == "query.no_login"
