"""Personal data, before it reaches the database: ids become keyed pseudonyms, names a surname and a mask.

Rulings 20 (what an id is) and sources.md, "Personal data". The pseudonym is the HMAC-SHA-256, in hex, of the 18-character id in
ASCII; an id of the first generation (15 digits) is written with 18 first, so that one person is one pseudonym.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from operator import mul
from typing import Literal

from ingest.normalise import is_day

_ID = re.compile(r"[0-9]{17}[0-9X]|[0-9]{15}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ZEROS = ord("0") * sum(_WEIGHTS)
_CHECKS = "10X98765432"
_FINGERPRINT_TEXT = b"bureau pseudonym key fingerprint v1"
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
MASK = "**"
_TWO_CHARACTER_SURNAMES = frozenset(
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
# Ends of names that a household cannot have: such a name is a legal person's or an office's, and public as it stands.
_LEGAL_PERSON = re.compile(
    r"(公司|合作社|合作联社|集团|银行|信用社|局|委员会|居委会|村委会|政府|学校|学院|中学|小学|幼儿园|医院|卫生院|中心|研究所|支行|分行|协会)$"
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


class Pseudonymiser:
    """Makes identities under one key. It never keeps or logs an id."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def identity(self, text: str) -> Identity | None:
        """The identity of an id; None when the text is none."""
        id_18 = canonical_id(text)
        if id_18 is None:
            return None
        pseudonym = hmac.digest(self._key, id_18.encode("ascii"), "sha256").hex()
        if not is_right(id_18):
            return Identity(pseudonym, "bad", None, None, id_18[:6])
        return Identity(pseudonym, "ok", id_18[6:10], "1" if int(id_18[16]) % 2 else "2", id_18[:6])

    def taxpayer(self, text: str) -> Identity | str | None:
        """A taxpayer number: the identity when it holds an id, the number itself when it does not, None for `L` without an id."""
        if text[0] in "Ll":
            return self.identity(text[1:])
        if len(text) in (18, 20):
            id_18 = canonical_id(text[:18])
            if id_18 is not None and is_right(id_18):
                return self.identity(id_18)
        return text


def fingerprint(key: bytes) -> str:
    """64 hex digits by which the database knows the key without holding it."""
    return hmac.digest(key, _FINGERPRINT_TEXT, "sha256").hex()


def mask_name(name: str) -> str:
    """Surname and `**`: the first two characters of a compound surname, else the first character."""
    surname = name[:2] if len(name) > 2 and name[:2] in _TWO_CHARACTER_SURNAMES else name[:1]
    return surname + MASK


def mask_business_name(name: str) -> str:
    """A business name where the row does not say who owns it (tax offices, employers, guarantors).

    Names of legal persons are public and stay. Any other may be a household's and hold its owner's full name, which cannot be
    told from the trade's words: of a bare name of two to four characters the surname stays, of a longer one the last
    character when it is a word of trade (`**店`). The archive has the name for those who may read it.
    """
    if _LEGAL_PERSON.search(name):
        return name
    ending = name[-1] if name[-1] in _TRADE_ENDINGS else ""
    if not ending and 2 <= len(name) <= 4 and _HAN.fullmatch(name):
        return mask_name(name)
    return MASK + ending
