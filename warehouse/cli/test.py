"""`./bureau test`: linters, types, tests; a line each."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import click

from warehouse.cli import language
from warehouse.settings import PROJECT
from warehouse.texts import t

_AT_A_TIME = 2

# Files are shared out whole, in the order and by the scheduler of tests/conftest.py
_PARALLEL = ["-n", str(_AT_A_TIME), "--dist", "loadfile", "--no-loadscope-reorder"]

# Name, and the module with its arguments
_STATIC: tuple[tuple[str, list[str]], ...] = (
    ("ruff", ["ruff", "check", "."]),
    ("format", ["ruff", "format", "--check", "."]),
    ("mypy", ["mypy"]),
    ("sqlfluff", ["sqlfluff", "lint", "dbt_project/models", "warehouse/migrations", "warehouse/functions"]),
)


@click.command("test", help="test.help", context_settings={"ignore_unknown_options": True})
@click.option("--all", "everything", is_flag=True, help="test.all")
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def test(everything: bool, words: tuple[str, ...]) -> int:
    """Run all checks; those before pytest only when no test is named. Exit code 1 when any failed."""
    marks = [] if everything else ["-m", "not long"]
    parallel = [] if words else _PARALLEL
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        static = list(pool.map(_checked, [] if words else _STATIC))
    for name, passed, seconds, output in static:
        if not passed:
            click.echo(output)
        click.echo(t("test.passed" if passed else "test.failed", language(), name=name, seconds=seconds))
    # pytest comes last: who called this (CI) reads its closing line
    tested = subprocess.run([sys.executable, "-m", "pytest", *marks, *parallel, *words], cwd=PROJECT, check=False)
    return 0 if tested.returncode == 0 and all(passed for _, passed, *_ in static) else 1


def _checked(check: tuple[str, list[str]]) -> tuple[str, bool, float, str]:
    """Run a static check from the project's folder: its name, whether it passed, seconds, and what it said."""
    name, command = check
    begun = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return name, result.returncode == 0, time.monotonic() - begun, result.stdout.decode(errors="replace")
