"""Personal data where no column is made for it: an owner's name within a business name, an id typed into a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from ingest.codes import load_geography
from ingest.normalise import Column
from ingest.pseudonym import MASK, canonical_id, is_birthday, is_right, mask_business_name, mask_name

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff·•]{2,}")
_HAN_LINES = re.compile(rf"(?:{_HAN.pattern}\n)*{_HAN.pattern}")
NO_NAMES = frozenset(["不详", "未知", "待补", "待查", "暂无", "没有", "无名", "空白", "不明", "未填", "姓名", "负责人", "经营者"])
_ID_18 = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])")
_ID_15_OR_18 = re.compile(r"(?<![0-9])(?:[0-9]{17}[0-9Xx]|[0-9]{15})(?![0-9])")
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_FIFTEEN = b"0" * 15
SHORTEST_ID = 10**14
"""The least that a resident id comes to in a column of numbers: a sum as large as that may say one."""


def is_usable(name: str) -> bool:
    """Whether a cell holds a name that can be looked for in others: two Han characters or more, and none of the fillers."""
    return name not in NO_NAMES and _HAN.fullmatch("".join(name.split())) is not None


def are_usable(names: Column) -> bool:
    """Whether all cells are usable names, told at one look; False also when it would need a closer one."""
    return NO_NAMES.isdisjoint(names) and _HAN_LINES.fullmatch("\n".join(names)) is not None


def mask_within(names: Column, cells: Column) -> Column:
    """Where a cell holds the row's full name (two characters or more), that part is masked."""
    return [
        cell.replace(name, mask_name(name)) if name in cell and len(name) > 1 else cell
        for name, cell in zip(names, cells, strict=True)
    ]


def mask_household_name(owner: str, name: str) -> str:
    """A household's business name: the owner's name is masked where it stands, also one typing error away from it.

    Without a usable owner's name nobody can tell what part of it is a person's: then as `mask_business_name`.
    """
    if not is_usable(owner):
        return mask_business_name(name)
    return mask_owner("".join(owner.split()), name)


def mask_owner(owner: str, name: str) -> str:
    """As `mask_household_name`, of an owner's usable name without blanks."""
    if owner in name:
        return name.replace(owner, mask_name(owner))
    if sum([character in name for character in owner]) < 2:
        return name
    near = next(_nearly(owner, name), None)
    return name if near is None else name.replace(near, mask_name(owner))


def mask_household_text(text: str) -> str:
    """An address or a scope of a household whose owner is not known: of it only the names of places stay."""
    return "".join(_places().findall(text)) + MASK


def mask_ids(cells: Column, free_text: bool) -> Column:
    """Resident ids within texts. In free text also those with a wrong check character (but a day that can be one of birth), and
    those of 15 digits: registration numbers have as many."""
    if not _may_hold_ids(cells):
        return cells
    if free_text:
        return [_ID_15_OR_18.sub(_mask_likely_id, cell) for cell in cells]
    return [_ID_18.sub(_mask_right_id, cell) for cell in cells]


def replace_ids(cells: Column, pseudonym: Callable[[str], str]) -> Column:
    """Right resident ids within the numbers that are keys: a key must stay one, so the pseudonym takes the id's place."""
    if not _may_hold_ids(cells):
        return cells

    def replaced(match: re.Match[str]) -> str:
        canonical = match[0].upper()
        return pseudonym(canonical) if is_right(canonical) else match[0]

    return [_ID_18.sub(replaced, cell) for cell in cells]


def _may_hold_ids(cells: Column) -> bool:
    """Every digit a 0, and fifteen of them on end: a look at the whole column that is much cheaper than the pattern."""
    return _FIFTEEN in "\n".join(cells).encode("ascii", "replace").translate(_DIGITS_ALIKE)


def _mask_right_id(match: re.Match[str]) -> str:
    return MASK if is_right(match[0].upper()) else match[0]


def _mask_likely_id(match: re.Match[str]) -> str:
    canonical = canonical_id(match[0])
    return MASK if canonical is not None and (is_right(canonical) or is_birthday(canonical)) else match[0]


def _nearly(owner: str, name: str) -> Iterator[str]:
    """Parts of a name that are the owner's with a character too many, another one, two exchanged, or one too few."""
    length = len(owner)
    for size in (length + 1, length, length - 1):
        for start in range(len(name) - size + 1):
            part = name[start : start + size]
            if size > length:
                close = any(part[:i] + part[i + 1 :] == owner for i in range(size))
            elif size == length:
                differing = sum(a != b for a, b in zip(owner, part, strict=True))
                close = (differing == 1 and length > 2) or (differing == 2 and sorted(part) == sorted(owner))
            else:
                close = size > 1 and any(owner[:i] + owner[i + 1 :] == part for i in range(length))
            if close:
                yield part


@lru_cache(maxsize=1)
def _places() -> re.Pattern[str]:
    """Names of the geography list, the longest first."""
    names = sorted({unit.name_zh for unit in load_geography()}, key=lambda name: (-len(name), name))
    return re.compile("|".join(map(re.escape, names)))
