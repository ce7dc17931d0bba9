"""The laws of the ledger, on the toy: any order, any failure: the balance is the recompute."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .toy_accounts import Register, founder_of
from .toy_figures import TOWNS, by_hand, cells, from_postings
from .toy_fold import Delivery, Entity, Key, Row, Spell, fold, fold_key, in_force
from .toy_ledger import FAILURES, BuildFailed, Ledger, recompute, register_at

LAST = date(2010, 12, 31)
DAYS = [LAST + timedelta(days=n) for n in range(6)]
STARTS = [date(2009, 3, 1), date(2010, 1, 15), date(2010, 3, 28), date(2010, 7, 1)]
EMPLOYERS = ("b1", "b2")
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

days = st.sampled_from([date(y, m, d) for y in (2008, 2009, 2010) for m in (1, 2, 3, 7, 12) for d in (1, 15, 28)])
groups = st.sets(st.sampled_from(["01", "02", "03"]), min_size=1, max_size=2).map(frozenset)
regnos = st.sampled_from(["r1", "r2", "r3"])


@st.composite
def entities(draw: st.DrawFn) -> Entity:
    est = draw(days)
    indate = draw(st.none() | days.filter(lambda d: d >= est))
    start = indate or est
    return Entity(
        entity=draw(st.sampled_from(["e1", "e2", "e3", "e4", "e5"])),
        founder=draw(st.sampled_from([None, "ann", "bob", "cyd"])),
        regno=draw(regnos),
        town=draw(st.sampled_from(TOWNS)),
        sector=draw(st.sampled_from(["private", "individual", "cooperative", "other"])),
        industry=draw(st.sampled_from("AB")),
        groups=draw(groups),
        estdate=est,
        indate=indate,
        exit=draw(st.none() | days.filter(lambda d: d >= start)),
        outdate=draw(st.none() | days.filter(lambda d: d >= est)),
        reason=draw(st.sampled_from([None, "1", "3", "4"])),
    )


@st.composite
def spells(draw: st.DrawFn) -> Spell:
    return Spell(
        number=draw(st.sampled_from(["n1", "n2", "n3"])),
        employer=draw(st.sampled_from(EMPLOYERS)),
        start=draw(st.sampled_from(STARTS)),
        person=draw(st.sampled_from([None, "ann", "bob", "cyd"])),
        regno=draw(st.none() | regnos),
        form=draw(st.sampled_from([1, 1, 2])),
        new=draw(st.sampled_from([True, True, False])),
        town=draw(st.sampled_from(TOWNS)),
        groups=draw(groups),
        sex=draw(st.sampled_from(["1", "2"])),
        birth_year=draw(st.sampled_from([None, 1974, 1975, 1985])),
    )


@st.composite
def deliveries(draw: st.DrawFn) -> Delivery:
    source = draw(st.sampled_from(["reg", "emp"]))
    rows: list[Row] = draw(st.lists(entities() if source == "reg" else spells(), max_size=6))
    keys: list[Key] = [(f"e{n}",) for n in range(1, 6)]
    if source == "emp":
        keys = [("n1", employer, day.isoformat()) for employer in EMPLOYERS for day in STARTS]
    return Delivery(
        source,
        draw(st.sampled_from(DAYS)),
        draw(st.integers(1, 3)),
        draw(st.sampled_from(["full", "delta"])),
        tuple(rows),
        draw(st.frozensets(st.sampled_from(keys), max_size=3)),
        draw(st.sampled_from([False, False, False, True])),
    )


@st.composite
def inboxes(draw: st.DrawFn) -> list[Delivery]:
    """Deliveries of which no two have the same source, day and sequence."""
    many = draw(st.lists(deliveries(), max_size=7))
    return list({(d.source, d.business_date, d.sequence): d for d in many}.values())


@given(inboxes(), st.sampled_from(DAYS))
@QUICK
def test_key_by_key_fold_is_the_whole_fold(inbox: list[Delivery], k: date) -> None:
    ordered = in_force(inbox, k)
    for source in ("reg", "emp"):
        keys = {key for d in ordered for key in d.spoken() if d.source == source}
        one_by_one = {key: row for key in keys if (row := fold_key(source, key, ordered)) is not None}
        assert one_by_one == fold(source, ordered)


@given(inboxes(), st.data())
@QUICK
def test_any_order_and_any_failures_give_the_recomputed_balance(inbox: list[Delivery], data: st.DataObject) -> None:
    arriving = data.draw(st.permutations(inbox))
    ledger = Ledger()
    k = DAYS[0]
    while arriving:
        now, arriving = arriving[:2], arriving[2:]
        for d in now:
            ledger.accept(d)
        k = data.draw(st.sampled_from([d for d in DAYS if d >= k]))
        fail = data.draw(st.none() | st.sampled_from(FAILURES))
        seen = ledger.balance(ledger.published)
        if fail:
            with pytest.raises(BuildFailed):
                ledger.build(k, fail)
            assert ledger.balance(ledger.published) == seen, "a failed build changes nothing that people see"
        else:
            ledger.build(k)
            assert ledger.balance() == recompute(ledger.deliveries, k)
    ledger.build(k)
    assert ledger.balance() == recompute(inbox, k)
    told = len(ledger.postings)
    ledger.build(k)
    assert len(ledger.postings) == told, "a build with nothing new posts nothing"


@given(inboxes(), st.lists(st.sampled_from(FAILURES), min_size=1, max_size=3))
@QUICK
def test_failed_builds_then_a_good_one_equal_the_good_one_alone(inbox: list[Delivery], fails: list[str]) -> None:
    half, rest = inbox[: len(inbox) // 2], inbox[len(inbox) // 2 :]
    troubled, calm = Ledger(), Ledger()
    for ledger in (troubled, calm):
        for d in half:
            ledger.accept(d)
        ledger.build(DAYS[2])
        for d in rest:
            ledger.accept(d)
    for step in fails:
        with pytest.raises(BuildFailed):
            troubled.build(DAYS[-1], step)
    troubled.build(DAYS[-1])
    calm.build(DAYS[-1])
    assert troubled.balance() == calm.balance()


@given(inboxes(), deliveries())
@QUICK
def test_a_replaced_sequence_is_as_if_it_had_never_been(inbox: list[Delivery], wrong: Delivery) -> None:
    right = replace(wrong, sequence=9, rows=wrong.rows[1:], refused=False)
    wrong = replace(wrong, sequence=8, refused=False)
    with_wrong, without = Ledger(), Ledger()
    for d in inbox:
        with_wrong.accept(d)
        without.accept(d)
    with_wrong.accept(wrong)
    with_wrong.build(DAYS[-1])
    with_wrong.accept(right)
    with_wrong.build(DAYS[-1])
    without.accept(right)
    without.build(DAYS[-1])
    assert with_wrong.balance() == without.balance()


@given(inboxes())
@FEW
def test_every_cell_is_what_counting_by_hand_gives(inbox: list[Delivery]) -> None:
    ledger = Ledger()
    for d in inbox:
        ledger.accept(d)
    ledger.build(DAYS[-1])
    register, balance = register_at(inbox, DAYS[-1]), ledger.balance()
    for year in (2009, 2010):
        for cell in cells(year):
            assert from_postings(balance, cell) == by_hand(register, cell), cell


@given(inboxes())
@FEW
def test_net_is_new_and_migration_less_exits_and_purges(inbox: list[Delivery]) -> None:
    register = register_at(inbox, DAYS[-1])
    for cell in cells(2010):
        if cell.indicator == "ENT_NET":
            part = {name: by_hand(register, cell._replace(indicator=f"ENT_{name}"))[0] for name in PARTS}
            assert by_hand(register, cell)[0] == part["NEW"] + part["MIG"] - part["EXIT"] - part["PURGE"], cell


PARTS = ("NEW", "MIG", "EXIT", "PURGE")


def _one(entity: str, **changes: object) -> Entity:
    base = Entity(entity, "ann", "r1", "T1", "private", "A", frozenset(["01"]), date(2009, 1, 5))
    return replace(base, **changes)  # type: ignore[arg-type]


def test_links_lost_in_a_failed_build_are_still_touched() -> None:
    """e1 goes from ann to bob; the build dies after the register forgot ann's link: she must lose her posting."""
    ledger = Ledger()
    ledger.accept(Delivery("reg", DAYS[0], 1, "full", (_one("e1"),)))
    ledger.build(DAYS[0])
    ledger.accept(Delivery("reg", DAYS[1], 1, "delta", (_one("e1", founder="bob"),)))
    with pytest.raises(BuildFailed):
        ledger.build(DAYS[1], "register")
    ledger.build(DAYS[1])
    founders = {p.unit[1] for p in ledger.balance() if p.account == "founder.present"}
    assert founders == {"bob"}


def test_a_changed_employer_touches_those_who_work_there() -> None:
    """The spell does not change; its employer becomes one of the startup scope, then gets another REGNO."""
    job = Spell("n1", "b1", date(2009, 3, 1), "bob", "r1", 1, True, "T1", frozenset(["01"]), "1", 1985)
    ledger = Ledger(deliveries=[Delivery("emp", DAYS[0], 1, "full", (job,))])
    for day, employer, expected in zip(
        DAYS, (_one("e1", sector="other"), _one("e1"), _one("e1", regno="r2")), (0, 1, 0), strict=False
    ):
        ledger.accept(Delivery("reg", day, 1, "delta", (employer,)))
        ledger.build(day)
        assert sum(w for p, w in ledger.balance().items() if p.account == "job.new_by_startups") == expected


def test_a_full_delivery_keeps_what_it_could_not_say_properly() -> None:
    first = Delivery("reg", DAYS[0], 1, "full", (_one("e1"), _one("e2"), _one("e3")))
    second = Delivery("reg", DAYS[1], 1, "full", (_one("e3", town="T2"),), frozenset([("e2",)]))
    register = register_at([first, second], DAYS[1])
    ledger = Ledger(deliveries=[first, second])
    ledger.build(DAYS[0])
    ledger.build(DAYS[1])
    assert ledger.entities == register.entities
    assert {e.entity: e.town for e in register.entities.values()} == {"e2": "T1", "e3": "T2"}
    assert len(register_at([first, second], DAYS[0]).entities) == 3


def test_a_founder_of_two_entities_is_one_in_the_city_and_one_in_each_town() -> None:
    """Two sectors in T1, a third entity in T2: worked by hand, with as few postings as it needs."""
    rows = (_one("e1"), _one("e2", sector="individual", industry="B"), _one("e3", town="T2"))
    ledger = Ledger()
    ledger.accept(Delivery("reg", DAYS[0], 1, "full", rows))
    ledger.build(DAYS[0])
    year = {(c.geography, c.breakdown, c.member): from_postings(ledger.balance(), c)[0]
            for c in cells(2010) if c.indicator == "FOUNDERS" and c.grain == "Y"}  # fmt: skip
    assert [year[g, "total", "total"] for g in ("city", "T1", "T2", "T3")] == [1, 1, 1, 0]
    assert [year["city", "sector", s] for s in ("private", "individual", "cooperative")] == [1, 1, 0]
    assert [year["T1", "industry", i] for i in "AB"] == [1, 1]
    assert year["city", "founder_group", "01"] == 1
    # three presences; T1's overlap once; the city's overlap once
    assert sum(1 for p in ledger.balance() if p.account == "founder.present") <= 6


def test_the_unknown_founder_is_one_of_each_entity() -> None:
    register = Register({("e1",): _one("e1", founder=None), ("e2",): _one("e2", founder=None)}, {})
    assert len({founder_of(e) for e in register.entities.values()}) == 2


def test_the_knowledge_day_never_goes_back() -> None:
    ledger = Ledger()
    ledger.build(DAYS[1])
    with pytest.raises(ValueError, match="never goes back"):
        ledger.build(DAYS[0])
