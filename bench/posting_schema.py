"""How many postings, bytes and seconds the ledger's schema costs: `python -m bench.posting_schema --scale 10`.

Random facts (10,000 entities, 40,000 spells, 30,000 vouchers a unit of scale) go through the accounts behind ENT_STK,
JOB_YOUNG, JOB_MULT and ENT_ACTIVE. The floor is the same figures by GROUPING SETS straight from the facts.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import psycopg

from .posting_sql import ACCOUNTS, FACTS, FIGURES, FLOORS, INTERVALS, LEDGER, MERGED, TOUCH, VARIANTS, Variant, postings_of
from .throwaway_server import server

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class Costs:
    """What one account took: facts that count in it, postings, corrections among them, seconds."""

    account: str
    facts: int
    postings: int
    corrections: int
    seconds: float
    floor: float


def timed(work: Callable[[], object]) -> float:
    begun = perf_counter()
    work()
    return perf_counter() - begun


def number(db: Connection, sql: str) -> float:
    row = db.execute(sql.encode()).fetchone()
    assert row is not None
    return float(str(row[0]))


def account_costs(db: Connection, account: str) -> Costs:
    """Posts one account in full and measures its figures' floor beside it."""
    db.execute(f"drop table if exists iv; create temp table iv as {INTERVALS[account].format(where='true')}".encode())
    insert = f"insert into posting {postings_of(account, build=1)}"
    seconds = timed(lambda: db.execute(insert.encode()))
    own = f"from posting where account = '{account}'"
    check(db, account)
    counted = "" if account.startswith("entity") else " where w is not null"
    return Costs(
        account,
        int(number(db, f"select count(*) from iv{counted}")),
        int(number(db, f"select count(*) {own}")),
        int(number(db, f"select count(*) {own} and (applies_to is not null or geo_scope is not null)")),
        seconds,
        timed(lambda: db.execute(FLOORS[account].encode())),
    )


def check(db: Connection, account: str) -> None:
    """Distinct units on one day, in the city and by town and sector: the postings' sums are the counts, or it stops."""
    if account.startswith("entity"):
        return
    present = f"having ({MERGED}) @> date '2010-06-30') as units"
    city = number(db, f"select count(*) from (select unit_id from iv group by unit_id {present}")
    town = number(db, f"select count(*) from (select unit_id from iv group by unit_id, town, sector {present}")
    own = f"select coalesce(sum(weight), 0) from posting where account = '{account}' and effective_date <= '2010-06-30'"
    in_city = number(db, f"{own} and (applies_to is null or 'total' = any(applies_to))")
    in_towns = number(db, f"{own} and geo_scope is null and (applies_to is null or 'sector' = any(applies_to))")
    if (city, town) != (in_city, in_towns):
        raise SystemExit(f"{account}: {city}, {town} counted, {in_city}, {in_towns} by postings")


def night(db: Connection) -> tuple[int, int, float]:
    """0.1 % of the entities leave: touched units, postings appended, seconds for all accounts."""
    db.execute(TOUCH.encode())
    touched = int(number(db, "select count(*) from touched"))
    before = number(db, "select count(*) from posting")

    def difference() -> None:
        for account in ACCOUNTS:
            where = f"{'e.entity_id' if account.startswith('entity') else 'unit_id'} in (select unit_id from touched)"
            db.execute(f"drop table iv; create temp table iv as {INTERVALS[account].format(where=where)}; analyze iv".encode())
            columns = "account, effective_date, period_grain, geography, geo_scope, applies_to, sector, industry, "
            columns += "founder_groups, sex, birth_year, unit_type, unit_id"
            db.execute(
                f"""insert into posting ({columns}, weight, source_rows, build_id)
                select {columns}, sum(weight), max(source_rows), 2 from (
                    select {columns}, weight, source_rows from ({postings_of(account, build=2)}) as wanted
                    union all
                    select {columns}, -weight, source_rows from posting
                    where account = '{account}' and unit_id in (select unit_id from touched)
                ) as both_sides group by {columns} having sum(weight) <> 0""".encode()
            )

    seconds = timed(difference)
    return touched, int(number(db, "select count(*) from posting") - before), seconds


def variant_costs(db: Connection, variant: Variant) -> str:
    """A copy of the postings laid out otherwise: seconds to insert with its indexes, bytes a posting, look-up."""
    db.execute(f"drop table if exists v cascade; {variant.create}".encode())
    seconds = timed(lambda: db.execute(f"insert into v {variant.select}".encode()))
    indexing = timed(lambda: db.execute(variant.index.encode()))
    db.execute(b"analyze v")
    size = "select sum(pg_total_relation_size(relid)) from pg_partition_tree('v') where isleaf"
    if not number(db, "select count(*) from pg_partition_tree('v')"):
        size = "select pg_total_relation_size('v')"
    rows = number(db, "select count(*) from posting")
    look = timed(lambda: db.execute(variant.balance.encode()).fetchall())
    sums = timed(lambda: db.execute(FIGURES.format(weight=variant.weight).encode()).fetchall())
    return f"| {variant.name} | {number(db, size) / rows:.0f} | {seconds:.1f} + {indexing:.1f} | {look:.2f} | {sums:.1f} |"


def main() -> None:
    """Prints the tables of the decision record."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--scale", type=float, default=1.0)
    arguments.add_argument("--no-layouts", action="store_true", help="leave the layouts of the table out")
    parsed = arguments.parse_args()
    scale = parsed.scale
    with server() as db:
        for statement in FACTS:
            db.execute(statement.format(n=int(10_000 * scale)).encode())
        db.execute(LEDGER.encode())
        print("| account | facts | postings | per fact | corrections | seconds | floor |\n|---|---|---|---|---|---|---|")
        costs = [account_costs(db, account) for account in ACCOUNTS]
        for c in costs:
            share = c.postings / max(1, c.facts)
            print(f"| {c.account} | {c.facts} | {c.postings} | {share:.2f} | {c.corrections} | {c.seconds:.1f} | {c.floor:.1f} |")
        indexing = timed(lambda: db.execute(b"create index on posting (unit_id); analyze posting"))
        whole = sum(c.seconds for c in costs) + indexing
        floor = sum(c.floor for c in costs)
        print(f"\nall accounts {whole:.1f} s (index {indexing:.1f}), floor {floor:.1f} s: {whole / floor:.1f} x")
        print("\n| layout | bytes a posting, with index | insert + index s | balance of 1,000 units s | sums s |")
        print("|---|---|---|---|---|")
        for variant in () if parsed.no_layouts else VARIANTS:
            print(variant_costs(db, variant))
        touched, appended, seconds = night(db)
        print(f"\nnight of 0.1 %: {touched} units touched, {appended} postings, {seconds:.1f} s")


if __name__ == "__main__":
    main()
