"""`./bureau checks`: what each delivery's rules said."""

import json
import sys
from dataclasses import asdict
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING

import click

from warehouse.texts import t

if TYPE_CHECKING:
    from rich.table import Table

    from warehouse.checks import Check
    from warehouse.settings import Settings

_COUNTS = ("checked", "failed")
_NUMBERS = (*_COUNTS, "share", "threshold", "seconds")


@click.command("checks", help="checks.help")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="checks.date")
@click.option("--source", help="checks.source")
@click.option("--all", "every", is_flag=True, help="checks.all")
@click.option("--figures", is_flag=True, help="checks.figures")
@click.option("--docs", is_flag=True, help="checks.docs")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="checks.format")
def checks(day: datetime | None, source: str | None, every: bool, figures: bool, docs: bool, form: str) -> None:
    """A table of what failed or broke off for each delivery (`--all`: of every rule); as JSON every rule."""
    from ingest.spec import source_names
    from warehouse.check_pages import refresh
    from warehouse.checks import checks as read
    from warehouse.errors import BureauError
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings

    settings = load_settings()
    known = source_names()
    if source is not None and source not in known:
        raise BureauError("deliveries.no_source", source=source, known=", ".join(known))
    with running_services(settings, with_airflow=False):
        if docs:
            index = refresh(settings)
            click.echo(t("docs.path", settings.lang, path=index) if index else t("docs.off", settings.lang))
            return
        if figures:
            _print_figures(settings, day.date() if day else None, form)
            return
        found = read(settings, settings.lang, day.date() if day else None, source)
    if form == "json":
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1, default=str))
        return
    if not found:
        click.echo(t("checks.none", settings.lang))
    for _, group in groupby(found, key=lambda one: one.delivery_id):
        _print(list(group), every, settings.lang)


def _print_figures(settings: "Settings", day: date | None, form: str) -> None:
    from warehouse.guard import figure_checks

    found, lang = figure_checks(settings, day), settings.lang
    if form == "json":
        said = [{**asdict(one), "sentence": t(f"guard.{one.rule}", lang)} for one in found]
        click.echo(json.dumps(said, ensure_ascii=False, indent=1, default=str))
        return
    if not found:
        click.echo(t("guard.none", lang))
    for build, group in groupby(found, key=lambda one: one.build_id):
        rules = list(group)
        status, broken = t(f"guard.status.{rules[0].status}", lang), sum(not one.passed for one in rules)
        date_ = rules[0].business_date
        click.echo(t("guard.build", lang, build=build, date=date_, status=status, rules=len(rules), failed=broken))
        table = _table(("rule", "result", *_COUNTS, "sentence"), lang)
        for one in rules:
            result = t(f"checks.result.{'passed' if one.passed else 'failed'}", lang)
            counts = [f"{count:,}" for count in (one.checked, one.failed)]
            _row(table, [one.rule, result, *counts, t(f"guard.{one.rule}", lang)])
        _show(table)


def _print(found: "list[Check]", every: bool, lang: str) -> None:
    counted = {result: sum(one.result == result for one in found) for result in ("passed", "failed", "not_judged", "error")}
    status = t(f"nightly.status.{found[0].status}", lang)
    click.echo(t("checks.delivery", lang, file=found[0].file_name, status=status, rules=len(found), **counted))
    shown = [one for one in found if every or one.result in ("failed", "error")]
    if not shown:
        return
    from warehouse.checks import beside

    table = _table(("rule", "result", "severity", *_NUMBERS, "owner", "sentence"), lang)
    for one in shown:
        counts = ["" if count is None else f"{count:,}" for count in (one.checked, one.failed)]
        shares = ["" if share is None else f"{share:.2%}" for share in (one.share, one.threshold)]
        seconds = "" if one.seconds is None else f"{one.seconds:.3f}"
        said = [t(f"checks.result.{one.result}", lang), t(f"checks.severity.{one.severity}", lang)]
        _row(table, [one.rule, *said, *counts, *shares, seconds, one.owner, one.sentence + beside(one, lang)])
    _show(table)


def _table(columns: tuple[str, ...], lang: str) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(t(f"checks.column.{name}", lang), justify="right" if name in _NUMBERS else "left", overflow="fold")
    return table


def _row(table: "Table", cells: list[str]) -> None:
    from rich.text import Text

    table.add_row(*map(Text, cells))


def _show(table: "Table") -> None:
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=10_000)
    console.print(table, soft_wrap=not sys.stdout.isatty())
