"""`./bureau unlinked`: records that are linked to no entity of the register."""

import csv
import sys
from collections.abc import Sequence
from dataclasses import asdict

import click

from warehouse.formulas import harmless
from warehouse.numbers import as_json
from warehouse.texts import t


@click.command("unlinked", help="unlinked.help", short_help="unlinked.short")
@click.option("--source", help="unlinked.source")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="unlinked.limit")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True, help="unlinked.format"
)
def unlinked(source: str | None, limit: int, form: str) -> None:
    """Count them by source and reason; with --source list them."""
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings
    from warehouse.unlinked import Count, Record, counts, records

    settings = load_settings()
    with running_services(settings, with_airflow=False):
        found: Sequence[Count | Record] = records(settings, source, limit) if source else counts(settings)
    said = [asdict(one) for one in found]
    if form == "json":
        print(as_json(said))
    elif form == "csv" and said:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(said[0])
        writer.writerows([["" if value is None else harmless(str(value)) for value in one.values()] for one in said])
    elif form == "table":
        if not said:
            click.echo(t("unlinked.none", settings.lang))
        for one in said:
            one["reason"] = t(f"unlinked.reason.{one['reason']}", settings.lang)
            one["regno"] = one.get("regno") or "-"
            click.echo(t("unlinked.record" if source else "unlinked.count", settings.lang, **one))
