"""`./bureau demo`: the main job on a fresh machine, shown from end to end."""

import json
import os
import shlex
import time
from typing import TYPE_CHECKING

import click

from warehouse.texts import t

if TYPE_CHECKING:
    from warehouse.demo import DemoReport, Target


@click.command("demo", help="demo.help")
@click.option("--keep", is_flag=True, help="demo.keep")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="demo.format")
def demo(keep: bool, form: str) -> None:
    """Progress goes to stderr, the report to stdout."""
    from warehouse.demo import run_demo
    from warehouse.settings import PROJECT, load_settings

    os.environ["BUREAU_SCHEDULE"] = "none"  # a real 02:00 meanwhile would build at today's date
    settings = load_settings()
    began = time.monotonic()

    def say(step: str, values: dict[str, object]) -> None:
        click.echo(f"{time.monotonic() - began:6.1f} s  " + t(step, settings.lang, **values), err=True)

    report = run_demo(settings, keep=keep, say=say)
    total = time.monotonic() - began
    if form == "json":
        print(_as_json(report, total))
    else:
        _print(report, total, settings.lang, keep)
        if settings.home != PROJECT / ".bureau":
            click.echo(t("demo.next.home", settings.lang, home=shlex.quote(str(settings.home))))


def _print(report: "DemoReport", total: float, lang: str, keep: bool) -> None:
    from warehouse.cli.nightly import print_loads
    from warehouse.cli.trace import as_lines

    click.echo("\n" + t("demo.heading.loads", lang))
    for night in report.nights:
        click.echo("\n" + t("demo.night", lang, date=night.business_date.isoformat(), build=night.build_id))
        print_loads(night, lang)
    click.echo(t("demo.heading.targets", lang) + "\n")
    _print_targets(report, lang)
    click.echo("\n" + t("demo.heading.trace", lang) + "\n")
    for line in as_lines(report.traced, lang):
        click.echo("  " + line)
    click.echo("\n" + t("demo.heading.seconds", lang) + "\n")
    for name, seconds in report.seconds.items():
        part, _, detail = name.partition(" ")
        click.echo(f"  {seconds:6.1f} s  " + t(f"demo.seconds.{part}", lang, detail=detail))
    click.echo(f"  {total:6.1f} s  " + t("demo.seconds.total", lang))
    click.echo("\n" + t("demo.next.kept" if keep else "demo.next", lang))


def _print_targets(report: "DemoReport", lang: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from warehouse.numbers import number

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, side in (("indicator", "left"), ("target", "left"), ("actual", "right"), ("met", "left")):
        table.add_column(t(f"demo.column.{name}", lang), justify="right" if side == "right" else "left")
    for target in report.targets:
        wording = target.name_zh if lang == "zh" else target.name_en
        actual = "-" if target.actual is None else number(round(target.actual, 2)) or "-"
        table.add_row(target.indicator, wording, actual + _before(target, lang), t(f"demo.met.{target.is_met}", lang))
    Console().print(table)


def _before(target: "Target", lang: str) -> str:
    """The wave before, where the target compares with it."""
    if target.direction != "significantly_higher" or target.baseline is None:
        return ""
    return t("demo.before", lang, baseline=f"{target.baseline:.2f}")


def _as_json(report: "DemoReport", total: float) -> str:
    from warehouse.cli.nightly import as_json as night_json
    from warehouse.cli.trace import as_json as trace_json
    from warehouse.numbers import number

    document = {
        "targets": [
            {
                "indicator": target.indicator,
                "direction": target.direction,
                "target": number(target.target),
                "actual": number(target.actual),
                "baseline": number(target.baseline),
                "met": target.is_met,
            }
            for target in report.targets
        ],
        "nights": [json.loads(night_json(night)) for night in report.nights],
        "traced": json.loads(trace_json(report.traced)),
        "seconds": {**report.seconds, "total": total},
    }
    return json.dumps(document, ensure_ascii=False, indent=1)
