"""A batch as read becomes the columns of raw: cleaned, pseudonymised, faults named; the last place that sees personal data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from ingest.hidden import is_usable, mask_household_name, mask_household_text, mask_ids, mask_within
from ingest.normalise import Column, add_up, clean, dates
from ingest.pseudonym import Identity, Pseudonymiser, mask_business_name, mask_name
from ingest.readers import Batch
from ingest.spec import ColumnSpec, Household, SourceSpec

LONGEST_TEXT = 4000


@dataclass(frozen=True)
class RawBatch:
    """Columns of raw in `SourceSpec.raw_columns`' order, and for each row its faults."""

    columns: list[Column]
    faults: list[tuple[str, ...]]
    rows: int


class Transformer:
    """Holds what one delivery needs: its spec, the key, and the totals asked for (by warehouse name)."""

    def __init__(self, spec: SourceSpec, pseudonymiser: Pseudonymiser, totals: frozenset[str]) -> None:
        self._spec = spec
        self._pseudonymiser = pseudonymiser
        self.totals: dict[str, Decimal] = {name: Decimal(0) for name in totals}

    def apply(self, batch: Batch) -> RawBatch:
        """Transform a batch; adds to `totals`."""
        count = len(batch.rows)
        faults: list[tuple[str, ...]] = [()] * count
        for index, found in batch.faults.items():
            faults[index] = found
        by_name: dict[str, Column] = {}
        for column, cells in zip(self._spec.columns, zip(*batch.rows, strict=True), strict=True):
            cleaned = clean(cells, self._digits(column))
            _cut_what_cannot_be_stored(cleaned, faults)
            if column.type == "date":
                cleaned = dates(cleaned)
            if column.name in self.totals:
                self.totals[column.name] = add_up(self.totals[column.name], cleaned)
            by_name[column.name] = cleaned
        for column in self._spec.columns:
            if column.type == "text" and column.name not in self._spec.key:
                by_name[column.name] = mask_ids(by_name[column.name], column.max_length is None)
            if column.household:
                _mask_households(column, column.household, by_name)
            for other in column.masked_in:
                by_name[other] = mask_within(by_name[column.name], by_name[other])
        out: list[Column] = []
        for column in self._spec.columns:
            out.extend(self._raw(column, by_name[column.name], faults))
        return RawBatch(out, faults, count)

    def _digits(self, column: ColumnSpec) -> bool:
        return column.type not in ("text", "person_name") or column.name in self._spec.key

    def _raw(self, column: ColumnSpec, cells: Column, faults: list[tuple[str, ...]]) -> list[Column]:
        if column.type == "person_name":
            return [[mask_name(cell) if cell else None for cell in cells]]
        if column.type == "resident_id":
            return _identities(column, cells, faults, self._pseudonymiser.identity)
        if column.type == "taxpayer":
            return _identities(column, cells, faults, self._pseudonymiser.taxpayer)
        if column.household_name:
            return [[mask_business_name(cell) if cell else None for cell in cells]]
        return [cells]


def _mask_households(owner: ColumnSpec, household: Household, by_name: dict[str, Column]) -> None:
    """In rows of households: the name, and where the owner is not known the other texts that may hold one."""
    codes, names = frozenset(household.codes), by_name[owner.name]
    for index, code in enumerate(by_name[household.column]):
        if code not in codes:
            continue
        for other in owner.masked_in:
            cell = by_name[other][index]
            if cell is None:
                continue
            if other == household.name:
                by_name[other][index] = mask_household_name(names[index], cell)
            elif not is_usable(names[index]):
                by_name[other][index] = mask_household_text(cell)


def _identities(
    column: ColumnSpec,
    cells: Column,
    faults: list[tuple[str, ...]],
    read: Callable[[str], Identity | str | None],
) -> list[Column]:
    text: Column = [None] * len(cells)
    check, birth_year, sex, region = (text.copy() for _ in range(4))
    for index, cell in enumerate(cells):
        if cell is None:
            continue
        found = read(cell)
        if found is None:
            faults[index] += (f"{column.name}.id",)
        elif isinstance(found, str):
            text[index] = found
        else:
            text[index], check[index], birth_year[index] = found.pseudonym, found.check, found.birth_year
            sex[index], region[index] = found.sex, found.region
    return [text, check, birth_year, sex, region]


def _cut_what_cannot_be_stored(cells: Column, faults: list[tuple[str, ...]]) -> None:
    """A NUL character or more than 4,000 characters cost the row; the cell is left out, the archive has it."""
    whole = "".join(filter(None, cells))
    has_nul = "\0" in whole
    if not has_nul and max(map(len, filter(None, cells)), default=0) <= LONGEST_TEXT:
        return
    for index, cell in enumerate(cells):
        if cell is None:
            continue
        if has_nul and "\0" in cell:
            faults[index] += ("row.nul",)
            cells[index] = None
        elif len(cell) > LONGEST_TEXT:
            faults[index] += ("row.too_long",)
            cells[index] = None
