import json
import os
import subprocess
import sys

import pytest

from warehouse.errors import BureauError
from warehouse.query import ask
from warehouse.settings import PROJECT, Settings

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
