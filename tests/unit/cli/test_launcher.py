"""The launcher, without making an environment: what it says when Python is not fit, and what it costs when all is there."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from warehouse.settings import PROJECT

_TOOLS = ["bash", "env", "dirname", "readlink", "cksum", "cat", "mkdir", "flock", "head"]


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with what the launcher needs but Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in _TOOLS:
        place = shutil.which(tool)
        if place:
            (folder / tool).symlink_to(place)
    return folder


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A project folder with the launcher and the lock file only, its path with a blank and Chinese characters."""
    folder = tmp_path / "项目 甲"
    folder.mkdir()
    for name in ("bureau", "uv.lock"):
        shutil.copy(PROJECT / name, folder / name)
    return folder


def _run(command: list[str | Path], tools: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env={"PATH": str(tools)}, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def test_syntax() -> None:
    for script in ("bureau", ".ci/run"):
        subprocess.run(["bash", "-n", PROJECT / script], check=True)


@pytest.mark.parametrize("answer", ["exit 1", None])
def test_old_or_missing_python_is_explained_in_both_languages(copy: Path, tools: Path, answer: str | None) -> None:
    if answer:
        fake = tools / "python3"
        fake.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo Python 3.8.1 && exit 0\n{answer}\n')
        fake.chmod(0o755)
    result = _run([copy / "bureau", "--help"], tools, copy)
    assert result.returncode != 0
    assert "needs Python 3.11" in result.stderr and "需要 Python 3.11" in result.stderr
    assert ("3.8.1" in result.stderr) == bool(answer)


def test_missing_venv_is_explained(copy: Path, tools: Path) -> None:
    fake = tools / "python3"
    fake.write_text('#!/bin/sh\n[ "$1" = -c ] && exit 0\nexit 1\n')
    fake.chmod(0o755)
    result = _run([copy / "bureau", "--help"], tools, copy)
    assert result.returncode != 0
    assert "python3-venv" in result.stderr and "缺少 venv" in result.stderr


def test_complete_environment_is_taken_at_once_through_a_link_from_elsewhere(copy: Path, tools: Path, tmp_path: Path) -> None:
    (copy / ".venv" / "bin").mkdir(parents=True)
    python = copy / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\necho "$PYTHONPATH|$*|${PYTHONDONTWRITEBYTECODE-unset}"\n')
    python.chmod(0o755)
    lock = (copy / "uv.lock").read_bytes()
    wanted = subprocess.run(["cksum"], input=lock, capture_output=True, check=True).stdout.decode()
    (copy / ".venv" / ".complete").write_text(f"{copy}\n{wanted}")
    link = tmp_path / "link"
    link.symlink_to(copy / "bureau")
    begun = time.monotonic()
    result = _run([link, "query", "select  1"], tools, Path("/"))
    assert time.monotonic() - begun < 0.3
    assert result.stdout == f"{copy}|-m warehouse query select  1|unset\n", result.stderr


def test_help_is_quick_and_follows_the_language(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONUTF8": "1"}
    program = "import sys; from warehouse.cli import main; main(['--help', '--lang', 'zh']); print(sorted(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    page, modules = result.stdout.rsplit("\n[", 1)
    assert "用法" in page and "Usage" not in page and "Show" not in page
    # what makes a start slow is what is imported
    for heavy in ("airflow", "dbt", "great_expectations", "pandas", "openpyxl", "pydantic", "psycopg", "rich"):
        assert f"'{heavy}'" not in modules
