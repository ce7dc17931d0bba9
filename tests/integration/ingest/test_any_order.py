"""Any order and any split of arrival of the same deliveries: the same ledger, and the same rows in force.

Drawn deliveries of registrations (out of order, revisions, full against delta, rows for quarantine) go through the real steps on
PostgreSQL, a few files a night; what stands afterwards is held against the rulings, written down once more in a few lines.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.context import LoadContext
from tests.extracts import write_extract
from tests.integration.ingest.conftest import clean
from tests.integration.ingest.test_night import REG, good, night, query
from warehouse.services import postgres
from warehouse.settings import Settings

pytestmark = pytest.mark.integration
FIRST, K = date(2010, 12, 27), date(2010, 12, 31)


@dataclass(frozen=True)
class Sent:
    """A delivery: which keys it has in which version; None is a row that goes into quarantine."""

    day: int
    sequence: int
    kind: str
    rows: tuple[tuple[int, int | None], ...]

    @property
    def place(self) -> tuple[int, int]:
        return self.day, self.sequence


VERSIONS = st.dictionaries(st.integers(1, 4), st.none() | st.integers(1, 9), max_size=4).map(lambda rows: tuple(rows.items()))
SENT = st.builds(Sent, st.integers(0, 3), st.integers(1, 3), st.sampled_from(["delta", "delta", "full"]), VERSIONS)
ARRIVALS = st.lists(SENT, min_size=2, max_size=6, unique_by=lambda one: one.place).flatmap(
    lambda sent: st.tuples(st.permutations(sent), st.lists(st.booleans(), min_size=len(sent), max_size=len(sent)))
)


def in_force(sent: list[Sent]) -> dict[int, int]:
    """Key -> version, by the rulings: the highest sequence of a day; a full one ends the keys that it does not have."""
    best = {one.day: one for one in sorted(sent, key=lambda one: one.place)}
    found: dict[int, int] = {}
    for one in best.values():
        if one.kind == "full":
            found = {key: version for key, version in found.items() if key in dict(one.rows)}
        found |= {key: version for key, version in one.rows if version is not None}
    return found


def statuses(sent: list[Sent]) -> set[tuple[int, int, str, int, int]]:
    best = {day: max(one.sequence for one in sent if one.day == day) for day in {one.day for one in sent}}
    return {
        (
            one.day,
            one.sequence,
            "accepted" if one.sequence == best[one.day] else "replaced",
            sum(version is not None for _, version in one.rows),
            sum(version is None for _, version in one.rows),
        )
        for one in sent
    }


def write(ctx: LoadContext, one: Sent) -> None:
    rows = [
        row | {"REGCAP": str(version or 1)} | ({"LEREPCERNO": "x"} if version is None else {})
        for key, version in one.rows
        for row in good(1, first=key)
    ]
    write_extract(REG, rows, Path(str(ctx.inbox)), FIRST + timedelta(days=one.day), one.sequence, kind=one.kind)


def fold_of(ctx: LoadContext) -> dict[str, str]:
    """The rows in force, from raw and ledger."""
    text = """
        with used as (select * from ledger.delivery where source = 'registrations' and status = 'accepted'),

        latest as (
            select distinct on (r.pripid) r.pripid, r.regcap, u.business_date, u.sequence
            from raw.registrations as r inner join used as u on r.delivery_id = u.delivery_id
            order by r.pripid asc, u.business_date desc, u.sequence desc, r.row_id desc
        )

        select l.pripid, l.regcap from latest as l
        where not exists (
            select 1 from used as f
            where f.kind = 'full' and (f.business_date, f.sequence) > (l.business_date, l.sequence)
                and not exists (
                    select 1 from quarantine.registrations as q where q.delivery_id = f.delivery_id and q.key = array[l.pripid]
                )
        )
    """
    return dict(query(ctx, text))


def play(ctx: LoadContext, server: Settings, arrival: tuple[list[Sent], list[bool]]) -> None:
    sent, ends = arrival
    with psycopg.connect(postgres.conninfo(server), autocommit=True) as connection:
        clean(connection, [REG])
    shutil.rmtree(Path(str(ctx.inbox)), ignore_errors=True)
    for one, end in zip(sent, ends, strict=True):
        write(ctx, one)
        if end:
            night(ctx, REG, K)
    night(ctx, REG, K)
    stands = query(ctx, "select business_date, sequence, status, rows_accepted, rows_quarantined from ledger.delivery")
    found: set[tuple[Any, ...]] = {((day - FIRST).days, *rest) for day, *rest in stands}
    assert found == statuses(sent) and len(stands) == len(sent)
    keys = {key: good(1, first=key)[0]["PRIPID"] for key in range(1, 5)}
    assert fold_of(ctx) == {keys[key]: str(version) for key, version in in_force(sent).items()}


_FEW: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture], "derandomize": True}


@settings(max_examples=6, **_FEW)
@given(arrival=ARRIVALS)
def test_any_order_of_arrival_comes_to_the_same(
    ctx: LoadContext, server: Settings, arrival: tuple[list[Sent], list[bool]]
) -> None:
    play(ctx, server, arrival)


@pytest.mark.long
@settings(max_examples=200, **(_FEW | {"derandomize": False}))
@given(arrival=ARRIVALS)
def test_many_orders_of_arrival_come_to_the_same(
    ctx: LoadContext, server: Settings, arrival: tuple[list[Sent], list[bool]]
) -> None:
    play(ctx, server, arrival)
