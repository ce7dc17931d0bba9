"""People: valid resident ids (GB 11643) unique over all shards, names, sex, dates of birth, groups. All invented."""

import random
from dataclasses import dataclass
from datetime import date, timedelta

from warehouse.synth.places import FOUNDER_GROUPS, GIVEN, RARE, SECOND_GROUP, SURNAMES
from warehouse.synth.rng import stream

MAX_SHARDS = 100
# Issuing regions valid at any year of birth; a shard has one of its own, or a block of sequence numbers of one.
_HOME = tuple(f"52{code}" for code in range(2622, 2637)) + tuple(
    f"52{code}" for code in (2722, 2723, 2725, 2726, 2727, 2728, 2729, 2730, 2731, 2732)
)
_AWAY = ("510121", "510321", "510421", "510422", "513221", "513222", "513227", "513322", "513422", "513437")
_WEIGHTS = tuple(2**power % 11 for power in range(17, 0, -1))
PLANTED_NAMES: tuple[str, ...] = ("欧阳测试甲丑", "司马验证乙寅", "上官查核丙卯", "诸葛勘误丁辰", "夏侯留痕戊巳", "令狐显形己午")


@dataclass(slots=True)
class Person:
    """One person; `old` people also have a card of the first generation (15 digits)."""

    ident: str
    name: str
    sex: str
    birth: date
    group: str
    old: bool

    @property
    def short(self) -> str:
        """The 15 digits of the first generation."""
        return self.ident[:6] + self.ident[8:17]


def resident_id(first17: str) -> str:
    """The id with its check digit (GB 11643, ISO 7064 MOD 11-2)."""
    rest = sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True)) % 11
    return first17 + "10X98765432"[rest]


def native_region(year: int) -> str:
    """The city's own code by year of birth: 赤水县 until 1990, 赤水市 522102, then 520381."""
    return "522131" if year <= 1990 else "522102" if year <= 1996 else "520381"


class Registry:
    """Makes the people of one shard. No id is given twice, in this shard or another."""

    def __init__(self, seed: int, shard: int) -> None:
        self._rng, self._shard = stream(seed, shard, "people"), shard
        self._used: set[str] = set()

    def person(self, year: int, group: str | None = None, name: str | None = None) -> Person:
        """Somebody of 18 to 58 in the given year."""
        rng = self._rng
        birth = date(year - 18 - int(40 * rng.random() ** 1.4), 1, 1) + timedelta(days=rng.randrange(365))
        birth = max(birth, date(1930, 1, 1))
        sex = "1" if rng.random() < 0.58 else "2"
        ident = self._ident(rng, birth, sex)
        return Person(
            ident, name or self._name(rng, sex), sex, birth, group or draw_groups(rng), birth.year < 1972 and rng.random() < 0.35
        )

    def _ident(self, rng: random.Random, birth: date, sex: str) -> str:
        while True:
            region, block, blocks = self._issued(rng, birth.year)
            width = 1000 // blocks
            sequence = block * width + rng.randrange(width // 2) * 2 + (sex == "1")
            first17 = f"{region}{birth:%Y%m%d}{sequence:03d}"
            if first17 not in self._used:
                self._used.add(first17)
                return resident_id(first17)

    def _issued(self, rng: random.Random, year: int) -> tuple[str, int, int]:
        if rng.random() < 0.12:
            return _AWAY[self._shard % len(_AWAY)], self._shard // len(_AWAY), 10
        if self._shard == 0:
            return native_region(year), 0, 1
        place = self._shard - 1
        return _HOME[place % len(_HOME)], place // len(_HOME), 4

    def _name(self, rng: random.Random, sex: str) -> str:
        given = "".join(rng.choices(GIVEN[sex], k=1 + (rng.random() < 0.72)))
        if rng.random() < 0.002:
            given = rng.choice(RARE)
        return SURNAMES.draw(rng) + given


def draw_groups(rng: random.Random) -> str:
    """Codes of `founder_group` joined by `;`: groups overlap; some 07 are left blank."""
    code = FOUNDER_GROUPS.draw(rng)
    if code in SECOND_GROUP and rng.random() < 0.12:
        return ";".join(sorted((code, SECOND_GROUP[code])))
    return "" if code == "07" and rng.random() < 0.5 else code


def wrong_check(ident: str) -> str:
    """The id with another check digit, as a clerk mistypes it."""
    return ident[:17] + ("1" if ident[17] != "1" else "2")


def typo(rng: random.Random, name: str) -> str:
    """A name with its last character mistyped."""
    return name[:-1] + rng.choice("峰锋风凤蜂")
