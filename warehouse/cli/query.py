"""`./bureau query`: one question in SQL."""

import csv
import datetime
import json
import math
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from warehouse.formulas import harmless

if TYPE_CHECKING:
    from warehouse.query import Answer


@click.command("query", help="query.help")
@click.argument("sql")
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True, help="query.format"
)
@click.option("--as", "role", type=click.Choice(["analyst", "evaluator"]), default="analyst", show_default=True, help="query.as")
@click.option("--as-of", "as_of", metavar="R1|B3", help="query.as_of")
def query(sql: str, form: str, role: str, as_of: str | None) -> None:
    """Ask, and print the answer to stdout."""
    from warehouse.query import ask
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings
    from warehouse.why import vintage

    settings = load_settings()
    with running_services(settings, with_airflow=False):
        answer = ask(settings, sql, f"bureau_{role}", None if as_of is None else vintage(settings, as_of))
    if form == "csv":
        _print_csv(answer)
    elif form == "json":
        _print_json(answer)
    else:
        _print_table(answer, settings.lang)


def _print_csv(answer: "Answer") -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([[_csv_cell(value) for value in row] for row in answer.rows])


def _csv_cell(value: object) -> str:
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) else _plain(value)


def _print_json(answer: "Answer") -> None:
    rows = [dict(zip(answer.columns, map(_jsonable, row), strict=True)) for row in answer.rows]
    print(json.dumps(rows, ensure_ascii=False, indent=1))


def _print_table(answer: "Answer", lang: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from warehouse.texts import t

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(answer.columns):
        is_number = any(isinstance(row[number], int | float | Decimal) for row in answer.rows)
        table.add_column(Text(name), justify="right" if is_number else "left", overflow="fold")
    for row in answer.rows:
        table.add_row(*(Text("" if value is None else _plain(value)) for value in row))
    # into a pipe or a file a table is as wide as it needs to be
    console = Console() if sys.stdout.isatty() else Console(width=10_000)
    console.print(table, soft_wrap=not sys.stdout.isatty())
    console.print(t("query.rows", lang, count=len(answer.rows)))


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, list | dict):
        return json.dumps(_jsonable(value), ensure_ascii=False)
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _jsonable(value: object) -> object:
    """Decimals as text: a reader's floats would lose digits."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, list):
        return [_jsonable(part) for part in value]
    if isinstance(value, dict):
        return {str(key): _jsonable(part) for key, part in value.items()}
    if isinstance(value, datetime.date | datetime.datetime | datetime.time):
        return value.isoformat()
    return _plain(value)
