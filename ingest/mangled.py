"""Ids that a spreadsheet took for numbers: of `520381600000015` it keeps `5.20381E+14`, of 18 digits the first fifteen.

Whichever way it happened, in a workbook or in a text saved from one, the digits cannot be had back: the row is put aside with
the fault `<column>.digits_lost`, so that the department learns what its spreadsheet did.
"""

from __future__ import annotations

import re

from ingest.spec import ColumnSpec, SourceSpec

_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+[0-9]{1,3}")
_ID_TYPES = frozenset({"resident_id", "taxpayer", "regno", "uscc"})


def keeps_digits(spec: SourceSpec, column: ColumnSpec) -> bool:
    """Whether a column holds ids: its digits are a name, not an amount. So do keys, and texts of a limited length."""
    if column.type in ("decimal", "integer", "date", "person_name"):
        return False
    return column.type in _ID_TYPES or column.name in spec.key or (column.type == "text" and column.max_length is not None)


def is_mangled(text: str) -> bool:
    """Whether a text is a number as spreadsheets show long ones (`5.20381E+14`)."""
    return _SCIENTIFIC.fullmatch(text) is not None
