"""How parts of an opened figure read, in lines and on pages."""

from typing import TYPE_CHECKING, Any

from warehouse.texts import t

if TYPE_CHECKING:
    from warehouse.trace import SourceRow


def attributes_text(attributes: dict[str, Any]) -> str:
    """Attributes on a line: `founder_groups=01;04 sector=private`."""
    return " ".join(
        f"{name}={';'.join(value) if isinstance(value, list) else value}" for name, value in sorted(attributes.items())
    )


def row_text(row: "SourceRow", lang: str) -> str:
    """Where a row lies."""
    place = "?" if row.line is None else str(row.line)
    return t("trace.row", lang, file=row.file_name, line=place, row=row.row_id, sha256=row.sha256[:12])


def instead_text(instead: int | None, lang: str) -> str:
    """What counts in the place of a row that was put aside."""
    return t("trace.cell_unknown", lang) if instead is None else t("trace.instead", lang, row=instead)
