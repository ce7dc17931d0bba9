"""Formulas that stand: figures are sums over all builds, so a method version is computed one way from its first build on."""

from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from warehouse.errors import BureauError
from warehouse.indicators import load_indicators

Connection = psycopg.Connection[tuple[Any, ...]]

# Texts may be mended, and so may what every build works out anew: availability (needs) and status (final_after_years)
_COMPUTED_WITH = {
    "periods", "breakdowns", "sectors", "scale", "units", "numerator", "denominator", "standard_error",
}  # fmt: skip


def hold_formulas(connection: Connection, build_id: int) -> None:
    """Write down the formulas with which no published build has computed yet, as of this one.

    Raises BureauError("build.formula_changed") with the indicators whose formula is not the one that their figures were computed
    with: a changed formula is a new method version. One that no build has computed or published with may change.
    """
    given = {
        # without defaults: a key that a later version of this project knows changes no formula that does not use it
        (one.indicator, one.method_version): one.model_dump(mode="json", include=_COMPUTED_WITH, exclude_defaults=True)
        for one in load_indicators().values()
    }
    found = connection.execute(
        "select f.indicator, f.method_version, f.formula, b.status = 'published' "
        "from ledger.formula as f inner join ledger.build as b on f.build_id = b.build_id"
    ).fetchall()
    standing = {(indicator, version): formula for indicator, version, formula, _ in found}
    seen = {(indicator, version) for indicator, version, _, published in found if published}
    changed = [name for name, formula in given.items() if standing.get(name, formula) != formula]
    if changed and (used := sorted((_computed(connection) | seen).intersection(changed))):
        names = ", ".join(f"{indicator} ({version})" for indicator, version in used)
        raise BureauError("build.formula_changed", indicators=names)
    fresh = [name for name, formula in given.items() if standing.get(name) != formula or name not in seen]
    connection.cursor().executemany(
        "insert into ledger.formula (indicator, method_version, formula, build_id) values (%s, %s, %s, %s) "
        "on conflict (indicator, method_version) do update set formula = excluded.formula, build_id = excluded.build_id",
        [[*name, Jsonb(given[name]), build_id] for name in fresh],
    )


def _computed(connection: Connection) -> set[tuple[str, str]]:
    """Indicators and method versions that a build has computed with, be it one that failed later."""
    row = connection.execute("select to_regclass('evidence.cell_change') is not null").fetchone()
    if row != (True,):
        return set()
    found = connection.execute("select distinct indicator, method_version from evidence.cell_change").fetchall()
    return {(indicator, version) for indicator, version in found}
