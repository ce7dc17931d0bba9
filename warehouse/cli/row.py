"""`./bureau row`: a row's whole story, from its line in the file to where it counts."""

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from warehouse.formulas import harmless
from warehouse.texts import t

if TYPE_CHECKING:
    from warehouse.row_story import Story


@click.command("row", help="row.help")
@click.argument("row_id", metavar="ROW_ID", type=click.IntRange(min=1))
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True, help="row.format"
)
def row(row_id: int, form: str) -> None:
    """Print the story to stdout."""
    from warehouse.row_story import tell
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings

    settings = load_settings()
    with running_services(settings, with_airflow=False):
        story = tell(settings, row_id)
    if form == "json":
        print(json.dumps(asdict(story), ensure_ascii=False, indent=1, default=str))
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(["row_id", "rule", "severity", "columns", "outcome", "checked", "failed"])
        for one in story.checks:
            cells = [one.rule, one.severity, one.columns or "", one.outcome]
            writer.writerow([story.row_id, *map(harmless, cells), one.checked, one.failed])
    else:
        for line in lines(story, settings.lang):
            click.echo(line)


def lines(story: "Story", lang: str) -> Iterator[str]:
    """The story for reading."""
    place = "?" if story.line is None else str(story.line)
    yield t("row.head", lang, row=story.row_id, source=story.source, state=t(f"row.state.{story.state}", lang))
    yield t("row.file", lang, file=story.file_name, line=place, number=story.row_number, sha256=story.sha256)
    yield t(
        "row.delivery",
        lang,
        delivery=story.delivery_id,
        department=story.department,
        date=story.business_date.isoformat(),
        sequence=story.sequence,
    )
    if story.reasons:
        yield t("row.reasons", lang, rules=", ".join(story.reasons))
    if story.settled_by is not None:
        yield t("row.settled", lang, delivery=story.settled_by)
    for name, value in (story.cells or {}).items():
        if value:
            yield f"    {name} = {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
    if story.normalised is None:
        yield t("row.normalised.unknown", lang)
    else:
        changed = [name for name in story.normalised if name not in story.masked]
        for key, names in (("normalised", changed), ("masked", story.masked), ("hidden", story.hidden)):
            yield t(f"row.{key}", lang, columns=", ".join(names) or "-")
    passed = [one.rule for one in story.checks if one.outcome == "passed"]
    yield t("row.checks", lang, passed=len(passed), all=sum(one.outcome != "delivery" for one in story.checks))
    if passed:
        yield "    " + ", ".join(passed)
    for one in story.checks:
        if one.outcome in ("warned", "quarantined"):
            yield "    " + t(f"row.check.{one.outcome}", lang, rule=one.rule, columns=one.columns or "-")
    yield t("row.counted", lang, count=len(story.counted))
    for posting in story.counted:
        until = f" … {posting.until_date}" if posting.until_date else ""
        yield f"    {posting.weight:+f} {posting.account} {posting.effective_date}{until} {posting.geography} " + (
            f"{posting.unit_type} {posting.unit_id}"
        )
    if story.instead is not None:
        yield t("row.instead", lang, row=story.instead)
    yield t("row.excluded", lang, count=story.excluded)
    for rule, times in sorted(story.excluded_rules.items()):
        yield f"    {times} × {rule}"
    for held in story.nearby:
        yield "    " + t("row.excluded.one", lang, row=held.row_id, rules=", ".join(held.reasons))
