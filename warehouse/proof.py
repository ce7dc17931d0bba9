"""The proof: everything computed once more from the accepted rows, in schemas of its own, and held against what stands.

Every standing posting (identity, source rows and weight) and every published figure is compared; a correct ledger differs
nowhere. It takes as long as a full build and as much room as the register, the postings and the figures.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from warehouse.build import code_commit, last_published, only_build
from warehouse.build_digest import CELL
from warehouse.dbt import run_dbt
from warehouse.errors import BureauError
from warehouse.settings import Settings

Connection = psycopg.Connection[tuple[Any, ...]]

PREFIX = "proof_"
SHOWN = 20
_SCHEMAS = ("staging", "register", "evidence", "mart")
_IDENTITY = (
    "account, effective_date, until_date, period_grain, geography, geo_scope, applies_to, sector, industry, founder_groups, sex, "
    "birth_year, psu, unit_type, unit_key, source_rows"
)
_FIGURE = "value, numerator, denominator, unit_count, availability, status"


@dataclass(frozen=True)
class Difference:
    """What a posting or a figure is, what stands and what was recomputed; None: there is none."""

    what: str
    standing: str | None
    recomputed: str | None


@dataclass(frozen=True)
class Proof:
    """`build_id` is the proof's own number, `published` the build that was proved.

    postings, figures                            how many were compared
    posting_differences, figure_differences      how many differ; `examples` shows the first of each
    """

    build_id: int
    published: int
    business_date: date
    postings: int
    figures: int
    posting_differences: int
    figure_differences: int
    examples: tuple[Difference, ...]

    @property
    def holds(self) -> bool:
        """Nothing differs."""
        return self.posting_differences == self.figure_differences == 0


def prove(settings: Settings) -> Proof:
    """Recompute the newest published build and compare. Nobody sees a proof's figures.

    Raises BureauError("proof.nothing_published"), or as a build does when another is at work or dbt fails.
    """
    with only_build(settings) as connection:
        published = last_published(connection)
        if published is None:
            raise BureauError("proof.nothing_published")
        _clear(connection)
        build_id = _open(connection, published[0])
        message = "broke off"
        try:
            _prepare(connection)
            run_dbt(
                settings, ["build", "--exclude-resource-type", "unit_test", "--select", "+indicator_value"], schema_prefix=PREFIX
            )
            proof = _compare(connection, build_id, *published)
            message = f"{proof.posting_differences} postings and {proof.figure_differences} figures differ"
        finally:
            connection.execute(
                "update ledger.build set finished_at = now(), message = %s where build_id = %s", [message, build_id]
            )
            _clear(connection)
    return proof


def _open(connection: Connection, published: int) -> int:
    """A build of status `proof` with the K and the inputs of the published one."""
    with connection.transaction():
        connection.execute("update ledger.build set finished_at = now() where status = 'proof' and finished_at is null")
        row = connection.execute(
            """
            insert into ledger.build (
                business_date, received_up_to, code_commit, lock_hash, spec_hash, region, series_start, status
            )
            select business_date, received_up_to, %s, lock_hash, spec_hash, region, series_start, 'proof'
            from ledger.build where build_id = %s
            returning build_id
            """,
            [code_commit(), published],
        ).fetchone()
        assert row is not None
        connection.execute(
            "insert into ledger.build_input (build_id, delivery_id) "
            "select %s, delivery_id from ledger.build_input where build_id = %s",
            [row[0], published],
        )
    return int(row[0])


def _prepare(connection: Connection) -> None:
    """Empty schemas, and the tables in them that a migration makes."""
    for schema in _SCHEMAS:
        connection.execute(f"create schema {PREFIX}{schema} authorization bureau_transformer".encode())
    for table in ("posting", "account", "indicator_value_current"):
        connection.execute(f"create table {PREFIX}evidence.{table} (like evidence.{table} including all)".encode())
        connection.execute(f"alter table {PREFIX}evidence.{table} owner to bureau_transformer".encode())


def _clear(connection: Connection) -> None:
    for schema in _SCHEMAS:
        connection.execute(f"drop schema if exists {PREFIX}{schema} cascade".encode())


def _compare(connection: Connection, build_id: int, published: int, business_date: date) -> Proof:
    connection.execute(_POSTINGS.encode(), {"published": published})
    connection.execute(_FIGURES.encode(), {"published": published})
    found = connection.execute(
        """
        select
            (select count(*) from proof_evidence.posting),
            (select count(*) from proof_evidence.indicator_value),
            (select count(*) from posting_difference),
            (select count(*) from figure_difference)
        """
    ).fetchone()
    assert found is not None
    postings, figures, wrong_postings, wrong_figures = found
    examples = [
        Difference(*row)
        for table in ("posting_difference", "figure_difference")
        for row in connection.execute(f"select * from {table} order by what limit {SHOWN}".encode()).fetchall()
    ]
    return Proof(build_id, published, business_date, postings, figures, wrong_postings, wrong_figures, tuple(examples))


# A proof numbers its units anew: units are compared by their own keys.
_POSTINGS = f"""
create temporary table posting_difference on commit preserve rows as
with standing as (
    select p.*, u.unit_key from evidence.posting as p
    left join register.unit as u on p.unit_id = u.unit_id
    where p.build_id <= %(published)s
),
recomputed as (
    select p.*, u.unit_key from {PREFIX}evidence.posting as p
    left join {PREFIX}register.unit as u on p.unit_id = u.unit_id
),
both_sides as (
    select {_IDENTITY}, weight as standing, 0 as recomputed from standing
    union all
    select {_IDENTITY}, 0, weight from recomputed
)
select
    concat_ws(' ', {_IDENTITY.replace("unit_key", "replace(unit_key, chr(31), '/')")}) as what,
    nullif(sum(standing), 0)::text as standing,
    nullif(sum(recomputed), 0)::text as recomputed
from both_sides
group by {_IDENTITY}
having sum(standing) <> sum(recomputed)
"""


def _of(side: str, joined: str = "{}") -> str:
    return ", ".join(joined.format(f"{side}.{column}") for column in _FIGURE.split(", "))


def _told(side: str) -> str:
    cells = _of(side, "coalesce({}::text, '-')")
    return f"concat_ws(' ', {cells})"


_FIGURES = f"""
create temporary table figure_difference on commit preserve rows as
with standing as (
    select c.* from evidence.indicator_value_current as c
    inner join evidence.versions_in_force(%(published)s) as v using (indicator, method_version)
)
select
    concat_ws(' ', {CELL}) as what,
    case when s.indicator is not null then {_told("s")} end as standing,
    case when r.indicator is not null then {_told("r")} end as recomputed
from standing as s
full join {PREFIX}evidence.indicator_value as r using ({CELL})
where
    s.indicator is null
    or r.indicator is null
    or ({_of("s")}) is distinct from ({_of("r")})
    or (s.standard_error is null) <> (r.standard_error is null)
    or abs(s.standard_error - r.standard_error) > 1e-9 * abs(r.standard_error)
"""
