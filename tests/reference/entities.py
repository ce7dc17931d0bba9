"""Entities in stock, new, gone, moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from .frame import Cells, Ground, Period, Tally, of_entity
from .units import Entity

ONE_SECTOR = {"private": "_PRIV", "individual": "_IND"}
COUNTS = (
    "ENT_STK", "ENT_NET", "ENT_NEW", "ENT_EXIT", "ENT_PURGE", "ENT_MIG",
    "ENT_STK_PRIV", "ENT_STK_IND", "ENT_NET_PRIV", "ENT_NET_IND",
)  # fmt: skip


def weights(e: Entity, p: Period) -> dict[str, int]:
    """What an entity of startup scope contributes to each count of a period."""
    before = p.first - timedelta(days=1)
    exits = e.exit in p and e.exit == e.end
    leaves = e.outdate in p and e.outdate == e.end and e.exit != e.outdate  # an exit goes first (ruling 35)
    found = {
        "ENT_STK": int(e.stocked(p.last)),
        "ENT_NET": e.stocked(p.last) - e.stocked(before),
        "ENT_NEW": int(e.born_here and e.estdate in p),
        "ENT_EXIT": int(exits and e.reason != "3"),
        "ENT_PURGE": int(exits and e.reason == "3"),
        "ENT_MIG": (e.indate in p) - leaves,
    }
    if e.sector in ONE_SECTOR:
        found |= {name + ONE_SECTOR[e.sector]: found[name] for name in ("ENT_STK", "ENT_NET")}
    return found


def counts(startups: Iterable[Entity], p: Period, ground: Ground) -> Cells:
    tallies: dict[str, Tally] = defaultdict(Tally)
    for e in startups:
        given = {name: weight for name, weight in weights(e, p).items() if weight}
        if given:
            places = ground.places(e.town, of_entity(e))
            for name, weight in given.items():
                tallies[name].add(places, e.pripid, weight)
    cells: Cells = {}
    for name in COUNTS:
        cells |= tallies[name].counts(name, p, ground)
    return cells


def new_rate(startups: Iterable[Entity], p: Period, ground: Ground) -> Cells:
    """New of the year over those in stock before it."""
    tally = Tally()
    before = p.first - timedelta(days=1)
    for e in startups:
        new, stood = int(e.born_here and e.estdate in p), int(e.stocked(before))
        if new or stood:
            tally.add(ground.places(e.town, of_entity(e)), e.pripid, new, stood)
    return tally.rates("ENT_NEW_RATE", p, ground)
