"""`./bureau release`: figures frozen, approved, shown and proven again."""

import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from warehouse.texts import t

if TYPE_CHECKING:
    from warehouse.releases.calendar import Planned
    from warehouse.releases.moves import Move
    from warehouse.releases.register import Release
    from warehouse.releases.verify import Verification
    from warehouse.settings import Settings

_FORM = click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="release.format"
)
_RELEASE = click.argument("release_id", metavar="RELEASE", type=click.IntRange(min=1))


@click.group("release", help="release.help")
def release() -> None:
    """Releases."""


@release.command("create", help="release.create.help", short_help="release.create.short")
@click.option("--title", required=True, help="release.title")
@click.option("--build", "build_id", type=click.IntRange(min=1), help="release.build")
@click.option(
    "--embargo", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]), metavar="YYYY-MM-DD[THH:MM]", help="release.embargo"
)
@click.option("--period", metavar="2010|2010-Q4|2010-12", help="release.period")
@click.option("--corrects", type=click.IntRange(min=1), metavar="RELEASE", help="release.corrects")
@click.option("--reason", help="release.reason")
@_FORM
def create(
    title: str,
    build_id: int | None,
    embargo: datetime | None,
    period: str | None,
    corrects: int | None,
    reason: str | None,
    form: str,
) -> None:
    """Freeze a build."""
    from warehouse.releases.create import Wanted
    from warehouse.releases.create import create as make
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings

    settings = load_settings()
    until = embargo.replace(tzinfo=ZoneInfo(settings.timezone)) if embargo else None
    with running_services(settings, with_airflow=False):
        made = make(settings, Wanted(title, build_id, until, corrects, reason, period))
        moved = _moves(settings, made)
    if form == "json":
        click.echo(_json(_document(made)))
    else:
        click.echo(made.line(settings.lang))
        _say_moves(settings, moved)
        click.echo(t("release.waits", settings.lang, release=made.release_id))


@release.command("approve", help="release.approve.help", short_help="release.approve.short")
@_RELEASE
@click.option("--reject", is_flag=True, help="release.reject")
@click.option("--note", help="release.note")
def approve(release_id: int, reject: bool, note: str | None) -> None:
    """Say yes or no, once."""
    import psycopg

    from warehouse.releases.moves import moves_of
    from warehouse.releases.register import decide, find_release
    from warehouse.services.postgres import conninfo
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings
    from warehouse.who import asker

    settings = load_settings()
    with (
        running_services(settings, with_airflow=False),
        psycopg.connect(conninfo(settings, role="bureau_owner"), autocommit=True) as connection,
    ):
        _say_moves(settings, moves_of(connection, find_release(connection, release_id), settings.release_band_pct))
        decide(connection, release_id, not reject, asker().login, note)
        click.echo(find_release(connection, release_id).line(settings.lang))


@release.command("list", help="release.list.help", short_help="release.list.short")
@_FORM
def list_(form: str) -> None:
    """All releases, and what is due next."""
    settings, found = _releases(None)
    due = _next_due(settings, found)
    if form == "json":
        click.echo(_json({"releases": [_document(one) for one in found], "next_due": [_due(one) for one in due]}))
        return
    if not found:
        click.echo(t("release.none", settings.lang))
    for one in found:
        click.echo(one.line(settings.lang))
    for planned in due:
        click.echo(
            t(
                "release.due",
                settings.lang,
                period=planned.period.label,
                title=planned.title_zh if settings.lang == "zh" else planned.title_en,
                moment=f"{planned.moment:%Y-%m-%d %H:%M}",
            )
        )


@release.command("show", help="release.show.help", short_help="release.show.short")
@_RELEASE
@_FORM
def show(release_id: int, form: str) -> None:
    """One release."""
    from warehouse.releases.register import FACTS
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings

    settings = load_settings()
    with running_services(settings, with_airflow=False):
        one = _releases(release_id)[1][0]
        moved = _moves(settings, one)
    if form == "json":
        click.echo(_json({**_document(one), "moved": [asdict(move) for move in moved]}))
        return
    click.echo(one.line(settings.lang))
    for name in FACTS[3:]:  # the line above says those before
        if (value := getattr(one, name)) is not None:
            click.echo(f"  {t(f'release.field.{name}', settings.lang)}: {value}")
    _say_moves(settings, moved)


@release.command("verify", help="release.verify.help", short_help="release.verify.short")
@_RELEASE
@click.option("--no-recompute", is_flag=True, help="release.no_recompute")
@click.option("--second-engine", is_flag=True, help="release.second_engine")
@_FORM
def verify(release_id: int, no_recompute: bool, second_engine: bool, form: str) -> None:
    """Exit code 1 when anything is not as it was."""
    from warehouse.releases.verify import verify as prove
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings

    settings = load_settings()
    with running_services(settings, with_airflow=False):
        found = prove(
            settings,
            release_id,
            recompute=not no_recompute,
            second_engine=second_engine,
            say=lambda step: click.echo(t(f"release.step.{step}", settings.lang), err=True),
        )
    if form == "json":
        click.echo(_json({**asdict(found), "release": _document(found.release)}))
    else:
        for line in verification_lines(found, settings.lang):
            click.echo(line)
    if found.findings:
        sys.exit(1)


def verification_lines(found: "Verification", lang: str) -> list[str]:
    """The verification for reading."""
    lines = [t(f"release.finding.{one.kind}", lang, what=one.what) for one in found.findings]
    lines.append(t("release.looked_at", lang, files=found.files, builds=found.builds, figures=f"{found.figures:,}"))
    if found.recomputed is None:
        lines.append(t("release.not_recomputed", lang))
    else:
        lines.append(t("release.recomputed", lang, figures=f"{found.recomputed:,}", postings=f"{found.postings:,}"))
        if found.recomputed_by_second is not None:
            lines.append(t("release.recomputed_by_second", lang, figures=f"{found.recomputed_by_second:,}"))
        if found.recorded_commit != found.used_commit:
            lines.append(t("release.other_code", lang, recorded=found.recorded_commit or "?", present=found.used_commit or "?"))
    verdict = "release.proven" if not found.findings else "release.not_proven"
    return [*lines, t(verdict, lang, release=found.release.release_id, findings=len(found.findings))]


def _next_due(settings: "Settings", found: "list[Release]") -> "list[Planned]":
    """What the calendar has next; as known by the newest published build, without one today."""
    import psycopg

    from warehouse.build import last_published
    from warehouse.releases.calendar import next_due
    from warehouse.services.postgres import conninfo
    from warehouse.services.running import running_services

    with (
        running_services(settings, with_airflow=False),
        psycopg.connect(conninfo(settings, role="bureau_evaluator"), autocommit=True) as connection,
    ):
        published = last_published(connection)
    return next_due(settings, found, published[1] if published else datetime.now(ZoneInfo(settings.timezone)).date())


def _due(planned: "Planned") -> dict[str, Any]:
    return {"period": planned.period.label, "due": planned.moment.isoformat(), "title": planned.title_en}


def _releases(release_id: int | None) -> tuple["Settings", "list[Release]"]:
    import psycopg

    from warehouse.releases.register import all_releases, find_release
    from warehouse.services.postgres import conninfo
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings

    settings = load_settings()
    with (
        running_services(settings, with_airflow=False),
        psycopg.connect(conninfo(settings, role="bureau_evaluator"), autocommit=True) as connection,
    ):
        return settings, all_releases(connection) if release_id is None else [find_release(connection, release_id)]


def _moves(settings: "Settings", one: "Release") -> "list[Move]":
    import psycopg

    from warehouse.releases.moves import moves_of
    from warehouse.services.postgres import conninfo

    with psycopg.connect(conninfo(settings, role="bureau_evaluator"), autocommit=True) as connection:
        return moves_of(connection, one, settings.release_band_pct)


def _say_moves(settings: "Settings", moved: "list[Move]") -> None:
    from warehouse.releases.moves import listed

    if moved:
        click.echo(t("release.moves", settings.lang, count=len(moved), band=settings.release_band_pct, figures=listed(moved)))


def _document(one: "Release") -> dict[str, Any]:
    return {**asdict(one), "state": one.state}


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1, default=str)
