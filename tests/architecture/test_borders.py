"""Rooms and borders of docs/builders/architecture.md: who may import whom, and what stays light."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import PROJECT, imports, python_files, rooms

# room -> rooms and libraries it may not know
FORBIDDEN = {
    "ingest": {"airflow", "dbt", "great_expectations", "expectations", "warehouse", "dags", "tests", "bench"},
    "expectations": {"airflow", "dbt", "warehouse", "dags", "tests", "bench"},
    "warehouse": {"dags", "tests", "bench"},
    "dags": {"ingest.readers", "expectations", "tests", "bench", "psycopg", "pandas"},
}
HEAVY = {"airflow", "dbt", "great_expectations", "pandas", "openpyxl", "rich", "sqlalchemy", "psycopg", "pydantic", "httpx"}
LONGEST_MODULE = 320
LONGEST_DAG_FILE = 80


@pytest.mark.parametrize("path", python_files(*FORBIDDEN), ids=str)
def test_a_room_knows_only_what_stands_left_of_it(path: Path) -> None:
    assert rooms(path) & FORBIDDEN[path.parts[0]] == set()


def test_airflow_is_known_where_its_services_are_run_and_its_dags_are_wired() -> None:
    knowing = {path for path in python_files("warehouse") if "airflow" in rooms(path)}
    assert Path("warehouse/orchestration.py") in knowing
    assert {path.as_posix() for path in knowing if path.parts[1] != "services"} == {"warehouse/orchestration.py"}


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    """Modules of the command line import no heavy library by themselves: `--help` must stay quick."""
    heavy = {
        path.as_posix(): found
        for path in python_files("warehouse")
        if path.parts[1] == "cli" and (found := {name.partition(".")[0] for name in imports(path, on_import_only=True)} & HEAVY)
    }
    assert heavy == {}


@pytest.mark.parametrize("words", [["--help"], ["--lang", "zh", "nightly", "--help"], ["demo", "--help"], ["synth", "--help"]])
def test_help_loads_no_heavy_library(words: list[str]) -> None:
    code = (
        "import sys; from warehouse.cli import main; code = main(sys.argv[1:]);"
        "print('loaded', *sorted({name.partition('.')[0] for name in sys.modules})); sys.exit(code)"
    )
    result = subprocess.run([sys.executable, "-c", code, *words], cwd=PROJECT, capture_output=True, text=True, check=True)
    loaded = set(result.stdout.splitlines()[-1].split())
    assert "click" in loaded
    assert loaded & HEAVY == set()


def test_dag_files_only_wire() -> None:
    for path in python_files("dags"):
        assert len((PROJECT / path).read_text(encoding="utf-8").splitlines()) < LONGEST_DAG_FILE, path
        assert "def " not in (PROJECT / path).read_text(encoding="utf-8"), f"{path}: work belongs to warehouse/"


def test_modules_are_of_a_size_to_read() -> None:
    lines = {path.as_posix(): len((PROJECT / path).read_text(encoding="utf-8").splitlines()) for path in python_files()}
    assert {name: count for name, count in lines.items() if count > LONGEST_MODULE} == {}


def test_what_the_architecture_names_is_there() -> None:
    """The first column of its table of rooms: `folder/`, `folder/file.py`, `folder/first.py second.py`, patterns."""
    page = (PROJECT / "docs/builders/architecture.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`.*?) \|", page.partition("## Rooms")[2].partition("## Database")[0], re.M)
    assert len(cells) > 15
    for cell in cells:
        first, *more = " ".join(re.findall(r"`([^`]+)`", cell)).split()
        names = [first, *(name if "/" in name else str(Path(first).parent / name) for name in more)]
        for name in names:
            assert list(PROJECT.glob(name.rstrip("/").replace("NNN_name", "*"))), name
