"""The services, for real: started once, a dead one shown and healed, stopped whole."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

PROJECT = Path(__file__).resolve().parents[2]
SERVICES = ["postgresql", "api-server", "scheduler", "dag-processor", "triggerer"]

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(600)]


class Home:
    """A home of its own, in a folder with a blank and Chinese characters."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "BUREAU"))},
            "BUREAU_HOME": str(folder),
            "BUREAU_SCHEDULE": "none",
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "warehouse", *words]
        return subprocess.run(command, env=self.environment, cwd=PROJECT, capture_output=True, text=True, check=False)

    def status(self) -> tuple[int, dict[str, dict[str, Any]]]:
        result = self.run("status", "--format", "json")
        return result.returncode, {one["service"]: one for one in json.loads(result.stdout)}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("home") / "统计局 home")
    try:
        yield home
    finally:
        home.run("down")


def test_the_life_of_the_services(home: Home) -> None:
    assert home.status()[0] == 4

    first = home.run("up")
    assert first.returncode == 0, first.stderr
    code, before = home.status()
    assert code == 0
    assert list(before) == SERVICES
    passwords = home.folder / "secrets" / "airflow_passwords.json"
    assert str(passwords) in first.stdout
    assert passwords.stat().st_mode & 0o777 == 0o600
    assert json.loads(passwords.read_text())["admin"] not in first.stdout + first.stderr
    assert all(listener.laddr.ip == "127.0.0.1" for one in before.values() for listener in listening(one["pid"]))

    second = home.run("up")
    assert second.returncode == 0
    assert {name: one["pid"] for name, one in home.status()[1].items()} == {name: one["pid"] for name, one in before.items()}

    os.kill(before["triggerer"]["pid"], signal.SIGKILL)
    code, dead = home.status()
    assert code == 3
    assert dead["triggerer"]["state"] == "dead"
    assert [name for name, one in dead.items() if one["state"] == "running"] == [n for n in SERVICES if n != "triggerer"]

    assert home.run("up").returncode == 0
    code, healed = home.status()
    assert code == 0
    assert {name for name in SERVICES if healed[name]["pid"] != before[name]["pid"]} == {"triggerer"}

    whole = {p.pid for one in healed.values() for p in [process(one["pid"]), *process(one["pid"]).children(recursive=True)]}
    assert home.run("down").returncode == 0
    assert home.status()[0] == 4
    assert [(pid, process(pid).cmdline()) for pid in whole if lives(pid)] == []


def lives(pid: int) -> bool:
    """An ended process that nobody has taken away yet does not live."""
    try:
        return process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def process(pid: int) -> psutil.Process:
    return psutil.Process(pid)


def listening(pid: int) -> list[Any]:
    return [c for c in process(pid).net_connections(kind="inet") if c.status == psutil.CONN_LISTEN]
