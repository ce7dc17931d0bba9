"""The demonstration, once, for real: Airflow, Great Expectations, dbt and PostgreSQL on a new home."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from tests.architecture.pages import PAGES, commands, read
from warehouse.demo import FIRST, LAST, SEED
from warehouse.query import ask
from warehouse.services import postgres
from warehouse.services.process import memory
from warehouse.services.running import running_services
from warehouse.settings import PROJECT, Settings, load_settings
from warehouse.synth import PLANTED_NAMES, planted_ids
from warehouse.why import vintage

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(1800)]

TARGETS = ("ACT_IDX", "ENT_NET_IND", "ENT_NET_PRIV", "JOB_CONTR", "SAT_IDX", "SURV_LEGAL_1")


@dataclass(frozen=True)
class Demo:
    """A demonstration that has ended; `peak` is the largest PSS of all its processes together, in bytes;
    `left` are those of them that run still."""

    settings: Settings
    code: int
    report: str
    progress: str
    seconds: float
    peak: int
    left: list[str]
    git_before: str
    git_after: str


def git_status() -> str:
    """What git sees; nothing where this is no checkout."""
    return subprocess.run(
        ["git", "-c", "safe.directory=*", "status", "--porcelain"], cwd=PROJECT, capture_output=True, text=True, check=False
    ).stdout


def processes_of(home: Path) -> set[psutil.Process]:
    """All that name the home in their command line or have a file or folder of it open, with their descendants and sessions."""
    found: set[psutil.Process] = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and (str(home) in "\0".join(process.cmdline()) or holds(process.pid, home)):
                found |= {process, *process.children(recursive=True)}
    sessions = {session_of(process.pid) for process in found} - {session_of(os.getpid()), None}
    return found | {process for process in psutil.process_iter() if session_of(process.pid) in sessions}


def holds(pid: int, home: Path) -> bool:
    """Whether a process works in the folder or has a file of it open (its log, most often)."""
    links = [Path(f"/proc/{pid}/cwd"), *Path(f"/proc/{pid}/fd").iterdir()]
    return any(home in link.readlink().parents for link in links if link.is_symlink())


def session_of(pid: int) -> int | None:
    """The session of a process; None when it has ended."""
    with suppress(ProcessLookupError):
        return os.getsid(pid)
    return None


def lives(process: psutil.Process) -> bool:
    """Whether this very process runs."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    home = tmp_path_factory.mktemp("demo") / "统计局 演示"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "BUREAU"))}
    before, began, peak = git_status(), time.monotonic(), 0
    seen: set[psutil.Process] = set()
    command = [sys.executable, "-m", "warehouse", "demo", "--home", str(home)]
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        said: list[tuple[str, str]] = []
        reader = threading.Thread(target=lambda: said.append(running.communicate()))
        reader.start()
        while reader.is_alive():
            now = processes_of(home)
            seen |= now
            peak = max(peak, memory(now))
            reader.join(2.0)
    report, progress = said[0]
    seconds = time.monotonic() - began
    left = [f"{process.pid} {process.name()}" for process in seen | processes_of(home) if lives(process)]
    try:
        yield Demo(load_settings(home=home), running.returncode, report, progress, seconds, peak, left, before, git_status())
    finally:
        down = [sys.executable, "-m", "warehouse", "down", "--home", str(home)]
        subprocess.run(down, cwd=PROJECT, env=environment, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def database(demo: Demo) -> Iterator[Settings]:
    """The demonstration's database, started again to be looked at."""
    with running_services(demo.settings, with_airflow=False) as settings:
        yield settings


def rows(settings: Settings, query: str, **values: object) -> list[dict[str, Any]]:
    with psycopg.connect(postgres.conninfo(settings, role="bureau_evaluator"), row_factory=dict_row) as connection:
        return connection.execute(query, values).fetchall()  # type: ignore[arg-type, unused-ignore]


def test_it_ends_well_and_leaves_nothing_running(demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n\nThe demonstration took {demo.seconds:.0f} s and {demo.peak / 2**20:.0f} MiB (PSS) at most.")
        print(demo.report[demo.report.find("WHERE THE TIME WENT") : demo.report.find("WHAT TO TRY NEXT")])
    assert demo.code == 0, demo.progress
    assert demo.left == []
    assert demo.peak > 2**28, "the services were measured"
    assert demo.git_after == demo.git_before


def test_it_prints_nights_targets_and_a_figure_traced(demo: Demo) -> None:
    loads, _, rest = demo.report.partition("TARGETS OF THE PROGRAMME")
    targets, _, rest = rest.partition("ONE FIGURE, TRACED")
    assert [loads.count(f"{FIRST.replace(day=day)}") for day in (28, 29, 30, 31)] == [1, 1, 1, 1]
    assert tuple(re.findall(r"^ ([A-Z_0-9]+)  ", targets, re.M)) == TARGETS
    assert len(re.findall(r"\b(?:yes|no)\b *$", targets, re.M)) == len(TARGETS)
    assert rest.count("as published") == 2
    assert "≠" not in rest
    assert len(re.findall(r"registrations_520381_20101228_01\.csv line \d+", rest)) == 6


def test_a_refused_delivery_comes_again_the_next_night(demo: Demo, database: Settings) -> None:
    found = rows(
        database,
        "select file_name, status, reason, sha256 from ledger.delivery where file_name like 'tax_national%%20101229%%' "
        "order by delivery_id",
    )
    assert [one["status"] for one in found] == ["refused", "accepted"]
    assert found[0]["reason"].startswith("manifest.totals at PAID")
    nights = demo.report.split("\nNight of ")
    assert re.search(r"tax_national_520381_20101229_01.txt +refused", nights[2])
    assert re.search(r"tax_national_520381_20101229_01.txt +accepted", nights[3])


def test_rows_are_quarantined_and_none_is_lost(database: Settings) -> None:
    deliveries = rows(database, "select * from ledger.delivery where status in ('accepted', 'replaced')")
    assert all(one["rows_in_file"] == one["rows_accepted"] + one["rows_quarantined"] for one in deliveries)
    aside = {(one["source"], f"{one['business_date']}"): one["rows_quarantined"] for one in deliveries if one["rows_quarantined"]}
    assert aside == {("registrations", "2010-12-30"): 6, ("employment", "2010-12-30"): 3}


def test_every_night_published(database: Settings) -> None:
    builds = rows(database, "select business_date, status from ledger.build order by build_id")
    assert [(one["business_date"].day, one["status"]) for one in builds] == [(day, "published") for day in (28, 29, 30, 31)]
    assert builds[-1]["business_date"] == LAST


def test_a_late_correction_changes_closed_months(database: Settings) -> None:
    """Five exits of June that nobody had reported come on the 31st, and four exits move to July: the ledger tells both stands."""
    exits = rows(
        database,
        "select date_trunc('month', effective_date)::date as month, sum(weight) filter (where build_id < 4) as before, "
        "sum(weight) as after from evidence.posting where account = 'entity.exit' and geo_scope is distinct from 'town' "
        "and effective_date between '2010-06-01' and '2010-07-31' group by 1 order by 1",
    )
    assert [one["after"] - one["before"] for one in exits] == [5, 4]
    published = rows(
        database,
        "select period, value, build_id from mart.indicator_values where indicator = 'ENT_EXIT' and geography = %(city)s "
        "and breakdown_type = 'total' and period in ('2010-05', '2010-06', '2010-07') order by period",
        city=database.region,
    )
    assert [one["build_id"] for one in published] == [1, 4, 4]
    assert [one["value"] for one in published[1:]] == [one["after"] for one in exits]


def test_the_queries_of_the_pages_work(database: Settings) -> None:
    asked = {line for page in PAGES for line in commands(read(page)) if line.startswith("query ")}
    assert len(asked) > 5
    for line in asked:
        text = re.fullmatch(r'query "([^"]*)"(?: --as (\w+))?(?: --format \w+)?(?: --as-of (R1))?', line)
        assert text is not None, line
        # the demonstration has made no release: the page's question is asked of its first build
        assert ask(database, text[1], f"bureau_{text[2] or 'analyst'}", vintage(database, "B1") if text[3] else None).columns, (
            line
        )


def text_of_databases(settings: Settings) -> Iterable[bytes]:
    """Every row of every table, of the warehouse and of Airflow."""
    for database in (postgres.DATABASE, postgres.AIRFLOW_DATABASE):
        with psycopg.connect(postgres.conninfo(settings, database=database)) as connection:
            tables = connection.execute(
                "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
            ).fetchall()
            for schema, table in tables:
                command = sql.SQL("copy (select * from {}) to stdout").format(sql.Identifier(schema, table))
                with connection.cursor().copy(command) as copy:
                    yield b"".join(bytes(block) for block in copy)


def test_nobody_can_be_read_out_of_database_or_logs(demo: Demo, database: Settings) -> None:
    """Ids and unmistakable names of the deliveries are in the archive and inbox, and nowhere else."""
    needles = [text.encode() for text in (*PLANTED_NAMES, *planted_ids(SEED))]
    home = demo.settings.home
    delivered = {home / "archive", home / "inbox", home / "demo", home / "postgres" / "data"}
    files = [path for path in home.rglob("*") if path.is_file() and not delivered & set(path.parents)]
    assert len(files) > 20
    pages = [path.relative_to(home / "data_docs") for path in files if path.is_relative_to(home / "data_docs")]
    assert {"registrations", "figures"} <= {path.parts[1] for path in pages if path.parts[0] == "validations"}
    with psycopg.connect(postgres.conninfo(database, database=postgres.AIRFLOW_DATABASE)) as connection:
        handed_on = connection.execute("select count(distinct task_id) from xcom").fetchone()
    assert handed_on == (5,), "what tasks hand on is among the tables"
    inbox = b"".join(path.read_bytes() for path in (home / "inbox").rglob("*.csv"))
    assert all(name.encode("gb18030") in inbox for name in PLANTED_NAMES[:3]), "the needles were delivered"
    texts = list(text_of_databases(database))
    assert sum(map(len, texts)) > 10_000_000
    for text in (*texts, *(path.read_bytes() for path in files)):
        assert [needle for needle in needles if needle in text] == []
