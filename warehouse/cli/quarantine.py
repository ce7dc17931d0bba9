"""`./bureau quarantine`: rows that were put aside, and how they go back to the department."""

import csv
import json
import sys
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warehouse.errors import BureauError
from warehouse.formulas import harmless
from warehouse.texts import t

if TYPE_CHECKING:
    from ingest.spec import SourceSpec
    from warehouse.returns import Held
    from warehouse.settings import Settings

FORMAT = click.Choice(["table", "json", "csv"])
DAY = click.DateTime(["%Y-%m-%d"])


@click.group("quarantine", help="quarantine.help")
def quarantine() -> None:
    """Rows that were put aside."""


@quarantine.command("list", help="quarantine.list.help", short_help="quarantine.list.short")
@click.option("--department", help="quarantine.department")
@click.option("--source", help="quarantine.source")
@click.option("--date", "day", type=DAY, help="quarantine.date")
@click.option("--all", "settled", is_flag=True, help="quarantine.all")
@click.option("--warned", is_flag=True, help="quarantine.warned")
@click.option("--format", "form", type=FORMAT, default="table", show_default=True, help="quarantine.format")
def list_(department: str | None, source: str | None, day: datetime | None, settled: bool, warned: bool, form: str) -> None:
    """Deliveries with quarantined rows, and how many rows broke which rule."""
    from warehouse.reasons import refusal
    from warehouse.returns import held_rows, refused_files, warned_rows

    settings, specs = _asked(department, source)
    wanted = day.date() if day else None
    with _reading(settings):
        rows = warned_rows(settings, specs, wanted) if warned else held_rows(settings, specs, wanted, settled)
        refused = [] if warned else refused_files(settings, specs, wanted)
    found = _by_delivery(rows)
    if form == "json":
        files = [{"file_name": one.file_name, "source": one.source, "reason": one.reason} for one in refused]
        click.echo(json.dumps({"rows": found, "refused": files}, ensure_ascii=False, indent=1, default=str))
        return
    if form == "csv":
        names = ("department", "source", "file", "delivery_id", "business_date", "waiting", "settled", "rule", "rows", "reason")
        counted = [
            {**one, "rule": rule, "rows": count}
            for one in found
            for rule, count in one["rules"].items()  # type: ignore[attr-defined]
        ]
        whole = [vars(one) | {"file": one.file_name, "reason": refusal(one.reason, settings.lang)} for one in refused]
        _print_csv(names, [*counted, *whole])
        return
    lang = settings.lang
    if not found and not refused:
        click.echo(t("quarantine.none_warned" if warned else "quarantine.none", lang))
    for one in found:
        click.echo(t("quarantine.list.warned" if warned else "quarantine.list.delivery", lang, **one))
        for rule, count in one["rules"].items():  # type: ignore[attr-defined]
            click.echo(f"    {count:>7,}  {rule}")
    for file in refused:
        click.echo(t("quarantine.list.refused", lang, file=file.file_name, reason=refusal(file.reason, lang)))


@quarantine.command("show", help="quarantine.show.help", short_help="quarantine.show.short")
@click.argument("what")
@click.option("--all", "settled", is_flag=True, help="quarantine.all")
@click.option("--warned", is_flag=True, help="quarantine.warned")
@click.option("--format", "form", type=FORMAT, default="table", show_default=True, help="quarantine.format")
def show(what: str, settled: bool, warned: bool, form: str) -> None:
    """The rows of a department, a delivery or one row, each with its reasons; nothing personal."""
    from warehouse.reasons import of_row
    from warehouse.returns import ROWS_PER_DELIVERY, held_rows, warned_rows

    number = int(what) if what.isdigit() else None
    settings, specs = _asked(None if number is not None else what)
    with _reading(settings):
        rows = warned_rows(settings, specs) if warned else held_rows(settings, specs, settled=settled or number is not None)
    if number is not None:
        rows = [row for row in rows if number in (row.delivery_id, row.row_id)]
        if not rows:
            raise BureauError("quarantine.unknown", what=what)
    by_name = {spec.name: spec for spec in specs}
    shown = []
    for row in rows:
        reasons = of_row(by_name[row.source], row.reasons, row.business_date, row.region, settings.lang)
        shown.append(
            {
                "row_id": row.row_id,
                "source": row.source,
                "file_name": row.file_name,
                "row": row.row_id % ROWS_PER_DELIVERY,
                "key_readable": row.key is not None,
                "settled_by": row.settled_by,
                "settled_at": row.settled_at,
                "reasons": [vars(reason) for reason in reasons],
            }
        )
    if form == "json":
        click.echo(json.dumps(shown, ensure_ascii=False, indent=1, default=str))
        return
    if form == "csv":
        _print_csv(
            ("row_id", "source", "file_name", "row", "settled_by", "settled_at", "columns", "rule", "sentence"),
            _per_reason(shown),
        )
        return
    for one in shown:
        click.echo(t("quarantine.show.row", settings.lang, **one))
        for reason in one["reasons"]:  # type: ignore[attr-defined]
            columns = "、".join(reason["columns"])
            click.echo(
                f"    {columns + ': ' if columns else ''}{reason['value_class']} – {reason['sentence']} [{reason['rule']}]"
            )
        if one["settled_by"]:
            click.echo(t("quarantine.show.settled", settings.lang, **one))
        elif not one["key_readable"]:
            click.echo(t("quarantine.show.no_key", settings.lang))
    if not shown:
        click.echo(t("quarantine.none_warned" if warned else "quarantine.none", settings.lang))


@quarantine.command("export", help="quarantine.export.help", short_help="quarantine.export.short")
@click.argument("department")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="quarantine.out")
@click.option("--date", "day", type=DAY, help="quarantine.date")
@click.option("--warned", is_flag=True, help="quarantine.export.warned")
@click.option("--as", "role", type=click.Choice(["steward"]), help="quarantine.as")
@click.option("--purpose", help="quarantine.purpose")
def export(department: str, out: Path | None, day: datetime | None, warned: bool, role: str | None, purpose: str | None) -> None:
    """Write the return workbook of a department."""
    from warehouse.return_workbook import ReturnWorkbook
    from warehouse.returns import held_rows, refused_files, returned_rows, warned_rows

    settings, specs = _asked(department)
    if role and not (purpose or "").strip():
        raise BureauError("quarantine.no_purpose")
    wanted = day.date() if day else None
    target = out or Path(f"{department}_{(wanted or date.today()).isoformat()}.xlsx")
    with _reading(settings):
        by_source = {spec.name: held_rows(settings, [spec], wanted) for spec in specs}
        kept = {spec.name: warned_rows(settings, [spec], wanted) if warned else [] for spec in specs}
        refused = refused_files(settings, specs, wanted)
        if not refused and not any(by_source.values()) and not any(kept.values()):
            click.echo(t("quarantine.none", settings.lang))
            return
        partial = target.with_name(f".{target.name}.part")
        try:
            book = ReturnWorkbook(partial, settings.lang)
            count = 0
            for spec in specs:
                opened = purpose if role else None
                if held := by_source[spec.name]:
                    with_lines = role is not None and any("row.field_count" in row.reasons for row in held)
                    count += book.add_source(spec, returned_rows(settings, spec, held, settings.lang, opened), with_lines)
                if rows := kept[spec.name]:
                    count += book.add_source(spec, returned_rows(settings, spec, rows, settings.lang, opened), are_kept=True)
            if refused:
                book.add_refused(refused)
            book.close()
            partial.chmod(0o600)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    click.echo(t("quarantine.exported", settings.lang, out=target, rows=count, files=len(refused)))
    if not role:
        click.echo(t("quarantine.masked", settings.lang))


def _per_reason(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [
        {**row, **reason, "columns": "、".join(reason["columns"])}
        for row in rows
        for reason in row["reasons"]  # type: ignore[attr-defined]
    ]


def _print_csv(names: tuple[str, ...], rows: list[dict[str, object]]) -> None:
    """A line a row; what a spreadsheet would calculate has an apostrophe in front."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([["" if row.get(name) is None else harmless(str(row[name])) for name in names] for row in rows])


def _asked(department: str | None, source: str | None = None) -> "tuple[Settings, list[SourceSpec]]":
    from warehouse.returns import departments
    from warehouse.settings import load_settings

    known = departments()
    if department is not None and department not in known:
        raise BureauError("quarantine.no_department", department=department, known=", ".join(sorted(known)))
    specs = known[department] if department is not None else [spec for specs in known.values() for spec in specs]
    if source is not None:
        names = sorted(spec.name for spec in specs)
        specs = [spec for spec in specs if spec.name == source]
        if not specs:
            raise BureauError("quarantine.no_source", source=source, known=", ".join(names))
    return load_settings(), specs


def _reading(settings: "Settings"):  # type: ignore[no-untyped-def]
    from warehouse.services.running import running_services

    return running_services(settings, with_airflow=False)


def _by_delivery(rows: "list[Held]") -> list[dict[str, object]]:
    found: dict[int, dict[str, object]] = {}
    for row in rows:
        one = found.setdefault(
            row.delivery_id,
            {
                "delivery_id": row.delivery_id,
                "department": row.department,
                "source": row.source,
                "file": row.file_name,
                "business_date": row.business_date,
                "waiting": 0,
                "settled": 0,
                "rules": Counter(),
            },
        )
        one["settled" if row.settled_by else "waiting"] += 1  # type: ignore[operator]
        one["rules"].update(row.reasons)  # type: ignore[attr-defined]
    return list(found.values())
