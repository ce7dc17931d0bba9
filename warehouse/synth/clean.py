"""Rows without the slips that real extracts have: check digits that a clerk got wrong, reasons that were not asked for."""

from warehouse.synth.check_digits import check15
from warehouse.synth.layout import LAYOUTS
from warehouse.synth.people import resident_id
from warehouse.synth.writers import Row

_REGNOS = frozenset({"REGNO", "AAB003", "ZCH", "注册号"})
_IDS = frozenset({"LEREPCERNO", "AAC002", "借款人证件号", "证件号"})


def cleaned(source: str, row: Row) -> Row:
    """The row with right check digits (every source's number of an entity is mended alike) and a reason for each exit."""
    columns = LAYOUTS[source].columns
    mended = [_mended(name, cell) for name, cell in zip(columns, row, strict=True)]
    if source == "registrations":
        cancelled, revoked, reason = (columns.index(name) for name in ("CANDATE", "REVDATE", "EXITREASON"))
        if not mended[reason] and (mended[cancelled] or mended[revoked]):
            mended[reason] = "1" if mended[cancelled] else "2"
    return mended


def _mended(name: str, cell: str) -> str:
    text = cell.strip()
    if name in _REGNOS and len(text) == 15 and text.isdigit():
        return check15(text[:14])
    if name in _IDS and len(text) == 18 and text[:17].isdigit():
        return resident_id(text[:17])
    return cell
