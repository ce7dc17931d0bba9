"""A process that has read the DAG files as Airflow's dag-processor does."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]

_READ = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder=sys.argv[1])
dags = {}
for dag in bag.dags.values():
    dags[dag.dag_id] = {
        "edges": sorted([t.task_id, d] for t in dag.tasks for d in t.downstream_task_ids),
        "tasks": {t.task_id: {"pool": t.pool, "retries": t.retries, "callback": bool(t.on_failure_callback)} for t in dag.tasks},
        "timetable": type(dag.timetable).__name__, "catchup": dag.catchup, "max_active_runs": dag.max_active_runs,
        "params": sorted(dag.params),
        "summary": dag.timetable.__dict__.get("expression") or dag.timetable.__dict__.get("_expression"),
    }
print("RESULT " + json.dumps({"errors": bag.import_errors, "dags": dags, "modules": sorted(sys.modules)}))
"""


def read_dags(home: Path, **environment: str) -> dict[str, Any]:
    """What the files of dags/ define, and which modules reading them has imported."""
    given = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "BUREAU"))},
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/none.db",  # never opened: reading needs no database
        "BUREAU_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(PROJECT),
        **environment,
    }
    result = subprocess.run(
        [sys.executable, "-c", _READ, str(PROJECT / "dags")], env=given, cwd=home, capture_output=True, text=True, check=False
    )
    lines = [line for line in result.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, result.stdout + result.stderr
    assert not (home / "none.db").exists()
    found: dict[str, Any] = json.loads(lines[0].removeprefix("RESULT "))
    return found


@pytest.fixture(scope="session")
def dags(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return read_dags(tmp_path_factory.mktemp("dags"))
