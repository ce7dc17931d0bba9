"""What stands on an evidence sheet, in order, whatever it is printed as."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from warehouse.numbers import number
from warehouse.sheet.drawings import trend
from warehouse.sheet.read import Sheet
from warehouse.texts import t


@dataclass(frozen=True)
class Heading:
    """A heading."""

    text: str
    kind: Literal["heading"] = "heading"


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of plain text; a `note` is set smaller."""

    text: str
    is_note: bool = False
    kind: Literal["paragraph"] = "paragraph"


@dataclass(frozen=True)
class Table:
    """A table of texts; `numbers` are the columns that stand at the right, `codes` those of hashes and commits."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()
    codes: tuple[int, ...] = ()
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Picture:
    """An SVG."""

    svg: str
    kind: Literal["picture"] = "picture"


Block = Heading | Paragraph | Table | Picture


@dataclass(frozen=True)
class Content:
    """A sheet in a language: `cell` says which figure it is, `value` is its value as it is written."""

    title: str
    cell: str
    value: str
    unit: str
    blocks: tuple[Block, ...]
    identifier: str


def content(sheet: Sheet, lang: str) -> Content:
    """The sheet in a language."""
    figure, indicator = sheet.figure, sheet.indicator
    value = number(figure.value) if figure.value is not None else t(f"trace.availability.{figure.availability}", lang)
    parts = t("sheet.parts", lang, numerator=number(figure.numerator) or "-", denominator=number(figure.denominator) or "-")
    return Content(
        title=t("sheet.title", lang, name=getattr(indicator.name, lang), indicator=indicator.indicator),
        cell=f"{figure.period} · {figure.geography} · {figure.breakdown_type}={figure.breakdown} · {figure.method_version}",
        value=str(value),
        unit=getattr(indicator.unit, lang),
        identifier=sheet.identifier,
        blocks=(
            Paragraph(f"{parts} · {t('sheet.units', lang, units=figure.unit_count)}"),
            *_target(sheet, lang),
            *_definition(sheet, lang),
            Heading(t("sheet.trend", lang)),
            _trend(sheet, lang),
            *_towns(sheet, lang),
            *_checks(sheet, lang),
            Heading(t("sheet.approvals", lang)),
            _approvals(sheet, lang),
            *_made(sheet, lang),
            Paragraph(t("sheet.open", lang, command=command(sheet)), is_note=True),
        ),
    )


def command(sheet: Sheet) -> str:
    """The call that opens the figure down to its rows."""
    figure = sheet.figure
    words = f"./bureau trace {figure.indicator} --period {figure.period} --geo {figure.geography}"
    words += "" if figure.breakdown_type == "total" else f" --breakdown {figure.breakdown_type}={figure.breakdown}"
    return words if sheet.release is None else f"{words} --release {sheet.release.release_id}"


def _target(sheet: Sheet, lang: str) -> tuple[Block, ...]:
    target = sheet.target
    if target is None:
        return ()
    met = t({True: "sheet.met", False: "sheet.missed", None: "sheet.not_yet"}[target.is_met], lang)
    return (
        Heading(t("sheet.target", lang)),
        Paragraph(f"{target.target} · {target.name_zh if lang == 'zh' else target.name_en} · {target.source}"),
        Paragraph(f"{t(f'sheet.direction.{target.direction}', lang, value=number(target.value) or '-')} · {met}"),
    )


def _definition(sheet: Sheet, lang: str) -> tuple[Block, ...]:
    one = sheet.indicator
    source = t("sheet.source", lang, source=getattr(one.source_of_definition, lang), version=sheet.figure.method_version)
    notes = [t("handbook.own_reading", lang)] if one.own_reading else []
    notes += [getattr(one.caveat, lang)] if one.caveat else []
    said = (Paragraph(note, is_note=True) for note in notes)
    return (Heading(t("sheet.definition", lang)), Paragraph(getattr(one.definition, lang)), Paragraph(source), *said)


def _trend(sheet: Sheet, lang: str) -> Block:
    drawn = trend(sheet.trend, sheet.target.value if sheet.target else None, t("sheet.trend", lang))
    return Picture(drawn) if drawn else Paragraph("–")


def _towns(sheet: Sheet, lang: str) -> tuple[Block, ...]:
    published = sheet.figure.numerator
    added = sum((town.weight for town in sheet.towns), Decimal(0))
    agrees = "sheet.agrees" if added == (published or 0) else "sheet.differs"
    rows = tuple(
        (
            town.name_zh if lang == "zh" else town.name_en,
            town.geography,
            f"{town.units:,}",
            number(town.weight) or "-",
            f"{town.rows:,}",
        )
        for town in sheet.towns
    )
    return (
        Heading(t("sheet.towns", lang)),
        Table(_columns(lang, "town", "code", "units", "weight", "rows"), rows, numbers=(2, 3, 4)),
        Paragraph(t(agrees, lang, sum=number(added), published=number(published) or "-")),
    )


def _checks(sheet: Sheet, lang: str) -> tuple[Block, ...]:
    checks = tuple(
        (one.source, str(one.deliveries), f"{one.rules:,}", str(one.warnings), f"{one.rows:,}", f"{one.put_aside:,}")
        for one in sheet.checks
    )
    columns = tuple(t(f"lineage.column.{name}", lang) for name in ("source", "date", "sequence", "file", "sha256"))
    inputs = tuple(
        (one.source, one.business_date.isoformat(), f"{one.sequence:02d}", one.file_name, one.sha256) for one in sheet.inputs
    )
    return (
        Heading(t("sheet.checks", lang)),
        Table(_columns(lang, "source", "deliveries", "rules", "warnings", "rows", "put_aside"), checks, numbers=(1, 2, 3, 4, 5)),
        Heading(t("sheet.inputs", lang, count=len(inputs))),
        Table(columns, inputs, codes=(3, 4)),
    )


def _approvals(sheet: Sheet, lang: str) -> Block:
    if not sheet.approvals:
        return Paragraph(t("sheet.no_release", lang))
    rows = []
    for one in sheet.approvals:
        state = t({True: "sheet.approved", False: "sheet.rejected", None: "sheet.waiting"}[one.approved], lang)
        when = one.decided_at.strftime("%Y-%m-%d %H:%M") if one.decided_at else ""
        rows.append((f"R{one.release_id}", one.title, number(one.value) or "-", state, one.decided_by or "", when, one.hash))
    columns = _columns(lang, "release", "title", "value", "state", "by", "when", "hash")
    return Table(columns, tuple(rows), numbers=(2,), codes=(6,))


def _made(sheet: Sheet, lang: str) -> tuple[Block, ...]:
    build = sheet.build
    facts = {"commit": build.code_commit, "lock": build.lock_hash, "specs": build.spec_hash, "digest": build.digest}
    rows = [(t(f"lineage.fact.{name}", lang), value or "-") for name, value in facts.items()]
    if sheet.release is not None:
        rows.append((t("release.field.head", lang), sheet.release.head))
    return (
        Heading(t("sheet.made", lang)),
        *([Paragraph(sheet.release.line(lang))] if sheet.release else []),
        Paragraph(t("lineage.build", lang, build=build.build_id, date=build.business_date.isoformat())),
        Table((t("lineage.column.fact", lang), t("lineage.column.value", lang)), tuple(rows), codes=(1,)),
    )


def _columns(lang: str, *names: str) -> tuple[str, ...]:
    return tuple(t(f"sheet.column.{name}", lang) for name in names)
