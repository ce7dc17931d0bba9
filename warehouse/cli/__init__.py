"""The command line: a group whose commands are imported only when called for, in English or Chinese.

A command module is plain click. Every help text (of a command, an option) is a key of the catalogue; the group puts the
text in the chosen language in its place. `--lang` and `--home` may stand before or behind the command's name: they are
put into the environment, so `load_settings()` and every process started from here see them.
"""

import importlib
import importlib.util
import os
import signal
import sys
import tomllib
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from warehouse.errors import BureauError
from warehouse.texts import LANGUAGES, catalogue, t

# name -> module : attribute. A module that is not there is not listed.
COMMANDS = {
    "demo": "warehouse.cli.demo:demo",
    "up": "warehouse.cli.services:up",
    "down": "warehouse.cli.services:down",
    "status": "warehouse.cli.services:status",
    "logs": "warehouse.cli.services:logs",
    "nightly": "warehouse.cli.nightly:nightly",
    "deliveries": "warehouse.cli.deliveries:deliveries",
    "checks": "warehouse.cli.checks:checks",
    "inbox": "warehouse.cli.inbox:inbox",
    "query": "warehouse.cli.query:query",
    "trace": "warehouse.cli.trace:trace",
    "proof": "warehouse.cli.proof:proof",
    "why": "warehouse.cli.why:why",
    "revisions": "warehouse.cli.revisions:revisions",
    "release": "warehouse.cli.release:release",
    "row": "warehouse.cli.row:row",
    "lineage": "warehouse.cli.lineage:lineage",
    "sheet": "warehouse.cli.sheet:sheet",
    "quarantine": "warehouse.cli.quarantine:quarantine",
    "unlinked": "warehouse.cli.unlinked:unlinked",
    "coding": "warehouse.cli.coding:coding",
    "key": "warehouse.cli.key:key",
    "archive": "warehouse.cli.archive:archive",
    "synth": "warehouse.cli.synth:synth",
    "test": "warehouse.cli.test:test",
}
# What containers run: works, but is not listed.
UNLISTED = {
    "init": "warehouse.cli.service:init",
    "service": "warehouse.cli.service:service",
    "health": "warehouse.cli.service:health",
}
_HEADINGS = {"Options": "cli.options", "Commands": "cli.commands"}


class Formatter(click.HelpFormatter):
    """Help pages with the headings in the chosen language."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the usage line."""
        super().write_usage(prog, args, prefix or t("cli.usage", language()) + " ")

    def write_heading(self, heading: str) -> None:
        """Write the heading of a section."""
        super().write_heading(t(_HEADINGS[heading], language()) if heading in _HEADINGS else heading)


class Context(click.Context):
    """Click's context with our formatter."""

    formatter_class = Formatter


class LazyGroup(click.Group):
    """Imports a command only when it is called or its own help is wanted."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands whose module is there, in the order of the table."""
        return [name for name, place in COMMANDS.items() if _exists(place.partition(":")[0])]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, with its texts in the chosen language and the options that all share."""
        if cmd_name not in {*self.list_commands(ctx), *UNLISTED}:
            return None
        module, _, attribute = (COMMANDS | UNLISTED)[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        _share(command)
        translate(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their one line from the catalogue, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, t(f"{name}.short", language())) for name in self.list_commands(ctx)])


def shared_options() -> list[click.Option]:
    """`--lang` and `--home`, which `main` has already read."""
    lang = click.Option(["--lang"], type=click.Choice(LANGUAGES), expose_value=False, help="cli.lang")
    home = click.Option(["--home"], type=click.Path(file_okay=False), expose_value=False, help="cli.home")
    return [lang, home]


def _share(command: click.Command) -> None:
    """Give a command, and those below it, the options that all have."""
    known = {option for parameter in command.params for option in parameter.opts}
    command.params.extend(option for option in shared_options() if not known & set(option.opts))
    for below in getattr(command, "commands", {}).values():
        _share(below)


def translate(command: click.Command) -> None:
    """Put texts in the place of their keys, for the command, its options and the commands below it."""
    command.context_class = Context
    command.help = _text(command.help)
    command.short_help = _text(command.short_help)
    command.add_help_option = False  # ours says it in the chosen language
    if not any("--help" in parameter.opts for parameter in command.params):
        command.params.append(
            click.Option(["--help"], is_flag=True, is_eager=True, expose_value=False, callback=_show_help, help="cli.help")
        )
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            parameter.help = _text(parameter.help)
            parameter.metavar = parameter.metavar or _placeholder(parameter)
    for below in getattr(command, "commands", {}).values():
        translate(below)


def _placeholder(option: click.Option) -> str | None:
    """What stands for an option's value in its help; None leaves it to click (choices, folders)."""
    if isinstance(option.type, click.DateTime):
        return "YYYY-MM-DD"
    if isinstance(option.type, (click.types.IntParamType, click.types.FloatParamType)) and not option.count:
        return "N"
    return (option.name or "").upper() if option.type is click.STRING and not option.is_flag else None


def _show_help(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(ctx.get_help())
        ctx.exit()


def language() -> str:
    """The chosen language, without the cost of reading all settings: the environment, else bureau.toml, else English."""
    chosen = os.environ.get("BUREAU_LANG")
    if chosen is None:
        file = Path(__file__).resolve().parents[2] / "bureau.toml"
        try:
            chosen = tomllib.loads(file.read_text(encoding="utf-8")).get("lang")
        except (OSError, ValueError):
            chosen = None  # load_settings says what is wrong with it
    return chosen if chosen in LANGUAGES else "en"


def main(words: Sequence[str]) -> int:
    """Run the command line; the exit code. Errors for people are one sentence on stderr."""
    _take_shared(words)
    for name in (signal.SIGTERM, signal.SIGHUP):  # so that what a command started is stopped on the way out
        signal.signal(name, _leave)
    group = LazyGroup("bureau", help="cli.about", params=list(shared_options()), no_args_is_help=True)
    translate(group)
    try:
        result = group.main(list(words), prog_name="./bureau", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        return 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BureauError as error:
        click.echo(t("cli.error", language(), text=error.text(language())), err=True)
        return 1
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:  # the reader (head, less) has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        return _unexpected(error)


def _leave(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


def _unexpected(error: Exception) -> int:
    """An error of ours: one sentence, and the traceback in the home's logs. Returns the exit code."""
    # Only the first line of the message: what stands behind it may quote cells of a row.
    kind, message = type(error).__name__, (str(error).splitlines() or [""])[0][:300]
    home = Path(os.environ.get("BUREAU_HOME") or Path(__file__).resolve().parents[2] / ".bureau")
    log = home / "logs" / "errors.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch(mode=0o600)
        with log.open("a", encoding="utf-8") as file:
            file.write("".join(traceback.format_tb(error.__traceback__)) + f"{kind}: {message}\n\n")
        where = str(log)
    except OSError:
        where = "-"
    click.echo(t("cli.unexpected", language(), kind=kind, message=message, log=where), err=True)
    return 1


def _take_shared(words: Sequence[str]) -> None:
    """Put `--lang` and `--home`, wherever they stand, into the environment (a wrong value is click's to refuse)."""
    options = {"--lang": "BUREAU_LANG", "--home": "BUREAU_HOME"}
    before_dashes = list(words[: words.index("--")] if "--" in words else words)
    for word, following in zip(before_dashes, [*before_dashes[1:], None], strict=False):
        name, equals, value = word.partition("=")
        given = value if equals else following
        if name not in options or not given:
            continue
        if name == "--home":
            given = str(Path(given).expanduser().absolute())
        if name == "--home" or given in LANGUAGES:
            os.environ[options[name]] = given


def _text(key: str | None) -> str | None:
    return t(key, language()) if key in catalogue() else key


def _exists(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
