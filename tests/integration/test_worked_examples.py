"""The worked examples of docs/builders/add-an-indicator.md, done as the page says: in a copy of the project, on a warehouse that
has been at work for four nights."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import tracked
from tests.integration.nights import LAST, City, figures, rows
from warehouse.settings import PROJECT, Settings

pytestmark = [pytest.mark.integration, pytest.mark.long]

PAGE = PROJECT / "docs" / "builders" / "add-an-indicator.md"
_STEP = re.compile(r"(new file|one line in)\s+`([^`]+)`:\n\n```\w+\n(.*?)```\n", re.S)


def steps(example: str) -> list[tuple[str, Path, str]]:
    """What the page changes in an example: how, which file, and the text."""
    part = next(part for part in PAGE.read_text(encoding="utf-8").split("\n## ") if part.startswith(f"Worked example: {example}"))
    found = [(how, Path(path), text) for how, path, text in _STEP.findall(part)]
    assert len(found) == part.count("```") // 2, "every code block is a step"
    return found


def follow(project: Path, example: str) -> None:
    """Do what the page says."""
    for how, path, text in steps(example):
        if how == "new file":
            (project / path).write_text(text, encoding="utf-8")
        else:
            head, brackets, rest = (project / path).read_text(encoding="utf-8").partition("\n]) }}")
            assert brackets
            (project / path).write_text(head + "\n" + text.rstrip("\n") + brackets + rest, encoding="utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project."""
    copied = tmp_path_factory.mktemp("project")
    for path in tracked():
        (copied / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / path, copied / path)
    return copied


def run(project: Path, home: Settings, *units: str) -> None:
    """The unit tests of the example, then a build, by the copy's code."""
    code = (
        "from datetime import date; from warehouse.build import build; from warehouse.dbt import run_dbt; "
        "from warehouse.settings import PROJECT, load_settings; "
        f"assert str(PROJECT) == {str(project)!r}; settings = load_settings(); build(settings, date.fromisoformat('{LAST}')); "
        f"run_dbt(settings, ['test', '--select', *{units!r}])"
    )
    environment = {**os.environ, "BUREAU_HOME": str(home.home), "PYTHONPATH": str(project)}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=project, check=True)


def test_the_page_changes_as_few_files_as_it_says() -> None:
    assert [(how, path.suffix) for how, path, _ in steps("over accounts")] == [("new file", ".yml")]
    assert sorted(how for how, *_ in steps("over a new account")) == ["new file"] * 3 + ["one line in"]
    assert all(len(text.splitlines()) == 1 for how, _, text in steps("over a new account") if how == "one line in")


def test_both_examples(city: City, project: Path) -> None:
    home = city.from_night(4)
    before = figures(home)
    follow(project, "over accounts")
    follow(project, "over a new account")
    run(project, home, "ent_exit_per_new_by_hand", "births_of_one_person_companies")

    values = "select period, geography, breakdown_type, breakdown, value from mart.indicator_values where indicator = '{}'"
    derived = f"""
        select period, geography, breakdown_type, breakdown, 100 * e.value / nullif(n.value, 0)
        from ({values.format("ENT_EXIT")}) as e inner join ({values.format("ENT_NEW")}) as n
            using (period, geography, breakdown_type, breakdown)
        where breakdown_type in ('total', 'sector', 'industry')
    """
    found = {tuple(cell): value for *cell, value in rows(home, values.format("ENT_EXIT_PER_NEW"))}
    expected = {tuple(cell): value for *cell, value in rows(home, derived)}
    assert found.keys() == expected.keys() and any(expected.values())
    assert [cell for cell, value in found.items() if (value is None) != (expected[cell] is None)] == []
    assert all(value == pytest.approx(expected[cell]) for cell, value in found.items() if value is not None)

    by_hand = """
        select extract(year from establishment_date)::text, count(*) filter (where enttype in ('1150', '1151')), count(*)
        from register.reg_entity
        where alive and in_startup_scope and migration_in_date is null and enttype in ('1130', '1150', '1151')
            and establishment_date between '2009-01-01' and '2010-12-31'
        group by 1
    """
    shares = (
        "select period, numerator, denominator from mart.indicator_values "
        "where indicator = 'ENT_SOLE_SHARE' and geography = '520381' and breakdown_type = 'total' and denominator > 0"
    )
    counted = {year: (sole, companies) for year, sole, companies in rows(home, by_hand)}
    assert counted and {period: (n, d) for period, n, d in rows(home, shares)} == counted
    assert {line for line in figures(home) if not line.startswith(("ENT_EXIT_PER_NEW", "ENT_SOLE_SHARE"))} == before
