"""A batch as read becomes the columns of raw: cleaned, pseudonymised, faults named; the last place that sees personal data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ingest.hidden import (
    are_usable,
    is_usable,
    mask_household_name,
    mask_household_text,
    mask_ids,
    mask_owner,
    mask_within,
    replace_ids,
)
from ingest.mangled import is_mangled, keeps_digits
from ingest.normalise import Column, add_up, clean, clean_codes, clean_dates
from ingest.pseudonym import Pseudonymiser, mask_business_name, mask_name
from ingest.readers import Batch
from ingest.spec import ColumnSpec, Household, SourceSpec

LONGEST_TEXT = 4000
_OF_FEW_TEXTS = frozenset(["code", "codes", "geography", "industry"])


@dataclass(frozen=True)
class RawBatch:
    """Columns of raw in `SourceSpec.raw_columns`' order (a blank cell is the empty text), and for each row its faults.

    `odd` False: no cell has a character that COPY's text format writes in another way.
    """

    columns: list[Column]
    faults: list[tuple[str, ...]]
    rows: int
    odd: bool


class Transformer:
    """Holds what one delivery needs: its spec, the key, and the totals asked for (by warehouse name)."""

    def __init__(self, spec: SourceSpec, pseudonymiser: Pseudonymiser, totals: frozenset[str]) -> None:
        self._spec = spec
        self._pseudonymiser = pseudonymiser
        self.totals: dict[str, Decimal] = {name: Decimal(0) for name in totals}
        self._ids = frozenset(column.name for column in spec.columns if keeps_digits(spec, column))

    def apply(self, batch: Batch) -> RawBatch:
        """Transform a batch; adds to `totals`."""
        count = len(batch.rows)
        faults: list[tuple[str, ...]] = [()] * count
        for index, found in batch.faults.items():
            faults[index] = found
        by_name: dict[str, Column] = {}
        for column, delivered in zip(self._spec.columns, zip(*batch.rows, strict=True), strict=True):
            cells = self._cleaned(column, delivered)
            if batch.odd:
                _cut_what_cannot_be_stored(cells, faults)
            if column.name in self._ids:
                _drop_mangled(column, cells, faults)
            if column.name in self.totals:
                self.totals[column.name] = add_up(self.totals[column.name], cells)
            by_name[column.name] = cells
        for column in self._spec.columns:
            by_name[column.name] = self._without_ids(column, by_name[column.name])
            if column.household:
                _mask_households(column, column.household, by_name)
            for other in column.masked_in:
                by_name[other] = mask_within(by_name[column.name], by_name[other])
        out: list[Column] = []
        for column in self._spec.columns:
            out.extend(self._raw(column, by_name[column.name], faults))
        return RawBatch(out, faults, count, batch.odd)

    def _cleaned(self, column: ColumnSpec, cells: Sequence[str | None]) -> Column:
        if column.type == "date":
            return clean_dates(cells)
        if column.type in _OF_FEW_TEXTS:
            return clean_codes(cells)
        return clean(cells, column.type not in ("text", "person_name") or column.name in self._ids)

    def _without_ids(self, column: ColumnSpec, cells: Column) -> Column:
        """An id may have been typed anywhere: of a column of another type it makes a cell that its rules refuse."""
        if column.is_personal:
            return cells
        if column.type == "text" and column.name in self._spec.key:
            return replace_ids(cells, self._pseudonymiser.pseudonym)
        return mask_ids(cells, column.type == "text" and column.max_length is None)

    def _raw(self, column: ColumnSpec, cells: Column, faults: list[tuple[str, ...]]) -> list[Column]:
        if column.type == "person_name":
            return [[mask_name(cell) if cell else "" for cell in cells]]
        if column.holds_id:
            identities, wrong = self._pseudonymiser.columns(cells, taxpayers=column.type == "taxpayer")
            for index in wrong:
                faults[index] += (f"{column.name}.id",)
            return identities
        if column.household_name:
            return [[mask_business_name(cell) if cell else "" for cell in cells]]
        return [cells]


def _mask_households(owner: ColumnSpec, household: Household, by_name: dict[str, Column]) -> None:
    """In rows of households: the name, and where the owner is not known the other texts that may hold one."""
    codes, names = frozenset(household.codes), by_name[owner.name]
    households = [index for index, code in enumerate(by_name[household.column]) if code in codes]
    business = by_name[household.name]
    usable = are_usable([names[index] for index in households])
    mask = mask_owner if usable else mask_household_name
    for index in households:
        name = business[index]
        # the common case at once: `mask_within` does the same later
        if name and not (usable and names[index] in name):
            business[index] = mask(names[index], name)
    if usable:
        return
    for index in households:
        if not is_usable(names[index]):
            for other in owner.masked_in:
                if other != household.name and by_name[other][index]:
                    by_name[other][index] = mask_household_text(by_name[other][index])


def _drop_mangled(column: ColumnSpec, cells: Column, faults: list[tuple[str, ...]]) -> None:
    """An id that a spreadsheet has shortened to `5.20381E+14` costs the row; the cell is left out."""
    whole = "".join(cells)
    if "E+" not in whole and "e+" not in whole:
        return
    for index, cell in enumerate(cells):
        if is_mangled(cell):
            faults[index] += (f"{column.name}.digits_lost",)
            cells[index] = ""


def _cut_what_cannot_be_stored(cells: Column, faults: list[tuple[str, ...]]) -> None:
    """A NUL character or more than 4,000 characters cost the row; the cell is left out, the archive has it."""
    has_nul = "\0" in "".join(cells)
    if not has_nul and max(map(len, cells), default=0) <= LONGEST_TEXT:
        return
    for index, cell in enumerate(cells):
        if has_nul and "\0" in cell:
            faults[index] += ("row.nul",)
            cells[index] = ""
        elif len(cell) > LONGEST_TEXT:
            faults[index] += ("row.too_long",)
            cells[index] = ""
