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
    from ingest.archive_check import verify as check
    from warehouse.query import ask
    from warehouse.services.running import running_services
    from warehouse.settings import load_settings

    settings = load_settings()
    with running_services(settings, with_airflow=False):
        rows = ask(
            settings,
            "select sha256, string_agg(distinct file_name, ', ') from ledger.delivery where sha256 is not null group by 1",
            "bureau_evaluator",
        ).rows
    names = {str(sha256): str(files) for sha256, files in rows}

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
