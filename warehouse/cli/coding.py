"""`./bureau coding`: what was coded from free texts, what was not, and what is proposed to the department."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from warehouse.texts import t

if TYPE_CHECKING:
    from warehouse.settings import Settings

FORMAT = click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="coding.format"
)
LIMIT = click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="coding.limit")


@click.group("coding", help="coding.help")
def coding() -> None:
    """Codes from free text."""


@coding.command("rate", help="coding.rate.help", short_help="coding.rate.short")
@FORMAT
def rate(form: str) -> None:
    """How many rows of the listing got which code."""
    from warehouse.coding_report import rates

    settings = _settings()
    with _reading(settings):
        found = rates(settings)
    if form == "json":
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
        return
    if not found:
        click.echo(t("coding.none", settings.lang))
    for one in found:
        click.echo(
            t(
                "coding.rate.line",
                settings.lang,
                what=t(f"coding.what.{one.what}", settings.lang),
                **_numbers(one.found, one.rows),
            )
        )


@coding.command("list", help="coding.list.help", short_help="coding.list.short")
@click.argument("what", type=click.Choice(["region", "town", "section", "type", "capital"]))
@LIMIT
@FORMAT
def list_(what: str, limit: int, form: str) -> None:
    """Rows of the listing that a coder could not code, with the text it was given."""
    from warehouse.coding_report import unknown

    settings = _settings()
    with _reading(settings):
        found = unknown(settings, what, limit)
    if form == "json":
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
        return
    if not found:
        click.echo(t("coding.list.none", settings.lang))
    for one in found:
        click.echo(f"{one.row_id}  {one.text or '–'}  [{one.name}]")


@coding.command("proposals", help="coding.proposals.help", short_help="coding.proposals.short")
@LIMIT
@FORMAT
def proposals(limit: int, form: str) -> None:
    """What the coders read where registrations leave town or industry blank."""
    from warehouse.coding_report import proposed

    settings = _settings()
    with _reading(settings):
        found = proposed(settings, limit)
    if form == "json":
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
        return
    if not found:
        click.echo(t("coding.proposals.none", settings.lang))
    for one in found:
        town = f"{one.town_as_counted} → {one.town_proposed} ({one.town_by})" if one.town_proposed else "–"
        section = f"{one.section_proposed} ({one.section_by})" if one.section_proposed else "–"
        click.echo(t("coding.proposals.line", settings.lang, entity=one.unit_key, town=town, section=section))


def _settings() -> "Settings":
    from warehouse.settings import load_settings

    return load_settings()


def _reading(settings: "Settings"):  # type: ignore[no-untyped-def]
    from warehouse.services.running import running_services

    return running_services(settings, with_airflow=False)


def _numbers(found: int, rows: int) -> dict[str, object]:
    return {"found": f"{found:,}", "rows": f"{rows:,}", "share": f"{found / rows:.1%}" if rows else "–"}
