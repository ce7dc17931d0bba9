"""`./bureau deliveries`: what was promised and delivered, and what became of it."""

import csv
import json
import sys
from collections import Counter
from dataclasses import asdict, fields
from datetime import datetime
from typing import TYPE_CHECKING

import click

from warehouse.deliveries import STATUSES, Line
from warehouse.texts import t

if TYPE_CHECKING:
    from warehouse.settings import Settings

DAY = click.DateTime(["%Y-%m-%d"])
COLUMNS = [field.name for field in fields(Line)]


@click.command("deliveries", help="deliveries.help")
@click.option("--date", "day", type=DAY, help="deliveries.date")
@click.option("--source", help="deliveries.source")
@click.option("--status", "statuses", type=click.Choice(STATUSES), multiple=True, help="deliveries.status")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True, help="deliveries.format"
)
def deliveries(day: datetime | None, source: str | None, statuses: tuple[str, ...], form: str) -> None:
    """Print a line for each delivery and each promise without one."""
    from ingest.spec import source_names
    from warehouse.deliveries import deliveries as read
    from warehouse.errors import BureauError
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings

    settings = load_settings()
    known = [*source_names(), "unknown"]
    if source is not None and source not in known:
        raise BureauError("deliveries.no_source", source=source, known=", ".join(known))
    with running_services(settings, with_airflow=False):
        lines = read(settings, day.date() if day else None, source, statuses)
    if form == "json":
        print(json.dumps([asdict(line) for line in lines], ensure_ascii=False, indent=1, default=str))
    elif form == "csv":
        writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(line) for line in lines)
    else:
        _print_table(lines, settings)


def _print_table(lines: list[Line], settings: "Settings") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from warehouse.night import business_days
    from warehouse.reasons import refusal

    lang = settings.lang
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    numbers = ("rows", "accepted", "quarantined", "warnings")
    for name in ("date", "source", "status", "promise", "file", *numbers, "reason"):
        key = f"nightly.column.{name}" if name not in ("date", "promise") else f"deliveries.column.{name}"
        table.add_column(t(key, lang), justify="right" if name in numbers else "left", overflow="fold")
    for line in lines:
        counts = (line.rows_in_file, line.rows_accepted, line.rows_quarantined, line.warnings)
        cells = [str(line.business_date or ""), line.source, said(line.status, lang)]
        cells += [said(line.promise, lang) if line.promise else "", line.file_name or ""]
        cells += ["" if count is None else f"{count:,}" for count in counts]
        table.add_row(*map(Text, [*cells, refusal(line.reason, lang)]))
    console = Console() if sys.stdout.isatty() else Console(width=10_000)
    if lines:
        console.print(table, soft_wrap=not sys.stdout.isatty())
    counted = Counter(status for line in lines for status in (line.status, line.promise) if status)
    parts = [f"{said(status, lang)} {counted[status]}" for status in STATUSES if counted[status]]
    click.echo(t("deliveries.count", lang, count=len(lines), parts=t("deliveries.and", lang).join(parts)))
    last = max((line.business_date for line in lines if line.business_date), default=None)
    if last is not None and not business_days(settings).are_announced(last.year):
        click.echo(t("deliveries.no_holidays", lang, year=last.year))


def said(status: str, lang: str) -> str:
    """A status of a delivery or of a promise in words."""
    promised = status in ("arrived", "late", "missing", "expected")
    return t(f"deliveries.promise.{status}" if promised else f"nightly.status.{status}", lang)
