"""Rows that may break a rule, made from the spec alone: a good row with one, two or three cells changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations, product

from ingest.codes import allowed_codes, load_code_lists
from ingest.mangled import keeps_digits
from ingest.spec import ColumnSpec, SourceSpec
from tests.extracts import cells, fixture_rows, resident_id

Row = tuple[str, ...]
"""Cells as delivered, in the spec's order; one too many is a row that cannot be split."""
LOST = "5.20381E+14"
REGNO, OTHER_REGNO, WRONG_REGNO = "520381600000015", "520381200000016", "520381600000016"
PERSON, OTHER_PERSON = resident_id("52038119700101001"), resident_id("52038119710101002")
WRONG_PERSON = PERSON[:17] + next(sign for sign in "0123" if sign != PERSON[17])
_CODES = load_code_lists()
_MANY = 8


@dataclass(frozen=True)
class Pool:
    """Texts for a cell: those that its column may hold, blank among them, and those that it may not."""

    good: tuple[str, ...]
    bad: tuple[str, ...]


def candidates(spec: SourceSpec, day: date) -> Iterator[Row]:
    """Every good row of the fixture, and what becomes of it when cells change. Columns that share a rule change together: one
    takes any text, the others texts that they may hold."""
    bases = [tuple(row) for row in cells(spec, fixture_rows(spec.name, "good"))]
    place = {column.name: index for index, column in enumerate(spec.columns)}
    pools = {
        column.name: _pool(spec, column, day, tuple(dict.fromkeys(base[place[column.name]] for base in bases)))
        for column in spec.columns
    }
    beside = _beside(spec)
    seen: set[Row] = set()
    for base in bases:
        for name, pool in pools.items():
            for others in [(), *combinations(sorted(beside[name]), 1), *combinations(sorted(beside[name]), 2)]:
                texts = [(*pool.good, *pool.bad), *(pools[other].good for other in others)]
                for chosen in product(*texts):
                    row = list(base)
                    for column, text in zip((name, *others), chosen, strict=True):
                        row[place[column]] = text
                    if (made := tuple(row)) not in seen:
                        seen.add(made)
                        yield made
        yield from _unreadable(spec, base)
        if spec.name != "population":
            break  # the other good rows show what is right; changing them too finds nothing more


def _beside(spec: SourceSpec) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {column.name: set() for column in spec.columns}
    together = [rule.columns for rule in (*spec.rules, *spec.between_rows)]
    together += [(column.name, column.standard) for column in spec.columns if column.standard]
    for names in together:
        for name in names:
            found[name] |= set(names) - {name}
    return found


def _unreadable(spec: SourceSpec, base: Row) -> Iterator[Row]:
    """What reading finds, in a cell that need not be given."""
    index = next(index for index, column in enumerate(spec.columns) if not column.required and not column.is_number)
    texts = ["\0", "长" * 4001]
    if spec.format == "xlsx":
        texts = ["_x0000_", "长" * 4001, "=1/0"]
    if spec.format == "dbf":
        texts = ["甲\0乙"]
    for text in texts:
        yield (*base[:index], text, *base[index + 1 :])
    if spec.format != "dbf":
        yield (*base, "x")


def _pool(spec: SourceSpec, column: ColumnSpec, day: date, given: tuple[str, ...]) -> Pool:
    late = (day + timedelta(days=1)).isoformat()
    low, high = column.min, column.max
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    match column.type:
        case "text":
            good = ("A1", REGNO)
            bad = (WRONG_REGNO,) + (("NA" + "x" * column.max_length,) if column.max_length else ())
            bad += (PERSON,) if column.name in spec.key else ()
        case "person_name":
            good = ("欧阳甲乙",)
        case "code":
            good, bad = allowed_codes(column, _CODES)[:_MANY], ("ZZ",)
        case "codes":
            one, two, *_ = allowed_codes(column, _CODES)
            good, bad = (one, f"{one};{two}"), (f"{one};ZZ",)
        case "date":
            good = ("2000-01-01", "2010-04-01", "2010-06-01")
            bad = ("2009-02-29", late) + ((_step(low, -1),) if low else ()) + ((_step(high, 1),) if high else ())
        case "decimal" | "integer":
            least, places = Decimal(low or 0), column.precision - column.scale - 1  # far apart, as long as they fit
            sizes = (0, 1, 10 ** min(3, places), 10 ** min(6, places))
            good = tuple(str(least + more) for more in sizes if high is None or least + more <= Decimal(high))
            bad = (f"{least + 1}.{'1' * ((column.scale if column.type == 'decimal' else 0) + 1)}",)
            bad += (f"0{least + 1}",) if column.name in spec.key else ()
            bad += ((str(least - 1),) if low else ()) + ((str(Decimal(high) + 1),) if high else ())
            if low and high and least <= day.year + 1 <= Decimal(high):
                bad += (str(day.year + 1),)  # a year to come
        case "resident_id":
            good, bad = (PERSON, OTHER_PERSON), (WRONG_PERSON, "12345")
        case "taxpayer":
            good, bad = (REGNO, f"L{PERSON}"), (f"L{WRONG_PERSON}", "L1", "1234")
        case "regno":
            good, bad = (REGNO, OTHER_REGNO), (WRONG_REGNO, "12345")
        case "uscc":
            good, bad = (uscc(0),), ("91520381600000015A",)
        case "geography":
            good, bad = ("520381001", "520381002"), ("520381109",)
        case "industry":
            good, bad = ("6511",), ("6411",)
    lost = (LOST,) if keeps_digits(spec, column) else ()
    return Pool(tuple(dict.fromkeys((*given, "", *good))), bad + lost)


def _step(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def uscc(number: int) -> str:
    """A social credit code with its check character (GB 32100-2015)."""
    signs, first_17 = "0123456789ABCDEFGHJKLMNPQRTUWXY", f"91520381{number:09d}"
    total = sum(signs.index(sign) * pow(3, index, 31) for index, sign in enumerate(first_17))
    return first_17 + signs[-total % 31]
