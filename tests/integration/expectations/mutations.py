"""For each rule of a source a minimal broken delivery, loaded and ready to be checked; what stands before it is accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import combinations, product

from psycopg import sql

from expectations import DeliveryFacts, check
from expectations.across import GRACE_DAYS, NO_GAP
from expectations.checkpoint import Checkpoint
from expectations.keys import KEY_REPEATED, KEYS_KEPT
from expectations.rules import Rule
from expectations.usual import LEAST
from ingest import ledger
from ingest.accept import Verdict, accept
from ingest.calendar import BusinessDays, write_promises
from ingest.context import LoadContext
from ingest.ddl import partition_name
from ingest.spec import SourceSpec, load_spec
from tests.extracts import DAY, cells, fixture_rows
from tests.integration.expectations.candidates import OTHER_REGNO, Row
from tests.integration.expectations.hunt import Tries, deliver, with_key

ROWS = 60
"""Of a delivery that is compared with history."""


def broken_delivery(ctx: LoadContext, spec: SourceSpec, rule: Rule, tries: Tries, checks: Checkpoint) -> DeliveryFacts:
    """Bring about the delivery that only this rule catches. Begins with an empty ledger; `checks` are those of the source."""
    if rule.kind in ("row", "fault"):
        return deliver(ctx, spec, _behind_a_good_one(spec, rule, tries, tries.breaking(rule.id)))
    if rule.id == KEY_REPEATED:
        good = _least_good(spec, tries.sound())
        return deliver(ctx, spec, [*good, good[0]])
    if rule.kind == "delivery":
        return _unlike_its_manifest(ctx, spec, rule, tries)
    return (_across if rule.kind == "across" else _unusual)(ctx, spec, rule, tries, checks)


def _least_good(spec: SourceSpec, sound: Sequence[Row]) -> list[Row]:
    """The fewest rows that break nothing: of a sample two, in two primary sampling units of a stratum."""
    return _rows(spec, sound[:1], 2) if "psu" in spec.raw_columns else list(sound[:1])


def _behind_a_good_one(spec: SourceSpec, rule: Rule, tries: Tries, broken: Row) -> list[Row]:
    """The row; where one may not stand alone, behind what makes it whole (the sample's two, or the first of a contract): else a
    rule between rows would see it when this rule does not."""
    if "psu" in spec.raw_columns:
        of_another_sample = {"wave", "stratum"}.intersection(rule.columns)
        return _rows(spec, [broken], 2) if of_another_sample else [*_least_good(spec, tries.sound()), broken]
    number = _number_in_key(spec)
    if not tries.needs_lead or number is None or set(rule.columns).intersection(spec.key):
        return [broken]
    return [tries.sound()[0], (*broken[:number], "2", *broken[number + 1 :])]


def _number_in_key(spec: SourceSpec) -> int | None:
    """Place of the one column that numbers the records of a unit."""
    numbers = [index for index, column in enumerate(spec.columns) if column.name in spec.key and column.type == "integer"]
    return numbers[0] if len(numbers) == 1 else None


def _unlike_its_manifest(ctx: LoadContext, spec: SourceSpec, rule: Rule, tries: Tries) -> DeliveryFacts:
    """Taking in refuses what differs from its manifest: here it differs afterwards."""
    facts = deliver(ctx, spec, _least_good(spec, tries.sound()))
    if rule.id == "delivery.rows":
        return DeliveryFacts(facts.delivery_id, facts.region, facts.business_date, facts.rows + 1)
    if rule.id == "delivery.totals":
        return DeliveryFacts(facts.delivery_id, facts.region, facts.business_date, facts.rows, (spec.columns[0].name,))
    table = sql.Identifier("raw", partition_name(spec, facts.delivery_id))
    with ctx.connect() as connection:
        connection.execute(sql.SQL("alter table {} add column surprise text").format(table))
    return facts


def _across(ctx: LoadContext, spec: SourceSpec, rule: Rule, tries: Tries, checks: Checkpoint) -> DeliveryFacts:
    one = tries.sound()[0]
    if rule.id in tries.groups:
        return deliver(ctx, spec, tries.groups[rule.id])
    if rule.id == KEYS_KEPT:
        rows = [with_key(spec, one, number) for number in range(10)]
        _accepted(ctx, spec, rows, DAY - timedelta(days=1), checks.check, "full")
        return deliver(ctx, spec, rows[:-1], DAY, "full")
    if rule.id == NO_GAP:
        first = {"quarter_end": date(2010, 6, 30), "window": date(2008, 12, 29)}.get(spec.calendar.kind, date(2010, 12, 29))
        rows = _least_good(spec, [row for row in tries.sound() if _newest(spec, row) <= first])
        _accepted(ctx, spec, rows, first, checks.check)
        with ctx.connect() as connection, connection.transaction():
            write_promises(connection, spec, ctx.region, DAY, BusinessDays(), ended=True)
        return deliver(ctx, spec, rows)
    (reference,) = (found for found in spec.references if found.id == rule.id)
    other = load_spec(reference.source)
    known = [tuple(row) for row in cells(other, fixture_rows(other.name, "good")[:1])]
    _accepted(ctx, other, known, DAY, lambda facts: check(ctx.conninfo, other, facts))
    place = {column.name: index for index, column in enumerate(spec.columns)}
    row = list(one)
    row[place[reference.column]], row[place[reference.day]] = OTHER_REGNO, (DAY - timedelta(days=GRACE_DAYS)).isoformat()
    return deliver(ctx, spec, [tuple(row)])


def _accepted(
    ctx: LoadContext, spec: SourceSpec, rows: Sequence[Row], day: date, check: Callable[[DeliveryFacts], Verdict], kind: str = ""
) -> int:
    facts = deliver(ctx, spec, rows, day, kind)
    verdict = check(facts)
    found = [one.rule for one in verdict.checks if not one.passed]
    assert not found, found
    assert accept(ctx, spec, facts.delivery_id, verdict).rows_quarantined == 0
    return facts.delivery_id


def _unusual(ctx: LoadContext, spec: SourceSpec, rule: Rule, tries: Tries, checks: Checkpoint) -> DeliveryFacts:
    """A history in which the delivery's measure is unusual, and no other one. Its deliveries are one, told of as of many days."""
    usual, unusual = _drift(spec, rule, tries)
    number = _accepted(ctx, spec, usual, DAY - timedelta(days=1), checks.check)
    with ctx.connect() as connection, connection.transaction():
        measured = connection.execute(
            "select measure, value::double precision from ledger.delivery_measure where delivery_id = %s", [number]
        ).fetchall()
        for days in range(1, LEAST):
            (copy,) = connection.execute(
                "insert into ledger.delivery (source, department, region, business_date, sequence, kind, file_name, sha256, "
                "rows_in_file, rows_accepted, rows_quarantined, warnings, status, accepted_at) "
                "select source, department, region, business_date - %s, sequence, kind, file_name || %s::text, sha256, "
                "rows_in_file, rows_accepted, rows_quarantined, warnings, status, accepted_at "
                "from ledger.delivery where delivery_id = %s returning delivery_id",
                [days, days, number],
            ).fetchone() or (0,)
            ledger.write_measures(connection, copy, dict(measured))
    return deliver(ctx, spec, unusual)


def _drift(spec: SourceSpec, rule: Rule, tries: Tries) -> tuple[list[Row], list[Row]]:
    """Rows of the usual deliveries and of the unusual one, which are alike in all but what the rule measures."""
    sound = tries.sound()
    if rule.id == "delivery.usual_rows":
        return _rows(spec, sound[:1], ROWS), _rows(spec, sound[:1], 4 * ROWS)
    if rule.id == "delivery.fresh":
        old, new = _dates_apart(spec, sound)
        return _rows(spec, [new], ROWS), _rows(spec, [old], ROWS)
    name, _, kind = rule.id.partition(".")
    place = next(index for index, column in enumerate(spec.columns) if column.name == name)
    for alike in _alike_but(sound, place):
        blank, given = [row for row in alike if not row[place]], [row for row in alike if row[place]]
        has_shares = spec.columns[place].type in ("code", "geography")
        if kind == "usual_blanks" and blank and len(given) >= 1 + has_shares:
            two = given[: 1 + has_shares]
            return _led(spec, tries, two), _led(spec, tries, [*two * (4 // len(two)), blank[0]])
        if kind == "usual_codes" and len(given) >= 2:
            return _led(spec, tries, given[:1]), _led(spec, tries, given[1:2])
        if kind == "usual_sum":
            by_size = sorted((row for row in given if float(row[place]) > 0), key=lambda row: float(row[place]))
            larger = [row for row in by_size if float(row[place]) > 100 * float(by_size[0][place])]
            if larger:
                return _rows(spec, by_size[:1], ROWS), _rows(spec, larger[:1], ROWS)
    if kind == "usual_blanks":
        either, mixed = _blank_between_two(spec, sound, place)
        return _rows(spec, either, ROWS), _rows(spec, mixed, ROWS)
    raise LookupError(f"{rule.id}: no two sound rows differ in this alone")


def _blank_between_two(spec: SourceSpec, sound: Sequence[Row], place: int) -> tuple[list[Row], list[Row]]:
    """For a cell that is given when one of two others is (a reason of exit, with either date): rows with the one or the other,
    and as many of which some have both and some nothing, so that the two others are as often blank as before."""
    name = spec.columns[place].name
    together = sorted({other for rule in spec.rules if name in rule.columns for other in rule.columns} - {name})
    index = {column.name: at for at, column in enumerate(spec.columns)}
    for one, two in combinations((index[other] for other in together), 2):
        three = (place, one, two)
        sets: dict[Row, dict[tuple[bool, ...], list[Row]]] = {}
        for row in sound:
            rest = tuple(text for at, text in enumerate(row) if at not in three)
            sets.setdefault(rest, {}).setdefault(tuple(bool(row[at]) for at in three), []).append(row)
        for given in sets.values():
            kinds = [given.get(kind, []) for kind in [(True, True, False), (True, False, True), (True, True, True)]]
            nothing = given.get((False, False, False), [])
            for first, second, both in product(*kinds):
                if nothing and first[place] != second[place] and both == (*first[:two], second[two], *first[two + 1 :]):
                    return [first, second], [*[first, second] * 4, both, nothing[0]]
    raise LookupError(f"{name}: no rows have it with either of two other cells, and neither without")


def _alike_but(rows: Sequence[Row], place: int) -> Iterator[list[Row]]:
    """Rows that differ in this cell only, largest sets first: of a small set one may lack what is needed."""
    sets: dict[Row, list[Row]] = {}
    for row in rows:
        sets.setdefault((*row[:place], *row[place + 1 :]), []).append(row)
    yield from sorted(sets.values(), key=len, reverse=True)


def _dates_apart(spec: SourceSpec, sound: Sequence[Row]) -> tuple[Row, Row]:
    """Two rows that differ in one date, by which the newest of the one is long before the newest of the other."""
    for place in _event_dates(spec):
        for alike in _alike_but([row for row in sound if row[place]], place):
            by_age = sorted(alike, key=lambda row: _newest(spec, row))
            if (_newest(spec, by_age[-1]) - _newest(spec, by_age[0])).days > 60:
                return by_age[0], by_age[-1]
    raise LookupError("no two sound rows have newest dates far apart")


def _event_dates(spec: SourceSpec) -> list[int]:
    return [index for index, column in enumerate(spec.columns) if column.type == "date" and column.not_after_business_date]


def _newest(spec: SourceSpec, row: Row) -> date:
    """The newest date that may not lie after the business date, or year of a record that is of a year."""
    days = [date.fromisoformat(row[place]) for place in _event_dates(spec) if row[place]]
    years = [row[index] for index, column in enumerate(spec.columns) if column.name in ("wave", "year")]
    return max([*days, *(date(int(year), 1, 1) for year in years)], default=date.min)


def _led(spec: SourceSpec, tries: Tries, pattern: Sequence[Row]) -> list[Row]:
    """The rows, where a row may not stand alone each as the second behind a good first one: a contract begins with its
    disbursement."""
    rows = _rows(spec, pattern, ROWS)
    number = _number_in_key(spec)
    if not tries.needs_lead or number is None or "psu" in spec.raw_columns:
        return rows
    firsts = _rows(spec, [tries.rows[0].cells], ROWS)
    seconds = [(*row[:number], "2", *row[number + 1 :]) for row in rows]
    return [row for both in zip(firsts, seconds, strict=True) for row in both]


def _rows(spec: SourceSpec, pattern: Sequence[Row], count: int) -> list[Row]:
    """Under a key each; of rules that add rows up (a cap a taxpayer), each a case of its own, but of a sample all one stratum."""
    apart = {rule.columns[0] for rule in spec.between_rows} - {*spec.key, "stratum"}
    places = [index for index, column in enumerate(spec.columns) if column.name in apart]
    rows = []
    for number in range(count):
        row = with_key(spec, pattern[number % len(pattern)], number)
        for place in (one for one in places if row[one]):
            row = (*row[:place], f"{10**12 + number:015d}", *row[place + 1 :])
        rows.append(row)
    return rows
