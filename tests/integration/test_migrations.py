import re
import shutil
from pathlib import Path

import psycopg
import pytest

from tests.conftest import Connect
from tests.integration.conftest import Server
from warehouse.errors import BureauError
from warehouse.migrate import FOLDER, FUNCTIONS, migrate, migrations, pending
from warehouse.secret_key import check_fingerprint
from warehouse.services import postgres
from warehouse.services.running import running_services
from warehouse.settings import PROJECT, Settings, load_settings

pytestmark = pytest.mark.integration


def test_second_run_applies_nothing(database: Settings, connect: Connect) -> None:
    assert migrate(database) == []
    applied = connect().execute("select number, sha256 from ledger.migration order by number").fetchall()
    assert applied == [(file.number, file.sha256) for file in migrations()]


def test_changed_file_is_refused_and_a_new_one_applied(database: Settings, connect: Connect, tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(FOLDER, folder)
    (folder / "998_more.sql").write_text("set local role bureau_owner; create table mart.more (a int);")
    assert migrate(database, folder) == ["998_more"]
    (folder / "998_more.sql").write_text("select 1")
    with pytest.raises(BureauError, match="998_more"):
        migrate(database, folder)
    connect().execute("drop table mart.more; delete from ledger.migration where number = 998")


def test_failing_file_leaves_nothing(database: Settings, connect: Connect, tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(FOLDER, folder)
    (folder / "999_broken.sql").write_text("create table mart.half (a int); select 1 / 0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(database, folder)
    assert connect().execute("select to_regclass('mart.half')").fetchone() == (None,)
    assert migrate(database) == []


def test_changed_functions_are_installed_anew(
    database: Settings, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(name: str) -> bool:
        row = connect().execute("select to_regprocedure(%s) is not null", [name]).fetchone()
        return row == (True,)

    assert not pending(database) and opened("mart.trace_row(bigint)") and not opened("mart.more()")
    changed = tmp_path / "functions"
    shutil.copytree(FUNCTIONS, changed)
    (changed / "more.sql").write_text(
        "set local role bureau_owner; create or replace function mart.more() returns integer language sql as 'select 1';"
    )
    with monkeypatch.context() as patched:
        patched.setattr("warehouse.migrate.FUNCTIONS", changed)
        assert pending(database)
        assert migrate(database) == [] and not pending(database) and opened("mart.more()")
        connect().execute("drop function mart.more()")
    assert pending(database)
    migrate(database)
    assert not pending(database)


def test_real_server_with_an_ordinary_owner(bare_server: Server, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("ab" * 32)
    key.chmod(0o600)
    settings = load_settings(home=tmp_path / "home", database_url=bare_server.owner, pseudonym_key_file=key)
    with pytest.raises(BureauError, match="create database city_airflow"):
        postgres.ensure_running(settings)
    with psycopg.connect(bare_server.superuser, autocommit=True) as connection:
        connection.execute("alter role keeper createdb")
    with running_services(settings, with_airflow=False):
        assert postgres.is_running(settings)
        assert migrate(settings) == []
        psycopg.connect(postgres.conninfo(settings, database="airflow")).close()
        with psycopg.connect(postgres.conninfo(settings, role="bureau_loader")) as connection:
            assert connection.execute("select current_user, session_user").fetchone() == ("bureau_loader", "keeper")
            connection.execute("create table raw.sample (row_id bigint) ")
    assert postgres.is_running(settings)  # it was there before; it is there after
    assert not settings.postgres.exists()

    other = load_settings(home=tmp_path / "home", database_url=bare_server.owner, pseudonym_key="cd" * 32)
    with pytest.raises(BureauError) as caught:
        check_fingerprint(other)
    assert caught.value.key == "key.mismatch"


def test_real_server_asks_for_a_key(bare_server: Server, tmp_path: Path) -> None:
    with psycopg.connect(bare_server.superuser, autocommit=True) as connection:
        connection.execute("create database second owner keeper")
    url = bare_server.owner.replace("/city", "/second")
    settings = load_settings(home=tmp_path / "home", database_url=url)
    with pytest.raises(BureauError) as caught, running_services(settings, with_airflow=False):
        pass
    assert caught.value.key == "key.missing"
    assert not (settings.secrets / "pseudonym.key").exists()


# Columns that the seeds had when their tables were first made
FIRST_COLUMNS = {
    "benchmark": "benchmark indicator period value cities name_zh name_en source",
    "code_list": "list code name_zh name_en attribute",
    "geography": "geography parent level name_zh name_en valid_from valid_to",
    "industry_section": "standard division section",
    "release_calendar": "frequency working_days time title_zh title_en",
    "target": "target indicator geography period value direction name_zh name_en source",
    "target_report": "target conduct reported_on note",
}


@pytest.mark.parametrize("seed", sorted((PROJECT / "dbt_project" / "seeds").glob("*.csv")), ids=lambda path: path.stem)
def test_a_standing_seed_is_given_its_new_columns(seed: Path) -> None:
    """dbt empties and fills the table of a seed that is there; a column that it lacks stops every build."""
    with seed.open(encoding="utf-8") as lines:
        columns = set(lines.readline().strip().split(","))
    added = {
        column
        for file in migrations()
        for statement in re.findall(rf"alter table if exists register\.{seed.stem}\s([^;]*);", file.sql)
        for column in re.findall(r"add column if not exists (\w+)", statement)
    }
    assert columns <= {*FIRST_COLUMNS[seed.stem].split(), *added}
