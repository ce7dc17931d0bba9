"""Personal data, before it reaches the database: ids become keyed pseudonyms, names a surname and a mask.

Rulings 20 (what an id is) and sources.md, "Personal data". The pseudonym is the HMAC-SHA-256, in hex, of the 18-character id in
ASCII; an id of the first generation (15 digits) is written with 18 first, so that one person is one pseudonym.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from operator import mul
from typing import Literal

from ingest.normalise import Column, Memo, is_day

_ID = re.compile(r"[0-9]{17}[0-9X]|[0-9]{15}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ZEROS = ord("0") * sum(_WEIGHTS)
_CHECKS = "10X98765432"
_DIGITS = re.compile(r"[0-9]+")
_FINGERPRINT_TEXT = b"bureau pseudonym key fingerprint v1"
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
MASK = "**"
TWO_CHARACTER_SURNAMES = frozenset(
    [
        "欧阳",
        "太史",
        "端木",
        "上官",
        "司马",
        "东方",
        "独孤",
        "南宫",
        "万俟",
        "闻人",
        "夏侯",
        "诸葛",
        "尉迟",
        "公羊",
        "赫连",
        "澹台",
        "皇甫",
        "宗政",
        "濮阳",
        "公冶",
        "太叔",
        "申屠",
        "公孙",
        "慕容",
        "仲孙",
        "钟离",
        "长孙",
        "宇文",
        "司徒",
        "鲜于",
        "司空",
        "闾丘",
        "子车",
        "亓官",
        "司寇",
        "巫马",
        "公西",
        "颛孙",
        "壤驷",
        "公良",
        "漆雕",
        "乐正",
        "宰父",
        "谷梁",
        "拓跋",
        "夹谷",
        "轩辕",
        "令狐",
        "段干",
        "百里",
        "呼延",
        "东郭",
        "南门",
        "羊舌",
        "微生",
        "梁丘",
        "左丘",
        "东门",
        "西门",
        "第五",
    ]
)
# Only a company may be called so: what follows names its branch (某某有限公司第二门市部).
COMPANY_FORMS = ("有限公司", "有限责任公司")
# Ends of names that a household cannot have: such a name is a legal person's or an office's, and public as it stands.
LEGAL_PERSON_ENDINGS = (
    "公司",
    "合作社",
    "合作联社",
    "集团",
    "银行",
    "信用社",
    "局",
    "委员会",
    "居委会",
    "村委会",
    "政府",
    "学校",
    "学院",
    "中学",
    "小学",
    "幼儿园",
    "医院",
    "卫生院",
    "中心",
    "研究所",
    "支行",
    "分行",
    "协会",
)
_TRADE_ENDINGS = frozenset("店部馆厂坊行社摊铺场屋吧城室院所站点园庄户")


@dataclass(frozen=True, slots=True)
class Identity:
    """What is kept of an id: 64 hex digits, whether it is right, and what statistics need (None when it is not right)."""

    pseudonym: str
    check: Literal["ok", "bad"]
    birth_year: str | None
    sex: Literal["1", "2"] | None
    region: str


def check_character(first_17: str) -> str:
    """The check character of GB 11643 (ISO 7064 MOD 11-2) of 17 digits."""
    return _CHECKS[(sum(map(mul, _WEIGHTS, first_17.encode("ascii"))) - _ZEROS) % 11]


def canonical_id(text: str) -> str | None:
    """An id in 18 characters with an upper-case X; None when the text is no id (ruling 20). The check is not judged here."""
    text = text.upper()
    if not _ID.fullmatch(text):
        return None
    if len(text) == 18:
        return text
    first_17 = f"{text[:6]}19{text[6:]}"
    return first_17 + check_character(first_17)


def is_right(id_18: str) -> bool:
    """Whether a canonical id has the right check character and a real date of birth."""
    return is_day(id_18[6:10], id_18[10:12], id_18[12:14]) and check_character(id_18[:17]) == id_18[17]


def is_birthday(id_18: str) -> bool:
    """Whether a canonical id has a day on which somebody alive may have been born, whatever its check character."""
    return id_18[6:8] in ("18", "19", "20") and is_day(id_18[6:10], id_18[10:12], id_18[12:14])


class Pseudonymiser:
    """Makes identities under one key. It never keeps or logs an id."""

    def __init__(self, key: bytes) -> None:
        # HMAC by its definition (RFC 2104): the two hashes that begin with the key are begun once, and copied for each id
        block = (sha256(key).digest() if len(key) > sha256().block_size else key).ljust(sha256().block_size, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in block))

    def pseudonym(self, id_18: str) -> str:
        """HMAC-SHA-256 of a canonical id, 64 hex digits."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(id_18.encode("ascii"))
        outer.update(inner.digest())
        return outer.hexdigest()

    def columns(self, cells: Column, taxpayers: bool) -> tuple[list[Column], list[int]]:
        """A column of ids (or of taxpayer numbers) as raw's five: pseudonym or number, check, birth year, sex, region; the empty
        text where there is nothing to say. And the indexes of the cells that are neither blank nor an id."""
        pseudonyms = [""] * len(cells)
        checks, years, sexes, regions = (pseudonyms.copy() for _ in range(4))
        wrong: list[int] = []
        inner, outer = self._inner.copy, self._outer.copy
        for index, cell in enumerate(cells):
            if len(cell) == 18:
                # Nearly every id is right: its parts are known, each with its share of the check sum
                order, sex = _ORDERS[cell[14:17]]
                if _CHECKS_OF_SUM[_REGIONS[cell[:6]] + _YEARS[cell[6:10]] + _DAYS[cell[10:14]] + order] == cell[17]:
                    one, two = inner(), outer()
                    one.update(cell.encode())
                    two.update(one.digest())
                    pseudonyms[index], checks[index], years[index] = two.hexdigest(), "ok", cell[6:10]
                    sexes[index], regions[index] = sex, cell[:6]
                    continue
            if cell:
                found = self.taxpayer(cell) if taxpayers else self.identity(cell)
                if found is None:
                    wrong.append(index)
                elif isinstance(found, str):
                    pseudonyms[index] = found
                else:
                    pseudonyms[index], checks[index], regions[index] = found.pseudonym, found.check, found.region
                    years[index], sexes[index] = found.birth_year or "", found.sex or ""
        return [pseudonyms, checks, years, sexes, regions], wrong

    def identity(self, text: str) -> Identity | None:
        """The identity of an id; None when the text is none."""
        id_18 = canonical_id(text)
        if id_18 is None:
            return None
        if not is_right(id_18):
            return Identity(self.pseudonym(id_18), "bad", None, None, id_18[:6])
        return Identity(self.pseudonym(id_18), "ok", id_18[6:10], "1" if int(id_18[16]) % 2 else "2", id_18[:6])

    def taxpayer(self, text: str) -> Identity | str | None:
        """A taxpayer number: the identity when it holds an id, the number itself when it does not, None for `L` without an id."""
        if text[0] in "Ll":
            return self.identity(text[1:])
        if len(text) in (18, 20):
            id_18 = canonical_id(text[:18])
            if id_18 is not None and is_right(id_18):
                return self.identity(id_18)
        return text


_NONE = 50  # the share of what is no part of an id: with it no sum has a check character


def _region(text: str) -> int:
    """The check sum's share of the six digits of a region, modulo 11."""
    return _share(text, 0) if _DIGITS.fullmatch(text) else _NONE


def _year(text: str) -> int:
    """The share of a year of birth."""
    return _share(text, 6) if _DIGITS.fullmatch(text) and text > "0000" else _NONE


def _day(text: str) -> int:
    """The share of month and day that every year has (29 February is looked at more closely)."""
    return _share(text, 10) if _DIGITS.fullmatch(text) and is_day("2001", text[:2], text[2:]) else _NONE


def _order(text: str) -> tuple[int, str]:
    """The share of the three digits that tell apart who was born on one day, and the sex that they say."""
    if not _DIGITS.fullmatch(text):
        return _NONE, ""
    return _share(text, 14), "1" if int(text[2]) % 2 else "2"


def _share(digits: str, first: int) -> int:
    return sum(weight * int(digit) for weight, digit in zip(_WEIGHTS[first:], digits, strict=False)) % 11


_CHECKS_OF_SUM = (_CHECKS * 4)[: 4 * 10 + 1].ljust(4 * _NONE + 1)
_REGIONS = Memo(_region, 1 << 13)
_YEARS = Memo(_year, 1 << 10)
_DAYS = Memo(_day, 1 << 10)
_ORDERS = Memo(_order, 1 << 11)


def fingerprint(key: bytes) -> str:
    """64 hex digits by which the database knows the key without holding it."""
    return hmac.digest(key, _FINGERPRINT_TEXT, "sha256").hex()


def mask_name(name: str) -> str:
    """Surname and `**`: the first two characters of a compound surname, else the first character."""
    surname = name[:2] if len(name) > 2 and name[:2] in TWO_CHARACTER_SURNAMES else name[:1]
    return surname + MASK


def mask_business_name(name: str) -> str:
    """A business name where the row does not say who owns it (tax offices, employers, guarantors).

    Names of legal persons are public and stay. Any other may be a household's and hold its owner's full name, which cannot be
    told from the trade's words: of a bare name of two to four characters the surname stays, of a longer one the last
    character when it is a word of trade (`**店`). The archive has the name for those who may read it.
    """
    if name.endswith(LEGAL_PERSON_ENDINGS) or any(form in name for form in COMPANY_FORMS):
        return name
    ending = name[-1] if name[-1] in _TRADE_ENDINGS else ""
    if not ending and 2 <= len(name) <= 4 and _HAN.fullmatch(name):
        return mask_name(name)
    return MASK + ending
