"""The SQL of the rules on one column. TRUE is a failing row; NULL and FALSE are none, so a blank fails by `required` alone.

The functions are those of `ingest/functions.sql`: they are NULL for NULL and never raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from ingest.codes import (
    Code,
    Geography,
    allowed_codes,
    allowed_geographies,
    load_code_lists,
    load_geography,
    load_industry_sections,
)
from ingest.spec import ColumnSpec

Severity = Literal["refuse", "quarantine", "warn"]
_SHOWN_CODES = 20
_PSEUDONYM = "[0-9a-f]{64}"


@dataclass(frozen=True)
class Lists:
    """The code lists, geography and industry divisions that rules are made with."""

    codes: dict[str, tuple[Code, ...]]
    geography: tuple[Geography, ...]
    sections: dict[tuple[str, str], str]

    @staticmethod
    def from_seeds() -> Lists:
        """As the project's seeds have them."""
        return Lists(load_code_lists(), load_geography(), load_industry_sections())


@dataclass(frozen=True)
class Found:
    """A rule on a column before it has its words. `sql` None: a fault that reading found. `beside`: other columns it reads."""

    name: str
    sentence: str
    sql: str | None
    severity: Severity = "quarantine"
    beside: tuple[str, ...] = ()
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where and when a delivery is from."""

    region: str
    day: date
    lists: Lists


def column_rules(column: ColumnSpec, place: Place, keeps_digits: bool = False, is_key: bool = False) -> Iterator[Found]:
    """The rules of one column, in the order: given, long, of its type, within bounds. `keeps_digits`: it holds ids; `is_key`: it
    is part of the key, in which the pseudonym has taken the place of a resident id."""
    name = quoted(column.name)
    if column.required:
        blank = f"{name} is null"
        not_taken = ["id"] * column.holds_id + ["digits_lost"] * keeps_digits
        if not_taken:  # what reading could not take is wrong, not missing
            blank = f"({blank} and not faults && {array(f'{column.name}.{fault}' for fault in not_taken)})"
        yield Found("required", "required", blank)
    if keeps_digits:
        yield Found("digits_lost", "digits_lost", None)
    if column.max_length is not None:
        longest = str(column.max_length)
        too_long = f"length({name}) > {longest}" + (f" and {name} !~ '{_PSEUDONYM}'" if is_key else "")
        yield Found("max_length", "too_long", too_long, values={"longest": longest})
    if is_key and column.type == "text":
        # The length first: a pattern that may begin anywhere is the dearest thing to ask
        yield Found("holds_id", "holds_id", f"(length({name}) >= 64 and {name} ~ '{_PSEUDONYM}')", "warn")
    if column.type in _BY_TYPE:
        yield from _BY_TYPE[column.type](column, name, place)
    if is_key and column.type == "integer":
        yield Found("canonical", "canonical", f"{name} ~ '^([+]|[+-]?0[0-9])'")
    yield from _bounds(column, name, place)


def _code(column: ColumnSpec, name: str, place: Place) -> Iterator[Found]:
    codes = allowed_codes(column, place.lists.codes)
    yield Found("code", "code", f"{name} <> all({array(codes)})", values={"codes": _some(codes)})


def _codes(column: ColumnSpec, name: str, place: Place) -> Iterator[Found]:
    codes = allowed_codes(column, place.lists.codes)
    if not all(code.isalnum() for code in codes):
        raise ValueError(f"column {column.name}: a code with a sign would change the pattern")
    one = "|".join(codes)
    pattern = literal(f"^({one})(;({one}))*$")
    yield Found("codes", "codes", f"{name} !~ {pattern}", values={"codes": _some(codes)})


def _date(column: ColumnSpec, name: str, place: Place) -> Iterator[Found]:
    yield Found("date", "date", f"not raw.is_date({name})")
    if column.not_after_business_date:
        late = f'({name} collate "C" > {literal(place.day.isoformat())} and raw.is_date({name}))'
        yield Found("not_after_business_date", "future", late)


def _decimal(column: ColumnSpec, name: str, _place: Place) -> Iterator[Found]:
    values = {"precision": str(column.precision), "scale": str(column.scale)}
    yield Found("decimal", "decimal", f"not raw.is_decimal({name}, {column.precision}, {column.scale})", values=values)


def _integer(_column: ColumnSpec, name: str, _place: Place) -> Iterator[Found]:
    yield Found("integer", "integer", f"not raw.is_integer({name})")


def _identity(column: ColumnSpec, _name: str, _place: Place) -> Iterator[Found]:
    said = "taxpayer_id" if column.type == "taxpayer" else "id"
    yield Found("id", said, None)
    check = f"{column.name}_check"
    yield Found("check_digit", f"{said}_check", f"{quoted(check)} = 'bad'", "warn", (check,))


def _regno(_column: ColumnSpec, name: str, _place: Place) -> Iterator[Found]:
    yield Found("regno", "regno", f"not raw.regno_shape({name})")
    yield Found("check_digit", "check_digit", f"not raw.regno_ok({name})", "warn")


def _uscc(_column: ColumnSpec, name: str, _place: Place) -> Iterator[Found]:
    yield Found("uscc", "uscc", f"not raw.uscc_ok({name})")


def _geography(column: ColumnSpec, name: str, place: Place) -> Iterator[Found]:
    codes = allowed_geographies(column, place.lists.geography, place.region, place.day)
    yield Found("geography", "geography", f"{name} <> all({array(codes)})")


def _industry(column: ColumnSpec, name: str, place: Place) -> Iterator[Found]:
    four = f"{name} ~ '^[0-9]{{4}}$'"
    standard = quoted(column.standard or "")
    known = array(sorted({standard for standard, _ in place.lists.sections}))
    divisions = array(sorted(standard + division for standard, division in place.lists.sections))
    unknown = f"{standard} = any({known}) and {standard} || left({name}, 2) <> all({divisions})"
    yield Found("industry", "industry", f"(not ({four}) or {unknown})", beside=(column.standard or "",))


def _bounds(column: ColumnSpec, name: str, _place: Place) -> Iterator[Found]:
    for bound, sign, label in ((column.min, "<", "min"), (column.max, ">", "max")):
        if bound is None:
            continue
        if column.type == "date":
            outside = f'({name} collate "C" {sign} {literal(bound)} and raw.is_date({name}))'
        else:
            outside = f"raw.as_decimal({name}) {sign} {bound}"
        yield Found(label, label, outside, values={"bound": bound})


_BY_TYPE: dict[str, Callable[[ColumnSpec, str, Place], Iterator[Found]]] = {
    "code": _code,
    "codes": _codes,
    "date": _date,
    "decimal": _decimal,
    "integer": _integer,
    "resident_id": _identity,
    "taxpayer": _identity,
    "regno": _regno,
    "uscc": _uscc,
    "geography": _geography,
    "industry": _industry,
}


def quoted(name: str) -> str:
    """A column as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def array(texts: Iterable[str]) -> str:
    """Texts as an SQL array of text; the server looks constants of more than eight up by hash."""
    return "array[" + ", ".join(literal(text) for text in texts) + "]::text[]"


def _some(codes: tuple[str, ...]) -> str:
    return ", ".join(codes[:_SHOWN_CODES]) + (" …" if len(codes) > _SHOWN_CODES else "")
