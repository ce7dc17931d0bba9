"""`./bureau nightly`: one night through Airflow."""

import json
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from warehouse.nightly import NightReport, Step


@click.command("nightly", help="nightly.help")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, metavar="YYYY-MM-DD", help="nightly.date")
@click.option("--inbox", metavar="URL", help="nightly.inbox")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="nightly.format")
def nightly(day: datetime, inbox: str | None, form: str) -> int:
    """Exit code 0 when no delivery was refused, 3 when some were, 1 when something failed."""
    from warehouse.nightly import refuse_before_last, run_night
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings
    from warehouse.texts import t

    settings = load_settings()
    lang = settings.lang
    with running_services(settings, with_airflow=False):
        refuse_before_last(settings, day.date())  # before seconds go into starting Airflow
        with running_services(settings, say=lambda step: click.echo(t(f"up.step.{step}", lang), err=True)):
            report = run_night(settings, day.date(), inbox, lambda step: click.echo(progress(step, lang), err=True))
    if form == "json":
        print(as_json(report))
    else:
        print_report(report, lang)
    return report.exit_code


def progress(step: "Step", lang: str) -> str:
    """One line about a run."""
    from warehouse.texts import t

    return t("nightly.step", lang, seconds=f"{step.seconds:6.1f}", dag=f"{step.dag:<16}", state=t(f"nightly.{step.state}", lang))


def print_report(report: "NightReport", lang: str) -> None:
    """A line for each load, what was missing or broke off, and the build."""
    from warehouse.reasons import refusal
    from warehouse.texts import t

    print_loads(report, lang)
    for source, ending in report.endings.items():
        if ending in ("missing", "failed"):
            click.echo(t(f"nightly.source_{ending}", lang, source=source))
        if source in report.reasons:
            click.echo(f"  {refusal(report.reasons[source], lang)}")
    for failure in report.failures:
        click.echo(t("nightly.failure", lang, dag=failure.dag, task=failure.task, log=str(failure.log)))
    if report.pages is not None:
        click.echo(t("docs.path", lang, path=report.pages))
    seconds = f"{report.seconds['night']:.1f}"
    for one in report.broken:
        values = {"build": one.build_id, "rule": t(f"guard.{one.rule}", lang), "failed": one.failed, "checked": one.checked}
        click.echo(t("nightly.broken", lang, **values))
    if report.build_id is None:
        click.echo(t("nightly.no_build", lang, date=report.business_date.isoformat()))
    else:
        days = sorted({one.business_date for one in report.loads if one.status == "accepted" and one.business_date})
        if len(days) > 1:
            values = {"days": len(days), "first": days[0], "last": days[-1], "date": report.business_date}
            click.echo(t("nightly.backlog", lang, **values))
        click.echo(t("nightly.built", lang, date=report.business_date.isoformat(), build=report.build_id, seconds=seconds))


def print_loads(report: "NightReport", lang: str) -> None:
    """The table of the night's loads."""
    import sys

    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from warehouse.reasons import refusal
    from warehouse.texts import t

    if not report.loads:
        click.echo(t("nightly.no_loads", lang))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    numbers = ("rows", "accepted", "quarantined", "warnings")
    for name in ("source", "file", "status", *numbers, "reason"):
        table.add_column(t(f"nightly.column.{name}", lang), justify="right" if name in numbers else "left", overflow="fold")
    for one in report.loads:
        counts = (one.rows_in_file, one.rows_accepted, one.rows_quarantined, one.warnings)
        cells = [one.source, one.file_name, t(f"nightly.status.{one.status}", lang)]
        cells += ["" if count is None else f"{count:,}" for count in counts]
        table.add_row(*map(Text, [*cells, refusal(one.reason, lang)]))
    console = Console() if sys.stdout.isatty() else Console(width=10_000)
    console.print(table, soft_wrap=not sys.stdout.isatty())


def as_json(report: "NightReport") -> str:
    """The report as one JSON object: `business_date, exit_code, build_id, broken, loads, endings, failures, pages, seconds`."""

    def plain(value: object) -> str:
        return value.isoformat() if isinstance(value, date) else str(value)

    return json.dumps({**asdict(report), "exit_code": report.exit_code}, default=plain, ensure_ascii=False, indent=1)
