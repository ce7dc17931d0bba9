"""The town of an address, by a maintained gazetteer (`data/gazetteer.csv`) and exact rules; never a guess.

1. The address's own beginning (province, prefecture, county; `data/county.csv`) says which region it lies in. Another region's
   address is `elsewhere`. Where none is named the caller may say which authority registered the row; else the names decide alone.
2. In what follows, names of the gazetteer are found, the longest first. A `start` name (a town without its 镇 or 街道, which
   may also be a road's or a shop's name) counts at the very beginning only, and not before a word that makes it a road.
3. The most certain kind decides: names of towns before villages and communities, these before streets and sites. Within it all
   names must mean one town; two towns, or none: unknown. A name without a town says nothing, and keeps what it contains from
   being read as something else (市中医院 is no 市中).
4. An address of the region in which no name is found: the same search in the enterprise's own name (赤水市旺隆镇…合作社).
5. Of two codes that a boundary change gave one town, the code of the list in force on the day is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from ingest.codes import Geography, load_geography
from ingest.coding.terms import DATA, Terms, plain, rows
from ingest.errors import SpecError

Kind = Literal["town", "start", "village", "street"]
_RANK = {"town": 0, "start": 0, "village": 1, "street": 2}
_ROAD = re.compile(r"(?:[东南西北中]?(?:大?道|路|街|巷|桥|大厦|公司|酒店|宾馆|市场))")
_COLUMNS = ("region", "town", "name", "kind", "source", "note")


@dataclass(frozen=True)
class Place:
    """What an address says.

    town    code of the town, None when it does not say one
    region  the region that it names (a county's code), None without one
    by      the name that decided, for whoever asks why
    said_by where that name stands
    """

    town: str | None
    region: str | None
    by: str | None = None
    said_by: Literal["address", "name"] | None = None


@dataclass(frozen=True)
class _Name:
    towns: frozenset[str]
    rank: int
    only_at_start: bool
    name: str


class Gazetteer:
    """The names of one region's places. Made once, asked often: `place` costs microseconds."""

    def __init__(self, region: str, units: Iterable[Geography] | None = None, folder: Path = DATA) -> None:
        self.region = region
        units = tuple(load_geography() if units is None else units)
        known = {unit.geography for unit in units if unit.level == "town" and unit.parent == region}
        counties = {row["name"]: row["region"] for row in rows("county.csv", ("name", "region"), folder)}
        names = {unit.name_zh: unit.geography for unit in units if unit.level in ("province", "prefecture", "city")}
        self._above = Terms([*names.items(), *counties.items()])
        self._counties = {code for code in counties.values() if not code.endswith("00")} | {
            unit.geography for unit in units if unit.level == "city"
        }
        entries: dict[str, _Name] = {}
        for unit in units:
            if unit.geography in known and not unit.geography.endswith("999"):
                entries[unit.name_zh] = self._with(entries.get(unit.name_zh), unit.geography, "town", unit.name_zh)
        for row in rows("gazetteer.csv", _COLUMNS, folder):
            if row["region"] != region:
                continue
            if row["kind"] not in _RANK or not row["name"] or (row["town"] and row["town"] not in known):
                raise SpecError(f"gazetteer.csv: {row['name']!r}: kind {row['kind']!r}, town {row['town']!r}")
            name = plain(row["name"])
            entries[name] = self._with(entries.get(name), row["town"], row["kind"], name)
        self._names = Terms(entries.items())
        self._towns = {unit.geography: unit for unit in units if unit.geography in known}

    def place(
        self, address: str | None, day: date | None = None, registered_in: str | None = None, name: str | None = None
    ) -> Place:
        """The place of an address on a day (default: the newest list). `registered_in` is the region (6 digits) whose authority
        registered the row: it counts only where the address names no county, and only when it is a known one."""
        text = plain(address or "")
        rest, region = self._beginning(text)
        if region is None and registered_in in self._counties:
            region = registered_in
        if region is not None and region != self.region:
            return Place(None, region)
        best = self._best(rest)
        if not best and region is not None and name:
            return self._meant(self._best(self._beginning(plain(name))[0]), region, day, "name")
        return self._meant(best, region, day, "address")

    def is_town_name(self, name: str) -> bool:
        """Whether a name is a town's own, not a street's or a village's."""
        return any(found.what.name == name and found.what.rank == 0 for found in self._names.find(name))

    def _best(self, text: str) -> list[_Name]:
        """The names of the most certain kind."""
        best: list[_Name] = []
        for found in self._names.find(text):
            name = found.what
            if not name.towns or (name.only_at_start and (found.start > 0 or _ROAD.match(text, found.end))):
                continue
            if not best or name.rank < best[0].rank:
                best = [name]
            elif name.rank == best[0].rank:
                best.append(name)
        return best

    def _meant(self, names: list[_Name], region: str | None, day: date | None, said_by: Literal["address", "name"]) -> Place:
        towns = {self._on(town, day) for name in names for town in name.towns}
        if len(towns) != 1:
            return Place(None, region)
        return Place(towns.pop(), region, names[0].name, said_by)

    def _beginning(self, text: str) -> tuple[str, str | None]:
        """What follows province, prefecture and county, and the last county named among them."""
        region, at = None, 0
        for found in self._above.find(text):
            if found.start != at:
                break
            at = found.end
            if found.what in self._counties:
                region = found.what
        if at and text.startswith("中", at) and text[at - 1] == "市":
            at -= 1  # a doubled 市 written once: 赤水市中五星路 is 赤水市 市中 五星路
        return text[at:], region

    def _on(self, town: str, day: date | None) -> str:
        """The code that a town has on a day: of an ended one its successor's, of one that was not there yet its predecessor's."""
        unit = self._towns[town]
        while unit.successor and (day is None or (unit.valid_to is not None and unit.valid_to < day)):
            unit = self._towns[unit.successor]
        while day is not None and unit.valid_from is not None and day < unit.valid_from:
            before = [one for one in self._towns.values() if one.successor == unit.geography]
            if len(before) != 1:
                break
            unit = before[0]
        return unit.geography

    @staticmethod
    def _with(before: _Name | None, town: str, kind: str, name: str) -> _Name:
        towns = (before.towns if before else frozenset()) | ({town} if town else frozenset())
        rank = _RANK[kind] if before is None else min(before.rank, _RANK[kind])
        return _Name(towns, rank, kind == "start" and (before is None or before.only_at_start), name)
