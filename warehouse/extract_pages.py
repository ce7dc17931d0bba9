"""What the bureau sends a department when they agree on an extract: `docs/<lang>/extracts/<source>.md`, from its spec and suite.

`python -m warehouse.handbook` writes the pages; a test finds them stale.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.settings import PROJECT, Settings
from warehouse.texts import t

if TYPE_CHECKING:
    from expectations import Rule
    from ingest.spec import ColumnSpec, SourceSpec


_DAY = date(2010, 12, 31)


def folder(lang: str) -> Path:
    """Where a language's pages are."""
    return PROJECT / "docs" / lang / "extracts"


def pages(lang: str) -> dict[Path, str]:
    """Every source's page in a language, by its path."""
    from ingest.spec import all_specs

    return {folder(lang) / f"{name}.md": render(spec, lang) for name, spec in all_specs().items()}


def render(spec: "SourceSpec", lang: str) -> str:
    """The page of a source: what comes and when, its columns, and every rule with what breaking it does."""
    from expectations import rules_of

    rules = rules_of(spec, _DAY, str(Settings.model_fields["region"].default))  # sentences do not depend on them
    owner, title = getattr(spec.owner, lang), getattr(spec.title, lang)
    facts = {
        "owner": owner,
        "folder": f"`{spec.department}`",
        "file": f"`{spec.name}_<region>_<yyyymmdd>_<nn>.{spec.extension}`",
        "encoding": spec.encoding or t("extract.workbook", lang),
        "kinds": ", ".join(f"`{kind}`" for kind in spec.kinds),
        "layout": _layout(spec, lang),
        "calendar": t(f"extract.calendar.{spec.calendar.kind}", lang, **_window(spec)),
        "key": ", ".join(f"`{spec.column(name).delivered}`" for name in spec.key),
    }
    return (
        "\n\n".join(
            [
                t("extract.head", lang, title=title, source=spec.name).strip(),
                "\n".join(f"- {t(f'extract.{name}', lang)}{value}" for name, value in facts.items()),
                t("extract.columns", lang).strip(),
                _table(("column", "title", "type", "required", "personal"), [_column(one, lang) for one in spec.columns], lang),
                *_lists(spec, lang),
                t("extract.rules", lang).strip(),
                _table(("rule", "severity", "of", "sentence"), [_rule(spec, one, lang) for one in rules], lang),
            ]
        )
        + "\n"
    )


def _layout(spec: "SourceSpec", lang: str) -> str:
    """How the columns stand in the file."""
    total = spec.column(spec.trailer_total).delivered if spec.trailer_total else ""
    values = {"delimiter": spec.delimiter, "titles": spec.title_lines, "source": spec.name, "total": total}
    return t(f"extract.layout.{spec.format}{'_titled' if spec.title_lines else ''}", lang, **values)


def _window(spec: "SourceSpec") -> dict[str, str]:
    from ingest.spec import Window

    return {"first": spec.calendar.start, "last": spec.calendar.end} if isinstance(spec.calendar, Window) else {}


def _lists(spec: "SourceSpec", lang: str) -> Iterable[str]:
    """Every code that a column may hold, in full, with its name where it has one."""
    from ingest.codes import allowed_codes, load_code_lists

    lists, told = load_code_lists(), []
    for column in spec.columns:
        if column.type in ("code", "codes"):
            names = {one.code: getattr(one, f"name_{lang}") for one in lists.get(column.list or "", ())}
            codes = (f"`{code}` {names.get(code, '')}".strip() for code in allowed_codes(column, lists))
            told.append(f"- `{column.delivered}`: " + t("handbook.comma", lang).join(codes))
    return (t("extract.lists", lang), "\n".join(told)) if told else ()


def _column(one: "ColumnSpec", lang: str) -> tuple[str, ...]:
    yes = t("extract.yes", lang)
    length = t("extract.length", lang, longest=one.max_length) if one.max_length else ""
    size = t("extract.digits", lang, precision=one.precision, scale=one.scale) if one.type == "decimal" else ""
    default = t("extract.default", lang, value=one.default) if one.default is not None else ""
    kind = t(f"extract.type.{one.type}", lang) + length + size + default
    return f"`{one.delivered}`", getattr(one.title, lang), kind, yes if one.required else "", yes if one.is_personal else ""


def _rule(spec: "SourceSpec", rule: "Rule", lang: str) -> tuple[str, ...]:
    known = {name: column.delivered for column in spec.columns for name in column.raw_columns}
    of = ", ".join(dict.fromkeys(f"`{known[name]}`" for name in rule.columns))
    allowed = t("extract.allowed", lang, share=f"{rule.threshold:.0%}") if rule.threshold else ""
    sentence = rule.sentence_zh if lang == "zh" else rule.sentence_en
    return f"`{rule.id}`", t(f"checks.severity.{rule.severity}", lang) + allowed, of, sentence


def _table(names: Sequence[str], rows: Iterable[Sequence[str]], lang: str) -> str:
    head = [t(f"extract.column.{name}", lang) for name in names]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
