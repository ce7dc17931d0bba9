"""What README and docs promise: commands, settings, sources and links that are there, and the same in both languages."""

import re
import shlex
from pathlib import Path

import click
import pytest

from ingest.spec import all_specs
from tests.architecture.pages import PAGES, commands, parts, read
from tests.architecture.sources import PROJECT
from warehouse import extract_pages, handbook
from warehouse.cli import COMMANDS, UNLISTED, LazyGroup, shared_options
from warehouse.settings import Settings
from warehouse.texts import LANGUAGES

# Read from the environment by the launcher, the build and compose, not by Settings
OTHER_VARIABLES = {
    "BUREAU_PYTHON", "BUREAU_CODE_COMMIT", "BUREAU_UID", "BUREAU_PORT", "BUREAU_INBOX_FOLDER", "BUREAU_ARCHIVE_FOLDER",
}  # fmt: skip
GROUP = LazyGroup("bureau", params=list(shared_options()))


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_every_named_command_can_be_called_so(path: Path) -> None:
    for line in commands(read(path)):
        words = [word for word in shlex.split(line) if word != "…"]
        if not words or words[0].isupper():
            continue
        shared = 2 if words[0] in ("--lang", "--home") else 0  # they may stand in front of the command
        words = words[shared:]
        command = GROUP.get_command(click.Context(GROUP), words[0]) if not words[0].startswith("-") else GROUP
        assert command is not None, f"{path}: ./bureau {line}"
        if isinstance(command, click.Group) and command is not GROUP:
            assert len(words) == 1 or words[1] in command.commands, f"{path}: ./bureau {line}: there is no command {words[1]}"
            if len(words) > 1:
                command, words = command.commands[words[1]], words[1:]
        # a value may be a word for any value (DIR, 目录): options and choices are what is held to
        known = {option: parameter for parameter in command.params for option in parameter.opts}
        for index, word in enumerate(words[1:], 1):
            if not word.startswith("-"):
                continue
            assert word in known, f"{path}: ./bureau {line}: there is no option {word}"
            kind = known[word].type
            if isinstance(kind, click.Choice) and index + 1 < len(words):
                assert words[index + 1] in kind.choices, f"{path}: ./bureau {line}"


def test_the_readme_names_every_command_and_the_two_in_a_block_of_their_own() -> None:
    for name in ("README.md", "README.zh.md"):
        text = read(Path(name))
        named = {line.split()[0] for line in commands(text)}
        assert {"demo", "test", "up", "down", "status", "logs", "nightly", "query", "trace"} <= named
        assert any(
            [line.split("#")[0].strip() for line in block.strip().splitlines()] == ["./bureau demo", "./bureau test"]
            for block in parts(text)[1].values()
        )
    assert set(UNLISTED).isdisjoint(COMMANDS)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_settings_are_all_described_with_their_defaults(lang: str) -> None:
    rows = dict(re.findall(r"^\| `BUREAU_([A-Z_]+)` \| (.*?) \|", read(Path(f"docs/{lang}/settings.md")), re.M))
    assert set(rows) == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        said = rows[name.upper()]
        if name == "home":
            assert said == "`.bureau`"
            assert field.default == PROJECT / ".bureau"
        elif field.default not in (None, ""):
            assert said == f"`{field.default}`", name
        else:
            assert said.startswith("`<home>/") or "`" not in said, name


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_variables_that_pages_name_exist(path: Path) -> None:
    named = set(re.findall(r"BUREAU_[A-Z_]*[A-Z]", read(path)))
    assert named - OTHER_VARIABLES <= {f"BUREAU_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_deliveries_are_those_of_the_specs(lang: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([\w-]+)` \| .*? \| `(\w+)`(.*)$", read(Path(f"docs/{lang}/deliveries.md")), re.M)
    specs = all_specs()
    assert {name for name, *_ in rows} == set(specs)
    encodings = {"gb18030": "GB18030", "utf-8": "UTF-8", "cp936": "936", None: ""}
    for name, department, extension, rest in rows:
        spec = specs[name]
        assert (department, extension) == (spec.department, spec.extension)
        assert encodings[spec.encoding] in rest
        assert all(kind in rest for kind in spec.kinds)
        assert ("delta" in rest) == ("delta" in spec.kinds)
        assert all(spec.column(part).delivered in rest for part in spec.key)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_pages_of_indicators_are_fresh(lang: str) -> None:
    for path, text in (handbook.pages(lang) | extract_pages.pages(lang)).items():
        assert path.exists() and path.read_text(encoding="utf-8") == text, f"{path.name}: run python -m warehouse.handbook"
    assert not list(handbook.strangers(lang)), "pages of indicators that there are not: run python -m warehouse.handbook"


def headings(path: Path) -> list[int]:
    """Levels of the headings in order."""
    return [len(match) for match in re.findall(r"^(#+) ", parts(read(path))[0], re.M)]


def test_both_languages_have_the_same_pages() -> None:
    english = [path for path in PAGES if path.parts[:2] == ("docs", "en")]
    pairs = [(Path("README.md"), Path("README.zh.md")), *((path, Path("docs", "zh", *path.parts[2:])) for path in english)]
    assert {path for path in PAGES if path.parts[:2] == ("docs", "zh")} == {chinese for _, chinese in pairs[1:]}
    for one, other in pairs:
        assert headings(one) == headings(other), one
        first, second = (sorted(line.split()[0] for line in commands(read(page))) for page in (one, other))
        assert first == second, one


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", read(path)):
        if not target.startswith(("http://", "https://")):
            assert (PROJECT / path.parent / target).exists(), f"{path}: {target}"
