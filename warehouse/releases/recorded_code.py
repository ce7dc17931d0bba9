"""The code that a build was made with, when its commit is at hand; and a night played by it, in a process of its own."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from pydantic import SecretStr
from pydantic_core import to_jsonable_python

from warehouse.errors import BureauError
from warehouse.settings import PROJECT, Settings

# What any version of the project has: how a night is played without Airflow.
_NIGHT = """
import sys
from datetime import date
from ingest.spec import source_names
from warehouse.build import build
from warehouse.night import accept, take_in
from warehouse.services.session import prepare
from warehouse.settings import load_settings

settings, day = load_settings(), date.fromisoformat(sys.argv[1])
prepare(settings)
for source in source_names():
    take_in(settings, source, day)
    accept(settings, source, day)
build(settings, day)
"""


@contextmanager
def code_of(commit: str | None, present: str | None, project: Path = PROJECT) -> Iterator[tuple[Path, str | None]]:
    """The folder with the code of a commit, and whose commit it really is: the present one's when the other is not at hand."""
    archive = _archive(project, commit) if commit is not None and commit != present else None
    if archive is None:
        yield project, present
        return
    with TemporaryDirectory(prefix="code-") as folder:
        with ZipFile(io.BytesIO(archive)) as files:
            files.extractall(folder)
        yield Path(folder), commit


def _archive(project: Path, commit: str) -> bytes | None:
    if not (project / ".git").exists():
        return None
    command = ["git", "-c", f"safe.directory={project}", "-C", str(project), "archive", "--format=zip", commit]
    try:
        return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout
    except (OSError, subprocess.SubprocessError):
        return None


def play_night(code: Path, settings: Settings, business_date: date) -> None:
    """Take in, accept and build with the code in a folder and the packages at hand.

    Raises BureauError("release.replay_failed") with the last line of what the process said.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BUREAU_")}
    environment |= {"PYTHONPATH": str(code), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", **_as_variables(settings)}
    command = [sys.executable, "-W", "ignore", "-c", _NIGHT, business_date.isoformat()]
    done = subprocess.run(command, cwd=code, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise BureauError("release.replay_failed", reason=said[-1] if said else f"exit code {done.returncode}")


def _as_variables(settings: Settings) -> dict[str, str]:
    """The settings as the environment of another process: there `bureau.toml` may not be, or another."""
    found = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if value is None:
            continue
        plain = value.get_secret_value() if isinstance(value, SecretStr) else to_jsonable_python(value)
        found[f"BUREAU_{name.upper()}"] = plain if isinstance(plain, str) else json.dumps(plain)
    return found
