"""A row's whole story, for an evaluator: delivery, file, line, checks, what was normalised, where it counts, what was put aside.

Everything is read as bureau_evaluator; of the archived line only names of columns come out, never what stands in it.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import class_row, dict_row, tuple_row

from expectations.rules import Rule
from ingest.errors import NotReady
from ingest.places import Placed, row_line
from ingest.spec import SourceSpec, load_spec
from warehouse.errors import BureauError
from warehouse.rules import rules_on
from warehouse.services.postgres import conninfo
from warehouse.settings import Settings

Connection = psycopg.Connection[Any]

NEARBY = 20
"""Rows put aside that are named, those nearest to the row in the file; all are counted."""


@dataclass(frozen=True)
class Check:
    """A rule that the delivery was held against.

    outcome   what the rule says of this row: `passed`, `warned`, `quarantined`; `delivery` for a rule on the whole file: what
              it says of single rows is not kept.
    checked   rows of the delivery that were looked at, `failed` of them; None where a rule counts none.
    """

    rule: str
    severity: str
    columns: str | None
    outcome: str
    checked: int | None
    failed: int | None


@dataclass(frozen=True)
class Excluded:
    """A row put aside, the rules that it broke, and the delivery that settled it, if one did."""

    row_id: int
    reasons: list[str]
    settled_by: int | None


@dataclass(frozen=True)
class Counted:
    """A standing posting that the row is a source of."""

    account: str
    effective_date: date
    until_date: date | None
    geography: str
    unit_type: str
    unit_id: str
    weight: Decimal


@dataclass(frozen=True)
class Story:
    """The story of a row.

    line        of the file where it begins, row of the sheet or number of the record; None without the archive.
    state       accepted, quarantined, replaced, loading, refused, or unknown: the delivery has no such row.
    cells       as the warehouse holds them, names and numbers of persons as pseudonyms; None of a row that was put aside.
    normalised  columns whose delivered text differs from what is held; None when the archive cannot say.
    masked      those of them in which a name or a number of a person was made unreadable.
    hidden      columns of personal data, whose text never leaves the archive.
    instead     the accepted row of the same key that counts now, where it is another; None: this one does, or none.
    """

    row_id: int
    delivery_id: int
    source: str
    department: str
    region: str
    business_date: date
    sequence: int
    delivery_status: str
    file_name: str
    sha256: str
    row_number: int
    line: int | None
    state: str
    reasons: tuple[str, ...]
    settled_by: int | None
    cells: dict[str, Any] | None
    normalised: tuple[str, ...] | None
    masked: tuple[str, ...]
    hidden: tuple[str, ...]
    checks: tuple[Check, ...]
    counted: tuple[Counted, ...]
    instead: int | None
    excluded: int
    excluded_rules: dict[str, int]
    nearby: tuple[Excluded, ...]


def tell(settings: Settings, row_id: int) -> Story:
    """The story of a row. Raises BureauError("row.no_delivery") when no delivery has such a number."""
    with psycopg.connect(conninfo(settings, role="bureau_evaluator")) as connection:
        return tell_in(connection, settings, row_id)


def tell_in(connection: Connection, settings: Settings, row_id: int) -> Story:
    """`tell` in a session of an evaluator: who tells many need not open one for each."""
    with connection.cursor(row_factory=dict_row) as cursor:
        known = cursor.execute("select * from mart.trace_row(%s)", [row_id]).fetchone()
    if known is None or known["sha256"] is None or known["business_date"] is None:
        raise BureauError("row.no_delivery", row=row_id)
    spec = load_spec(known["source"])
    rules = rules_on(spec.name, known["business_date"], known["region"])
    broken = _broken(connection, spec, rules, known, row_id)
    counted = _counted(connection, spec, known["cells"], row_id)
    instead = _instead(connection, spec, known, row_id)
    nearby = _nearby(connection, known["delivery_id"], row_id)
    placed = _placed(settings, spec, known)
    of_file = {rule.id for rule in rules if rule.kind in ("delivery", "across", "usual")}
    checks = tuple(_check(one, broken, of_file) for one in known.pop("checks"))
    reasons = tuple(known.pop("reasons") or ())
    differing = _differing(spec, placed, known["cells"])
    return Story(
        row_id=row_id,
        line=placed.place if placed else None,
        reasons=reasons,
        normalised=None if differing is None else tuple(differing),
        masked=tuple(name for name, is_masked in (differing or {}).items() if is_masked),
        hidden=tuple(column.name for column in spec.columns if column.is_personal),
        checks=checks,
        counted=counted,
        instead=instead,
        nearby=nearby,
        **known,
    )


def _placed(settings: Settings, spec: SourceSpec, known: dict[str, Any]) -> Placed | None:
    try:
        return row_line(
            settings.archive, spec, known["sha256"], known["row_number"], known["region"], known["business_date"], settings.places
        )
    except NotReady:  # the archive is not on this machine, or the file has no such row
        return None


def _differing(spec: SourceSpec, placed: Placed | None, cells: dict[str, Any] | None) -> dict[str, bool] | None:
    """Columns whose delivered text is not what is held, and whether that is a mask."""
    if placed is None or cells is None or placed.unsplit is not None:
        return None
    found = {}
    for column, cell in zip(spec.columns, placed.cells, strict=True):
        delivered, held = cell or "", cells[column.name] or ""
        if not column.is_personal and delivered != held:
            found[column.name] = held.count("*") > delivered.count("*")
    return found


def _broken(connection: Connection, spec: SourceSpec, rules: tuple[Rule, ...], known: dict[str, Any], row_id: int) -> set[str]:
    """Rules that the row breaks: what it was put aside for, or what it is warned of, asked anew of the row as it is held."""
    if known["cells"] is None:
        return set(known["reasons"] or ())
    # What no row of the delivery breaks needs no asking
    failing = {one["rule"] for one in known["checks"] if one["failed"] != 0}
    asked = [rule for rule in rules if rule.kind == "row" and rule.id in failing]
    tests = ", ".join(f"({rule.sql}) is true" for rule in asked)
    where = f"delivery_id = {known['delivery_id']:d} and row_id = {row_id:d}"
    statement = f"select array[{tests}]::boolean [], faults from raw.{spec.name} where {where}"
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(statement.encode()).fetchone()
    assert row is not None, "trace_row has just read it"
    return {rule.id for rule, failed in zip(asked, row[0], strict=True) if failed} | set(row[1])


def _check(one: dict[str, Any], broken: set[str], of_file: set[str]) -> Check:
    outcome = "passed"
    if one["rule"] in of_file or one["rule"].startswith("delivery."):
        outcome = "delivery"
    elif one["rule"] in broken:
        outcome = "warned" if one["severity"] == "warn" else "quarantined"
    return Check(one["rule"], one["severity"], one["columns"], outcome, one["checked"], one["failed"])


def _counted(connection: Connection, spec: SourceSpec, cells: dict[str, Any] | None, row_id: int) -> tuple[Counted, ...]:
    """Postings that have the row among their source rows, of the units that it names (by key, pseudonym or number) or is linked
    to: no index leads from a row to its postings."""
    if cells is None:
        return ()
    linked = _LINKED.get(spec.name, _NOTHING) if _is_built(connection, "register.reg_voucher") else _NOTHING
    names = {_key(spec, cells), *(str(value) for value in cells.values() if isinstance(value, str))}
    # a unit without an id of a person is named after its record
    names |= {f"{kind}:{name}" for kind in ("entity", "spell", "contract") for name in names}
    with connection.cursor(row_factory=class_row(Counted)) as cursor:
        return tuple(
            cursor.execute(
                f"""
                with unit as materialized (
                    select unit_id, unit_type, unit_key from register.unit
                    where
                        unit_type in ('entity', 'person', 'contract', 'respondent', 'population')
                        and unit_key = any(%(names)s)
                    union
                    select u.unit_id, u.unit_type, u.unit_key
                    from ({linked}) as l (unit_id) inner join register.unit as u on l.unit_id = u.unit_id
                )
                select
                    p.account, p.effective_date, p.until_date, p.geography, p.unit_type,
                    translate(u.unit_key, chr(31), '/') as unit_id, sum(p.weight) as weight
                from unit as u
                inner join evidence.posting as p on u.unit_id = p.unit_id and u.unit_type = p.unit_type
                where p.source_rows @> array[%(row_id)s::bigint] and p.build_id <= evidence.newest_build()
                group by p.account, p.effective_date, p.until_date, p.geography, p.geo_scope, p.period_grain, p.applies_to,
                    p.unit_type, u.unit_key
                having sum(p.weight) <> 0
                order by p.account, p.effective_date, p.geography, u.unit_key
                """.encode(),
                {"names": sorted(names), "row_id": row_id, "key": _key(spec, cells)},
            ).fetchall()
        )


_NOTHING = "select null::bigint where false"
_VOUCHER = "select v.entity_id from register.reg_voucher as v where v.unit_key = %(key)s and v.office = '{}'"
# An entity's row stands behind what persons at its number, its borrowers and who took a course for it are counted for
_ENTITY = """
    select unnest(array[e.entity_id, e.founder_id]) from register.reg_entity as e where e.unit_key = %(key)s
    union
    select l.unit_id from register.reg_entity as e
    cross join lateral (
        select s.person_id from register.reg_spell as s where s.employer_regno = e.regno
        union all select c.contract_id from register.reg_loan_event as c where c.regno = e.regno
        union all select t.person_id from register.reg_training as t where t.regno = e.regno
        union all select o.entity_id from register.reg_entity as o where o.regno = e.regno
    ) as l (unit_id)
    where e.unit_key = %(key)s
"""
_LINKED = {
    "registrations": _ENTITY,
    "registry_export": _ENTITY,
    "tax_national": _VOUCHER.format("national"),
    "tax_local": _VOUCHER.format("local"),
    "employment": "select e.entity_id from register.reg_spell as s inner join register.reg_entity as e "
    "on s.employer_regno = e.regno where s.unit_key = %(key)s",
}


def _is_built(connection: Connection, relation: str) -> bool:
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute("select to_regclass(%s) is not null", [relation]).fetchone() == (True,)


def _key(spec: SourceSpec, cells: dict[str, Any]) -> str:
    """The row's key as the register writes it."""
    return "\x1f".join(str(cells[name] or "") for name in spec.key)


def _instead(connection: Connection, spec: SourceSpec, known: dict[str, Any], row_id: int) -> int | None:
    """Which row of the same key the newest build knows; of a row that was put aside nobody here knows the key."""
    fold = f"register.fold_{spec.name}"
    with connection.cursor(row_factory=tuple_row) as cursor:
        if known["cells"] is None:
            statement = "select instead from register.stands_instead(%s) where row_id = %s"
            row = cursor.execute(statement, [known["delivery_id"], row_id]).fetchone()
        elif not _is_built(connection, fold):
            return None
        else:
            statement = f"select row_id from {fold} where unit_key = %s and alive"
            row = cursor.execute(statement.encode(), [_key(spec, known["cells"])]).fetchone()
    return None if row is None or row[0] == row_id else int(row[0])


def _nearby(connection: Connection, delivery_id: int, row_id: int) -> tuple[Excluded, ...]:
    with connection.cursor(row_factory=class_row(Excluded)) as cursor:
        found = cursor.execute(
            "select * from (select row_id, reasons, settled_by from ledger.put_aside(%s) where row_id <> %s "
            "order by abs(row_id - %s), row_id limit %s) as near order by row_id",
            [delivery_id, row_id, row_id, NEARBY],
        ).fetchall()
    return tuple(found)
