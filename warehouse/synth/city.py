"""The synthetic city: shard by shard, so that memory does not grow with its size."""

import math
from datetime import date
from pathlib import Path

from warehouse.synth.days import working_days
from warehouse.synth.deliver import Deliveries, Night
from warehouse.synth.entities import Register, deliver_register
from warehouse.synth.faults import Demo
from warehouse.synth.jobs import Jobs
from warehouse.synth.loans import Loans
from warehouse.synth.people import MAX_SHARDS, Registry
from warehouse.synth.survey import deliver_population, deliver_survey
from warehouse.synth.taxes import Taxes
from warehouse.synth.training import Training


def synthesise(
    out: Path, *, seed: int, scale: float, first: date, last: date, faults: str = "none", by_night: bool = False
) -> list[Night]:
    """Write all deliveries of the working days from `first` (full) to `last` (deltas): `out/<department>/…`.

    Args:
        out: folder; made when missing.
        seed: the same seed gives the same bytes.
        scale: 1 is 赤水 in 2010; at most 100.
        first: business date of the first, full deliveries.
        last: business date of the last deltas.
        faults: `none`: nothing but the slips that every extract has (a wrong check digit here and there); `clean`: not even
            those; `demo`: a refused delivery, quarantined rows, late corrections, planted names.
        by_night: lay files out by the night in which they arrive, `out/<yyyy-mm-dd>/<department>/…`.

    Raises:
        ValueError: scale out of (0, 100], dates out of order or before 2009-12-31, or too few nights for `demo`.
    """
    if not 0 < scale <= MAX_SHARDS:
        raise ValueError(f"scale {scale} is not above 0 and at most {MAX_SHARDS}")
    nights = working_days(first, last)
    if not nights or nights[0] != first or first < date(2009, 12, 31):
        raise ValueError(f"{first} to {last}: the first must be a working day from 2009-12-31 on, not after the last")
    demo = Demo(seed, nights) if faults == "demo" else None
    deliveries = Deliveries(out, nights, by_night, demo.refusal if demo else None, clean=faults == "clean")
    years = [first.year - 1, first.year]
    shards = math.ceil(scale)
    for shard in range(shards):
        _shard(seed, shard, scale / shards, nights[-1], years, deliveries, demo)
    deliver_population(scale, years, deliveries)
    return deliveries.close()


def synthesise_nights(out: Path, *, seed: int, scale: float, first: date, last: date, faults: str = "none") -> list[Night]:
    """The same, laid out by the night in which files arrive: `out/<yyyy-mm-dd>/<department>/…`."""
    return synthesise(out, seed=seed, scale=scale, first=first, last=last, faults=faults, by_night=True)


def _shard(seed: int, shard: int, size: float, last: date, years: list[int], out: Deliveries, demo: Demo | None) -> None:
    people = Registry(seed, shard)
    entities = Register(seed, shard, size, last, people).entities
    if demo and shard == 0:
        demo.plant(entities)
    deliver_register(entities, out)
    Jobs(seed, shard, size, last, people, entities, out)
    Taxes(seed, shard, last, entities, out)
    loans = Loans(seed, shard, size, last, entities, out)
    Training(seed, shard, size, last, people, entities, out)
    deliver_survey(seed, shard, size, years, out)
    if demo and shard == 0:
        demo.deliver(entities, loans, out)
