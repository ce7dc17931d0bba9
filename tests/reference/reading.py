"""Which rules and which key a source has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from .cells import Bad, Raw, integer, parse_date, resident
from .money_rows import course, loan_event, local, national
from .rows import employment, population, registration, survey

READ: dict[str, Callable[[Raw, str, date], object]] = {
    "registrations": registration,
    "tax_national": national,
    "tax_local": local,
    "loans": loan_event,
    "employment": employment,
    "training": course,
    "survey": survey,
    "population": population,
}
KEYS = {
    "registrations": ("PRIPID",),
    "tax_national": ("VOUCHER",),
    "tax_local": ("PZH",),
    "loans": ("合同号", "事件序号"),
    "employment": ("AAC001", "AAB001", "AAE030"),
    "training": ("班次号", "证件号"),
    "survey": ("WAVE", "SAMPLEID"),
    "population": ("YEAR", "GEO"),
}
MAY_BE_BLANK = ("AAB001",)


def key_of(source: str, row: Raw) -> tuple[str, ...] | None:
    """The key as far as it can be read: dates, numbers and ids in one spelling."""
    try:
        parts = tuple(_spelling(column, row[column]) for column in KEYS[source])
    except Bad:
        return None
    return parts if all(part or column in MAY_BE_BLANK for part, column in zip(parts, KEYS[source], strict=True)) else None


def _spelling(column: str, cell: str) -> str:
    if column == "AAE030":
        day = parse_date(cell)
        return day.isoformat() if day else ""
    if column in ("WAVE", "YEAR", "事件序号"):
        number = integer(cell)
        return "" if number is None else str(number)
    if column == "证件号":
        person = resident(cell)
        return person.number if person else ""
    return cell
