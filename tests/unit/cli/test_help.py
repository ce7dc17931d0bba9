"""The help pages, all of them, as a person sees them."""

import re
from collections.abc import Iterator

import click
import pytest

from warehouse.cli import COMMANDS, Context, LazyGroup
from warehouse.texts import LANGUAGES, catalogue

_CLICKS_OWN = re.compile(r"\b(TEXT|INTEGER|FLOAT|BOOLEAN|RANGE|FILENAME)\b|%Y")


def below(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """The command and all commands below it, with their full names."""
    yield name, command
    for word, one in getattr(command, "commands", {}).items():
        yield from below(one, f"{name} {word}")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_help_page_is_for_people(name: str) -> None:
    """In whichever language: a command's texts are put in once a process."""
    found = LazyGroup().get_command(click.Context(click.Command("bureau")), name)
    assert found is not None
    for full, command in below(found, name):
        page = command.get_help(Context(command, info_name=full))
        assert not _CLICKS_OWN.search(page), full
        assert command.help and not re.search(r"^[a-z_]+\.[a-z_.]+$", command.help), "a key, not a text"
        for option in command.params:
            assert not isinstance(option, click.Option) or (option.help and option.help not in catalogue())


@pytest.mark.parametrize("name", COMMANDS)
def test_language_and_home_may_stand_behind_every_command(name: str) -> None:
    """Of a group behind the commands below it too."""
    found = LazyGroup().get_command(click.Context(click.Command("bureau")), name)
    assert found is not None
    for full, command in below(found, name):
        options = [option for parameter in command.params for option in parameter.opts]
        assert options.count("--lang") == options.count("--home") == 1, full


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_of_a_command_is_a_sentence(name: str, lang: str) -> None:
    assert catalogue()[f"{name}.short"][lang].endswith((".", "。"))
