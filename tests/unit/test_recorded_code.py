"""The code of a build's commit is taken from the checkout when it is there."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr

from warehouse.errors import BureauError
from warehouse.releases.recorded_code import _as_variables, code_of, play_night
from warehouse.settings import Settings, load_settings

PRESENT = "0" * 40


@pytest.fixture
def project(tmp_path: Path) -> tuple[Path, list[str]]:
    """A checkout with two commits, and their hashes."""
    folder, commits = tmp_path / "project", []
    folder.mkdir()

    def git(*words: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        return subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    for said in ("first", "second"):
        (folder / "code.py").write_text(said)
        git("add", ".")
        git("commit", "-qm", said)
        commits.append(git("rev-parse", "HEAD"))
    return folder, commits


def test_the_recorded_commit_is_taken_out_of_the_checkout(project: tuple[Path, list[str]]) -> None:
    folder, (first, second) = project
    with code_of(first, second, folder) as (code, used):
        assert (code / "code.py").read_text() == "first" and used == first and code != folder
    assert not code.exists()
    with code_of(second, second, folder) as (code, used):
        assert code == folder and used == second


@pytest.mark.parametrize("commit", [PRESENT, None])
def test_without_it_the_present_code_is_taken(project: tuple[Path, list[str]], commit: str | None, tmp_path: Path) -> None:
    folder, (_, second) = project
    for place in (folder, tmp_path):
        with code_of(commit, second, place) as (code, used):
            assert code == place and used == second


def test_settings_are_the_same_in_the_other_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = load_settings(
        home=tmp_path,
        holidays=[date(2010, 3, 3)],
        pseudonym_key=SecretStr("ab" * 32),
        inboxes={"saic": "/a b"},
        compact_after_months=0,
    )
    for name, value in _as_variables(settings).items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_a_night_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "ingest").mkdir()
    (tmp_path / "ingest" / "spec.py").write_text("raise OSError('no such thing')")
    with pytest.raises(BureauError, match="no such thing") as caught:
        play_night(tmp_path, load_settings(home=tmp_path), date(2010, 12, 31))
    assert caught.value.key == "release.replay_failed"
