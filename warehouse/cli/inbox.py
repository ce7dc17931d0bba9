"""`./bureau inbox`: where each department delivers, whether it can be reached, what lies there."""

import json
import sys
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from warehouse.texts import t

if TYPE_CHECKING:
    from warehouse.inboxes import Box

_SHOWN = 50  # files of a department in the table; JSON has all
_COUNTED = ("new", "writing", "waiting", "incomplete", "settled")


@click.command("inbox", help="inbox.help")
@click.option("--department", help="inbox.department")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="inbox.format")
def inbox(department: str | None, form: str) -> None:
    """Print every place. Exit code 1 when one cannot be looked into."""
    from warehouse.inboxes import boxes
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings

    settings = load_settings()
    with running_services(settings, with_airflow=False):
        found = boxes(settings, department)
    if form == "json":
        click.echo(json.dumps([asdict(box) for box in found], ensure_ascii=False, indent=1, default=str))
    else:
        _print_tables(found, settings.lang, ZoneInfo(settings.timezone))
    if any(box.reach != "ok" for box in found):
        sys.exit(1)


def _print_tables(found: "list[Box]", lang: str, zone: ZoneInfo) -> None:
    from rich import box as lines
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    def table(*names: str) -> Table:
        made = Table(box=lines.SIMPLE_HEAD, pad_edge=False)
        for name in names:
            key = f"inbox.state.{name}" if name in (*_COUNTED, "other") else f"inbox.column.{name}"
            made.add_column(t(key, lang), justify="right" if name in (*_COUNTED, "other", "size") else "left", overflow="fold")
        return made

    places = table("department", "where", "reach", "new", "writing", "waiting", "incomplete", "other", "settled")
    files = table("department", "file", "state", "size", "changed")
    for box in found:
        counted: Counter[str] = Counter(one.state for one in box.deliveries)
        other = sum(count for state, count in counted.items() if state not in _COUNTED)
        numbers = [counted[state] for state in _COUNTED[:-1]] + [other, counted["settled"]]
        cells = [str(number) if box.reach == "ok" else "" for number in numbers]
        places.add_row(*map(Text, [box.department, box.where, t(f"inbox.reach.{box.reach}", lang), *cells]))
        open_ = [one for one in box.deliveries if one.state != "settled"]
        for one in open_[:_SHOWN]:
            size = "" if one.size is None else f"{one.size:,}"
            changed = one.changed_at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if one.changed_at else ""
            files.add_row(*map(Text, [box.department, one.file_name, t(f"inbox.state.{one.state}", lang), size, changed]))
        if len(open_) > _SHOWN:
            files.add_row(Text(box.department), Text(t("inbox.more", lang, count=len(open_) - _SHOWN)))
    console = Console() if sys.stdout.isatty() else Console(width=10_000)
    console.print(places, soft_wrap=not sys.stdout.isatty())
    if files.row_count:
        console.print(files, soft_wrap=not sys.stdout.isatty())
    for box in found:
        if box.reason:
            click.echo(t("inbox.problem", lang, department=box.department, reason=box.reason))
