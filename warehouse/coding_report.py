"""What was coded from free texts, read as the steward: rates, rows that stay unknown, proposals for registrations."""

from dataclasses import dataclass
from typing import Any

from warehouse.query import ask
from warehouse.settings import Settings

_ROLE = "bureau_steward"
# Rows of accepted deliveries of the listing: the newest full one stands alone.
_LISTING = """
    with listing as (
        select r.*, d.region as delivered_for
        from raw.registry_export as r
        inner join ledger.delivery as d on r.delivery_id = d.delivery_id
        where d.delivery_id = (
            select delivery_id from ledger.delivery
            where source = 'registry_export' and status = 'accepted'
            order by business_date desc, sequence desc limit 1
        )
    ),
    coded as (
        select
            l.row_id, l.entname, l.address, l.opscope, l.enttype, l.capital, c.region, c.town, c.section, c.enttype as type_code,
            c.capital as amount, c.region = l.delivered_for as is_here
        from listing as l
        inner join register.coding as c on c.source = 'registry_export' and l.row_id = c.row_id
    )
"""
# what -> which rows are asked, which of them are unknown, the text that the coder was given
_WHAT = {
    "region": ("true", "region is null", "address"),
    "town": ("is_here", "town is null", "address"),
    "section": ("is_here and coalesce(opscope, 'N/A') <> 'N/A'", "section is null", "opscope"),
    "type": ("is_here", "type_code is null", "enttype"),
    "capital": ("is_here and coalesce(capital, 'N/A') <> 'N/A'", "amount is null", "capital"),
}


@dataclass(frozen=True)
class Rate:
    """Of `rows` rows that say something of `what`, `found` were coded; `here`: rows of the region, of all."""

    what: str
    found: int
    rows: int


@dataclass(frozen=True)
class Unknown:
    """A row that stays unknown; `name` is masked where it may be a household's."""

    row_id: int
    text: str | None
    name: str | None


@dataclass(frozen=True)
class Proposal:
    """What the coders read for a registration; None where the department gave a code, or nothing was read."""

    unit_key: str
    town_as_counted: str | None
    town_proposed: str | None
    town_by: str | None
    section_proposed: str | None
    section_by: str | None


def rates(settings: Settings) -> list[Rate]:
    """Rates of the newest listing; empty without one."""
    if not _there(settings, "raw.registry_export"):
        return []
    parts = ["count(*) filter (where is_here)", "count(*)"]
    for asked, unknown_if, _ in _WHAT.values():
        parts += [f"count(*) filter (where {asked} and not ({unknown_if}))", f"count(*) filter (where {asked})"]
    numbers: list[Any] = list(ask(settings, f"{_LISTING} select {', '.join(parts)} from coded", _ROLE).rows[0])
    if numbers[1] == 0:
        return []
    return [Rate(what, numbers[2 * i], numbers[2 * i + 1]) for i, what in enumerate(["here", *_WHAT])]


def unknown(settings: Settings, what: str, limit: int) -> list[Unknown]:
    """Rows of the newest listing that no coder could code, of `what` (a key of _WHAT)."""
    if not _there(settings, "raw.registry_export"):
        return []
    asked, unknown_if, text = _WHAT[what]
    statement = (
        f"{_LISTING} select row_id, {text}, entname from coded where {asked} and {unknown_if} order by row_id limit {limit:d}"
    )
    found: list[Any] = ask(settings, statement, _ROLE).rows
    return [Unknown(*row) for row in found]


def proposed(settings: Settings, limit: int) -> list[Proposal]:
    """Proposals for registrations, by key."""
    if not _there(settings, "register.coding_proposal"):
        return []
    statement = (
        "select unit_key, town_as_counted, town_proposed, town_by, section_proposed, section_by "
        f"from register.coding_proposal order by unit_key limit {limit:d}"
    )
    found: list[Any] = ask(settings, statement, _ROLE).rows
    return [Proposal(*row) for row in found]


def _there(settings: Settings, table: str) -> bool:
    return ask(settings, f"select to_regclass('{table}') is not null", _ROLE).rows == [(True,)]
