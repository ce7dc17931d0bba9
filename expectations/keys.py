"""One statement over the keys: which stand twice in a delivery, and which that stood before are gone from a full one."""

from __future__ import annotations

from psycopg import sql

from expectations.facts import DeliveryFacts
from expectations.predicates import literal, quoted
from expectations.standing import Before, Conn
from ingest.ddl import partition_name, warned_name
from ingest.spec import SourceSpec

KEY_REPEATED = "delivery.key_repeated"
KEYS_KEPT = "delivery.keys_kept"
VANISHING = 0.02
"""Share of the keys that may be gone from a full delivery."""


def count_keys(
    connection: Conn, spec: SourceSpec, delivery: DeliveryFacts, past: Before
) -> tuple[int, dict[str, tuple[int, int]]]:
    """The delivery's rows, and `(checked, failed)` of both rules."""
    rows, readable, repeated, stood, gone = connection.execute(
        sql.SQL(keys_statement(spec, delivery.delivery_id, past))  # from the project's own specs, not from a delivery
    ).fetchone() or (0, 0, 0, 0, 0)
    if repeated:
        connection.execute(
            sql.SQL(warn_statement(spec, delivery.delivery_id, KEY_REPEATED, _repeated(spec, delivery.delivery_id)))
        )
    return int(rows), {KEY_REPEATED: (int(readable), int(repeated)), KEYS_KEPT: (int(stood), int(gone))}


def keys_statement(spec: SourceSpec, delivery_id: int, past: Before) -> str:
    """All rows, those with a key, how many of them repeat one; keys that stood, how many are gone.

    Rows with a missing key part are not judged, but a part that need not be given is a value when blank (ruling 19): the two
    sides are grouped together, as a join would not find such keys but row by row. Of what stood before nothing is asked of a
    delta, of a survey only the waves that it contains.
    """
    key, readable = ", ".join(map(quoted, spec.key)), _readable(spec)
    table = f"raw.{partition_name(spec, delivery_id)}"
    both = f"select {key}, true as mine from {table}"
    if past.kind == "full" and past.folded:
        first = quoted(spec.key[0])
        part = f" and {first} in (select {first} from {table})" if spec.full_replaces == "same_first_key" else ""
        numbers = ", ".join(map(str, past.folded))
        both += f" union all select {key}, false from raw.{quoted(spec.name)} where delivery_id in ({numbers}){part}"
    return (
        "select coalesce(sum(n), 0), coalesce(sum(n) filter (where readable), 0), "
        "coalesce(sum(n - 1) filter (where readable and n > 0), 0), "
        "count(*) filter (where stood), count(*) filter (where stood and n = 0) "
        f"from (select count(*) filter (where mine) as n, bool_or(not mine) as stood, {readable} as readable "
        f"from ({both}) as both_sides group by {key}) as keys"
    )


def warn_statement(spec: SourceSpec, delivery_id: int, rule: str, rows: str) -> str:
    """Add the row_ids of a query to those that the delivery is warned of."""
    warned = f"raw.{warned_name(spec, delivery_id)}"
    return f"insert into {warned} (row_id, reasons) select row_id, array[{literal(rule)}] from ({rows}) as found"


def _repeated(spec: SourceSpec, delivery_id: int) -> str:
    """Rows behind which another one with their key stands: that one counts (ruling 5)."""
    key, table = ", ".join(map(quoted, spec.key)), f"raw.{partition_name(spec, delivery_id)}"
    group = f"array[{key}]"  # a part that is blank is a value
    return (
        f"select t.row_id from {table} as t inner join (select {group} as key, max(row_id) as last from {table} "
        f"where {_readable(spec)} group by {key} having count(*) > 1) as twice on {group} = twice.key and t.row_id < twice.last"
    )


def _readable(spec: SourceSpec) -> str:
    return " and ".join(f"{quoted(name)} is not null" for name in spec.key if spec.column(name).required) or "true"
