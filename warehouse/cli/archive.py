"""`./bureau archive`: whether every delivered file is still what it was."""

import json
import sys

import click

from warehouse.texts import t


@click.group("archive", help="archive.help")
def archive() -> None:
    """The archive of deliveries."""


@archive.command("verify", help="archive.verify.help", short_help="archive.verify.short")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="archive.format")
def verify(form: str) -> None:
    """Hash all files again. Exit code 1 when one is missing, changed or cannot be read."""
    from ingest.archive import path_of
    from ingest.archive_check import verify as check
    from warehouse.query import ask
    from warehouse.retention import removed
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings

    settings = load_settings()
    with running_services(settings, with_airflow=False):
        rows = ask(
            settings,
            "select sha256, string_agg(distinct file_name, ', ') from ledger.delivery where sha256 is not null group by 1",
            "bureau_evaluator",
        ).rows
        gone = {sha256 for sha256 in removed(settings) if not path_of(settings.archive, sha256).exists()}
    names = {str(sha256): str(files) for sha256, files in rows if sha256 not in gone}

    def report(done: int, of: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{done}/{of}", nl=done == of, err=True)

    found = list(check(settings.archive, names, report))
    if form == "json":
        said = [{"kind": one.kind, "name": one.name, "files": names.get(one.name)} for one in found]
        click.echo(json.dumps({"files": len(names), "findings": said}, ensure_ascii=False, indent=1))
    else:
        for one in found:
            click.echo(t(f"archive.{one.kind}", settings.lang, name=one.name, files=names.get(one.name, "")))
        click.echo(t("archive.verified", settings.lang, files=len(names), findings=len(found)))
    if any(one.kind in ("missing", "changed", "unreadable") for one in found):
        sys.exit(1)


@archive.command("prune", help="archive.prune.help", short_help="archive.prune.short")
@click.option("--dry-run", is_flag=True, help="archive.dry_run")
@click.option("--even-needed", is_flag=True, help="archive.even_needed")
def prune(dry_run: bool, even_needed: bool) -> None:
    """Remove what the retention rule lets go; say what stays, and why."""
    from warehouse.retention import prune as apply
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings

    settings = load_settings()
    with running_services(settings, with_airflow=False):
        found = apply(settings, dry_run, even_needed)
    for key, files in (("would_remove" if dry_run else "removed", found.removed), ("kept", found.kept)):
        for one in files:
            why = ", ".join(t(f"archive.needed.{name}", settings.lang) for name in one.needed_by) or "-"
            click.echo(t(f"archive.{key}", settings.lang, name=one.sha256, files=", ".join(one.file_names), why=why))
    click.echo(t("archive.pruned", settings.lang, removed=len(found.removed), kept=len(found.kept)))
