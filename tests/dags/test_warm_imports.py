"""What the scheduler imports before it forks must not leave threads or connections behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.dags.conftest import PROJECT

_LOOK = """
import json, os, threading
from warehouse.services.warm import MODULES, import_heavy_libraries
import_heavy_libraries()
import sys, psutil
print("RESULT " + json.dumps({
    "missing": [name for name in MODULES if name not in sys.modules],
    "threads": [t.name for t in threading.enumerate()],
    "system_threads": psutil.Process().num_threads(),
    "connections": [str(c) for c in psutil.Process().net_connections()],
}))
"""


def test_nothing_is_left_that_a_fork_would_break(tmp_path: Path) -> None:
    given = {**os.environ, "PYTHONPATH": str(PROJECT), "BUREAU_HOME": str(tmp_path), "OPENBLAS_NUM_THREADS": "1"}
    result = subprocess.run([sys.executable, "-c", _LOOK], env=given, cwd=tmp_path, capture_output=True, text=True, check=True)
    found = json.loads(next(line for line in result.stdout.splitlines() if line.startswith("RESULT ")).removeprefix("RESULT "))
    assert found == {"missing": [], "threads": ["MainThread"], "system_threads": 1, "connections": []}
