"""`./bureau test`: linters, types, tests; a line each."""

import subprocess
import sys
import time

import click

# Name, and the module with its arguments
_STATIC: tuple[tuple[str, list[str]], ...] = (
    ("ruff", ["ruff", "check", "."]),
    ("format", ["ruff", "format", "--check", "."]),
    ("mypy", ["mypy"]),
    ("sqlfluff", ["sqlfluff", "lint", "dbt_project/models", "dbt_project/tests", "warehouse/migrations"]),
)


@click.command("test", help="test.help", context_settings={"ignore_unknown_options": True})
@click.option("--all", "everything", is_flag=True, help="test.all")
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def test(everything: bool, words: tuple[str, ...]) -> int:
    """Run all checks; those before pytest only when no test is named. Exit code 1 when any failed."""
    checks = [] if words else [*_STATIC]
    marks = [] if everything else ["-m", "not long"]
    checks.append(("pytest", ["pytest", *marks, *words]))
    # pytest comes last: who called this (CI) reads its closing line
    failed = [name for name, command in checks if not _check(name, command)]
    return 1 if failed else 0


def _check(name: str, command: list[str]) -> bool:
    """Run a check from the project's folder; its own output is shown when it fails, pytest's always."""
    from warehouse.cli import language
    from warehouse.settings import PROJECT
    from warehouse.texts import t

    begun = time.monotonic()
    quiet = name != "pytest"
    pipe = subprocess.PIPE if quiet else None
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=PROJECT, stdout=pipe, stderr=subprocess.STDOUT if quiet else None, check=False
    )
    passed = result.returncode == 0
    if quiet:
        if not passed:
            click.echo(result.stdout.decode(errors="replace"))
        seconds = time.monotonic() - begun
        click.echo(t("test.passed" if passed else "test.failed", language(), name=name, seconds=seconds))
    return passed
