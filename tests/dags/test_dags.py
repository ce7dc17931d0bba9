"""The DAG files: one DAG per source from its spec, one build, wiring only."""

from pathlib import Path
from typing import Any

import pytest

from ingest.spec import all_specs
from tests.dags.conftest import PROJECT, read_dags

FILES = sorted((PROJECT / "dags").glob("*.py"))
HEAVY = {"great_expectations", "dbt", "pandas", "openpyxl", "numpy"}


def test_every_file_is_read_without_error(dags: dict[str, Any]) -> None:
    assert dags["errors"] == {}


def test_there_is_one_dag_per_source_the_build_the_proof_and_the_approval(dags: dict[str, Any]) -> None:
    assert set(dags["dags"]) == {*all_specs(), "build_indicators", "weekly_proof", "approve_release"}


def test_a_source_is_taken_in_and_then_accepted(dags: dict[str, Any]) -> None:
    for source in all_specs():
        dag = dags["dags"][source]
        assert dag["edges"] == [["take_in", "accept"]]
        assert {task["pool"] for task in dag["tasks"].values()} == {"heavy"}
        assert all(task["retries"] > 0 and task["callback"] for task in dag["tasks"].values())


def test_the_build_comes_once_after_all_sources(dags: dict[str, Any]) -> None:
    assert dags["dags"]["build_indicators"]["edges"] == [["wait_for_sources", "build"], ["wait_for_sources", "data_docs"]]


def test_nights_do_not_overlap_and_the_past_is_not_played_again(dags: dict[str, Any]) -> None:
    assert {dag["max_active_runs"] for dag in dags["dags"].values()} == {1}
    assert {dag["catchup"] for dag in dags["dags"].values()} == {False}


def test_the_business_date_is_carried_explicitly(dags: dict[str, Any]) -> None:
    nights = [dag for name, dag in dags["dags"].items() if name not in ("approve_release", "weekly_proof")]
    assert all({"business_date", "wait_until"} <= set(dag["params"]) for dag in nights)


def test_a_release_is_decided_by_a_person(dags: dict[str, Any]) -> None:
    assert set(dags["dags"]["approve_release"]["tasks"]) == {"decide"}
    assert set(dags["dags"]["approve_release"]["params"]) == {"release"}


def test_reading_imports_nothing_heavy(dags: dict[str, Any]) -> None:
    assert HEAVY & set(dags["modules"]) == set()


@pytest.mark.parametrize(("setting", "timetable"), [("none", "NullTimetable"), ("30 3 * * *", "CronTriggerTimetable")])
def test_the_schedule_is_a_setting(tmp_path: Path, setting: str, timetable: str) -> None:
    found = read_dags(tmp_path, BUREAU_SCHEDULE=setting)["dags"]
    assert {dag["timetable"] for name, dag in found.items() if name != "approve_release"} == {timetable}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_only_wires(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 80
