"""`./bureau up | down | status | logs`: the services."""

import json
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

if TYPE_CHECKING:
    from warehouse.services.process import Condition
    from warehouse.settings import Settings

_SERVICES = ("postgresql", "api-server", "scheduler", "dag-processor", "triggerer")


@click.command("up", help="up.help")
def up() -> None:
    """Start what does not run, to stay."""
    from warehouse.services import airflow_environment, running
    from warehouse.settings import load_settings
    from warehouse.texts import t

    settings = load_settings()
    lang, began = settings.lang, time.monotonic()
    started = running.up(settings, lambda step: click.echo(t(f"up.step.{step}", lang), err=True))
    if started:
        click.echo(t("up.started", lang, services=", ".join(started), seconds=round(time.monotonic() - began)))
    else:
        click.echo(t("up.nothing", lang))
    place = str(airflow_environment.password_file(settings))
    click.echo(t("up.where", lang, url=airflow_environment.url(settings), user=airflow_environment.USER, file=place))


@click.command("down", help="down.help")
def down() -> None:
    """Stop everything."""
    from warehouse.services import running
    from warehouse.settings import load_settings
    from warehouse.texts import t

    settings = load_settings()
    were = [one.name for one in conditions(settings) if one.state != "stopped"]
    running.down(settings)
    click.echo(t("down.stopped", settings.lang, services=", ".join(were)) if were else t("down.nothing", settings.lang))


@click.command("status", help="status.help")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="status.format")
def status(form: str) -> int:
    """Exit code 0 when all services run, 4 when none does, else 3."""
    from warehouse.settings import load_settings

    settings = load_settings()
    found = conditions(settings)
    if form == "json":
        print(json.dumps([_record(one) for one in found], indent=1))
    else:
        _print_table(settings, found)
    states = {one.state for one in found if one.name != "postgresql" or settings.embedded}
    return 0 if states == {"running"} else 4 if states == {"stopped"} else 3


@click.command("logs", help="logs.help")
@click.argument("service", required=False, type=click.Choice(_SERVICES))
@click.option("-f", "--follow", is_flag=True, help="logs.follow")
@click.option("-n", "--lines", type=click.IntRange(0), default=20, show_default=True, help="logs.lines")
def logs(service: str | None, follow: bool, lines: int) -> None:
    """The last lines of one log, or of all."""
    from warehouse.settings import load_settings

    settings = load_settings()
    names = [service] if service else list(_SERVICES)
    files = {name: settings.logs / f"{name}.log" for name in names}
    ends = {name: _print_tail(name, path, lines, len(names) > 1) for name, path in files.items()}
    while follow:
        sys.stdout.flush()
        time.sleep(0.3)
        ends = {name: _print_new(name, path, ends[name], len(names) > 1) for name, path in files.items()}


def conditions(settings: "Settings") -> "list[Condition]":
    """PostgreSQL's condition and those of Airflow's services."""
    import psutil

    from warehouse.services import airflow, postgres
    from warehouse.services.process import Condition, memory

    server = Condition("postgresql", "stopped")
    if not settings.embedded:
        server = Condition("postgresql", "running" if postgres.is_running(settings) else "dead")
    elif pid := postgres.server_pid(settings):
        process = psutil.Process(pid)
        began = datetime.fromtimestamp(process.create_time(), ZoneInfo(settings.timezone))
        server = Condition("postgresql", "running", pid, began, memory([process, *process.children(recursive=True)]))
    elif (settings.postgres / "data" / "postmaster.pid").exists():
        server = Condition("postgresql", "dead")
    return [server, *airflow.conditions(settings)]


def _record(one: "Condition") -> dict[str, object]:
    since = one.since.isoformat(timespec="seconds") if one.since else None
    return {"service": one.name, "state": one.state, "pid": one.pid, "since": since, "memory_bytes": one.memory}


def _print_table(settings: "Settings", found: "list[Condition]") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from warehouse.texts import t

    lang, zone = settings.lang, ZoneInfo(settings.timezone)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("service", "state", "pid", "since", "memory"):
        table.add_column(t(f"status.{name}", lang), justify="right" if name in ("pid", "memory") else "left")
    for one in found:
        since = one.since.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if one.since else ""
        memory = f"{one.memory / 2**20:.0f} MB" if one.memory is not None else ""
        table.add_row(one.name, t(f"status.{one.state}", lang), str(one.pid or ""), since, memory)
    Console().print(table)


def _print_tail(name: str, path: Path, lines: int, named: bool) -> int:
    """Print the last lines; where the file ends now, in bytes."""
    if not path.exists():
        return 0
    data = path.read_bytes()
    _print_lines(name, data.decode(errors="replace").splitlines()[-lines:] if lines else [], named)
    return len(data)


def _print_new(name: str, path: Path, end: int, named: bool) -> int:
    """Print what whole lines came since `end`; where they end."""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        if path.stat().st_size < end:  # begun anew
            end = 0
        file.seek(end)
        data = file.read()
    whole = data.rpartition(b"\n")[0]
    if not whole:
        return end
    _print_lines(name, whole.decode(errors="replace").splitlines(), named)
    return end + len(whole) + 1


def _print_lines(name: str, lines: list[str], named: bool) -> None:
    for line in lines:
        print(f"{name}: {line}" if named else line)
