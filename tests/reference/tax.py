"""Taxes of young entities, their reliefs, and their part in what all pay."""

from __future__ import annotations

from .catalogue import SECTORS
from .fold import Facts
from .frame import Cells, Ground, Period, Tally, of_entity, young
from .links import Links
from .units import Entity, Voucher

RELIEFS = ("S01", "S02", "S03")
SHARED = ("private", "individual")


def linked(known: Facts, links: Links) -> list[tuple[Voucher, Entity]]:
    """The vouchers that count, with their entity of startup scope (in stock or not, ruling 49)."""
    pairs = ((v, links.of_voucher(v)) for v in known.vouchers if v.counts)
    return [(v, e) for v, e in pairs if e is not None and e.sector in SECTORS]


def taxes(pairs: list[tuple[Voucher, Entity]], p: Period, ground: Ground) -> Cells:
    paid, relief, relieved, share = Tally(), Tally(), Tally(), Tally()
    for v, e in pairs:
        at_end = v.last is not None and young(e, v.last)
        places = ground.places(e.town, of_entity(e)) if v.paid_on in p or v.last in p else []
        if v.paid_on in p:
            if at_end:
                paid.add(places, e.pripid, v.paid)
            if e.sector in SHARED:
                share.add(places, e.pripid, v.paid if at_end else 0, v.paid)
        if v.last in p and at_end and v.relief > 0 and v.relief_code in RELIEFS:
            relief.add(places, e.pripid, v.relief)
            relieved.once(places, e.pripid)
    cells = {
        **paid.counts("TAX_YOUNG", p, ground, 10_000),
        **relief.counts("TAX_RELIEF", p, ground),
        **relieved.counts("TAX_RELIEF_N", p, ground),
    }
    return cells | share.rates("GRW_SHARE", p, ground) if p.grain == "Y" else cells
