"""The workbook that a department gets back: a sheet for each source with its rows and reasons, a sheet of refused files."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warehouse.formulas import looks_like_formula
from warehouse.reasons import refusal
from warehouse.texts import t

if TYPE_CHECKING:
    from ingest.spec import SourceSpec
    from warehouse.returns import Refused, Returned

_LONGEST_CELL, _MOST_ROWS = 32_767, 1_048_575  # what a workbook can hold; rows of a sheet below its header


class ReturnWorkbook:
    """Written row by row, memory flat. Every cell is text: no number loses digits, nothing runs as a formula."""

    def __init__(self, path: Path, lang: str) -> None:
        import xlsxwriter

        self._lang = lang
        self._book = xlsxwriter.Workbook(
            str(path),
            {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
        )
        self._head = self._book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self._text = self._book.add_format({"num_format": "@"})
        self._quoted = self._book.add_format({"num_format": "@", "quote_prefix": True})

    def add_source(self, spec: "SourceSpec", rows: "Iterable[Returned]", with_lines: bool = False, are_kept: bool = False) -> int:
        """A sheet of a source's rows, or several where one cannot hold them; how many rows. `with_lines`: with a column for lines
        that could not be split into cells; `are_kept`: rows that are accepted, and warned of."""
        title = spec.title.zh if self._lang == "zh" else spec.title.en
        if are_kept:
            title = t("quarantine.sheet.warned", self._lang, title=title)
        names = [t(f"quarantine.column.{name}", self._lang) for name in ("file", "line", "reasons", "values", "rules")]
        header = [*names[:2], *(column.delivered for column in spec.columns), *names[2:]]
        if with_lines:
            header.append(t("quarantine.column.as_delivered", self._lang))
        sheet = self._sheet(title[:31], header)
        count = 0
        for count, row in enumerate(rows, start=1):
            number, place = divmod(count - 1, _MOST_ROWS)
            if number and not place:
                sheet = self._sheet(f"{title[:25]} ({number + 1})", header)
            reasons = t("quarantine.reasons_joined", self._lang).join(reason.sentence for reason in row.reasons)
            values = t("quarantine.reasons_joined", self._lang).join(
                f"{'、'.join(reason.columns)} {reason.value_class}".strip() for reason in row.reasons
            )
            rules = ", ".join(reason.rule for reason in row.reasons)
            line = [row.as_delivered] if with_lines else []
            self._write(sheet, place + 1, [row.held.file_name, str(row.line), *row.cells, reasons, values, rules, *line])
        return count

    def add_refused(self, files: "Sequence[Refused]") -> None:
        """A sheet of refused files."""
        sheet = self._book.add_worksheet(t("quarantine.sheet.refused", self._lang)[:31])
        names = ("file", "business_date", "received", "reason")
        self._write(sheet, 0, [t(f"quarantine.column.{name}", self._lang) for name in names], self._head)
        for number, one in enumerate(files, start=1):
            day = one.business_date.isoformat() if one.business_date else ""
            received = one.received_at.strftime("%Y-%m-%d %H:%M")
            self._write(sheet, number, [one.file_name, day, received, refusal(one.reason, self._lang)])

    def close(self) -> None:
        """Finish the file."""
        self._book.close()

    def _sheet(self, title: str, header: Sequence[str]) -> Any:
        sheet = self._book.add_worksheet(title)
        sheet.freeze_panes(1, 2)
        self._write(sheet, 0, header, self._head)
        return sheet

    def _write(self, sheet: Any, row: int, cells: Sequence[str], form: Any = None) -> None:
        for column, cell in enumerate(cells):
            text = cell if len(cell) <= _LONGEST_CELL else f"{cell[: _LONGEST_CELL - 1]}…"
            quoted = looks_like_formula(text)
            if sheet.write_string(row, column, text, form or (self._quoted if quoted else self._text)):
                raise ValueError(f"the workbook has no place for row {row}, column {column}")
