"""Nights of a synthetic city without Airflow: a home, what each night leaves, and what is to be compared afterwards.

After every night the database is copied as `night_1`, `night_2`, … (`night_0`: migrated, nothing delivered), so that a
test begins where it wants to: it reads a copy, or works in database `bureau` made anew from one.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from ingest.accept import Outcome
from ingest.spec import all_specs
from tests.reference.catalogue import CATALOGUE
from tests.reference.compare import differences
from tests.reference.figures import compute
from warehouse.build import build
from warehouse.night import accept, take_in
from warehouse.services import postgres
from warehouse.services.session import prepare
from warehouse.settings import Settings, load_settings
from warehouse.synth import Night, synthesise_nights

FIRST, LAST = date(2010, 12, 28), date(2010, 12, 31)
SEED = 20101231
FIGURE = (
    "indicator, method_version, period, period_grain, geography, geography_vintage, breakdown_type, breakdown, value, "
    "numerator, denominator, unit_count, availability, status"
)


@dataclass(frozen=True)
class City:
    """A home whose server holds the copies `night_0`…; the inbox of night n has all that arrived up to it."""

    settings: Settings
    nights: tuple[Night, ...]
    folder: Path

    def after(self, night: int) -> Settings:
        """Settings that read the copy of a night; nothing is to be built in it."""
        given = conninfo_to_dict(postgres.conninfo(self.settings))
        login = f"{given['user']}:{quote(str(given['password']), safe='')}"
        url = f"postgresql://{login}@{given['host']}:{given['port']}/night_{night}"
        key = self.settings.secrets / "pseudonym.key"
        return load_settings(home=self.settings.home, database_url=url, pseudonym_key_file=key)

    def from_night(self, night: int) -> Settings:
        """The home's own database, made anew as the night left it."""
        _copy(self.settings, f"night_{night}", postgres.DATABASE)
        return self.settings

    def inbox(self, night: int, into: Path) -> Path:
        """All files that have arrived up to a night, in a folder of their own."""
        for one in self.nights[:night]:
            arrive(self.folder, one.business_date, into)
        return into


def play_city(folder: Path, *, seed: int = SEED, scale: float) -> City:
    """Four nights with the demonstration's faults; the server runs on, the caller stops it."""
    made = synthesise_nights(folder / "nights", seed=seed, scale=scale, first=FIRST, last=LAST, faults="demo")
    settings = load_settings(home=folder / "统计 局")
    prepare(settings)
    try:
        city = City(settings, tuple(made), folder / "nights")
        _copy(settings, postgres.DATABASE, "night_0")
        for number, night in enumerate(made, start=1):
            arrive(city.folder, night.business_date, Path(settings.inbox_url))
            play(settings, night.business_date)
            _copy(settings, postgres.DATABASE, f"night_{number}")
    except BaseException:
        postgres.stop(settings)
        raise
    return city


def arrive(nights: Path, day: date, inbox: Path) -> None:
    """Put what arrives in a night into the inbox."""
    shutil.copytree(nights / day.isoformat(), inbox, dirs_exist_ok=True)


def load(settings: Settings, day: date, inbox: Path | None = None) -> list[Outcome]:
    """Take in and accept every source; what became of the deliveries."""
    found: list[Outcome] = []
    with _quiet():
        for source in all_specs():
            take_in(settings, source, day, None if inbox is None else str(inbox))
            found += accept(settings, source, day)
    return found


def play(settings: Settings, day: date, inbox: Path | None = None) -> int:
    """A whole night; the number of its build."""
    load(settings, day, inbox)
    return quiet_build(settings, day)


def quiet_build(settings: Settings, day: date) -> int:
    """A build."""
    with _quiet():
        return build(settings, day)


@contextmanager
def _quiet() -> Iterator[None]:
    """The libraries of dbt and Great Expectations warn of one another: that is not this project's matter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def rows(settings: Settings, statement: str, values: Iterable[object] = ()) -> list[tuple[Any, ...]]:
    """Rows of a statement, asked as the service login."""
    with psycopg.connect(postgres.conninfo(settings), autocommit=True) as connection:
        return connection.execute(statement.encode(), list(values)).fetchall()


def disagreements(settings: Settings, inbox: Path, day: date, known_to: date | None = None) -> list[str]:
    """What differs in any figure of the catalogue from what the files of the inbox come to, counted by brute force. Figures of
    periods that end after `known_to` may be stale."""
    columns = (
        "indicator, period, geography, breakdown_type, breakdown, value, numerator, denominator, unit_count, standard_error, "
        "ci_low, ci_high, availability, status"
    )
    with psycopg.connect(postgres.conninfo(settings, role="bureau_analyst"), row_factory=dict_row) as connection:
        found = connection.execute(f"select {columns} from mart.indicator_values".encode()).fetchall()
        (released,) = connection.execute("select count(*) from release.published").fetchone().values()  # type: ignore[union-attr]
        catalogue = {row["indicator"] for row in connection.execute("select indicator from mart.indicator_catalogue").fetchall()}
    assert catalogue <= CATALOGUE.keys(), "the calculator knows every indicator"
    expected = {key: cell for key, cell in compute(inbox, day).items() if key[0] in catalogue}
    if released:  # a revised figure is a provisional one, too
        found = [row | {"status": "P"} if row["status"] == "R" else row for row in found]
    return differences(expected, found, day, known_to)


def figures(settings: Settings) -> set[str]:
    """Every published figure as a line, apart from its standard error (a float) and the build that wrote it."""
    return set(_lines(settings, f"select {FIGURE} from mart.indicator_values"))


def standard_errors(settings: Settings) -> dict[tuple[str, ...], float]:
    """Standard error by cell."""
    found = rows(
        settings,
        "select indicator, period, geography, breakdown_type, breakdown, standard_error::double precision "
        "from mart.indicator_values where standard_error is not null",
    )
    return {cell: error for *cell_parts, error in found if (cell := tuple(cell_parts))}


def balance(settings: Settings) -> set[str]:
    """The standing postings as lines, with the units' own keys and the lines of files: equal in two homes that know the same."""
    return set(
        _lines(
            settings,
            """
            with standing as (
                select account, effective_date, until_date, period_grain, geography, geo_scope, applies_to, sector, industry,
                    founder_groups, sex, birth_year, psu, unit_type, unit_id, source_rows, sum(weight) as weight
                from evidence.posting
                group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
                having sum(weight) <> 0
            )
            select s.account, s.effective_date, s.until_date, s.period_grain, s.geography, s.geo_scope, s.applies_to, s.sector,
                s.industry, s.founder_groups, s.sex, s.birth_year, s.psu, s.unit_type, u.unit_key, trim_scale(s.weight),
                array(
                    select d.file_name || ':' || (r.row_id & 4294967295)
                    from unnest(s.source_rows) as r (row_id)
                    inner join ledger.delivery as d on r.row_id >> 32 = d.delivery_id
                    order by 1
                )
            from standing as s left join register.unit as u on s.unit_type = u.unit_type and s.unit_id = u.unit_id
            """,
        )
    )


def _lines(settings: Settings, statement: str) -> list[str]:
    with (
        psycopg.connect(postgres.conninfo(settings)) as connection,
        connection.cursor().copy(f"copy ({statement}) to stdout".encode()) as copy,
    ):
        return b"".join(bytes(block) for block in copy).decode().splitlines()


def _copy(settings: Settings, source: str, target: str) -> None:
    with psycopg.connect(postgres.conninfo(settings, database="postgres"), autocommit=True) as connection:
        names = {"source": sql.Identifier(source), "target": sql.Identifier(target)}
        connection.execute(sql.SQL("drop database if exists {target} with (force)").format(**names))
        connection.execute(sql.SQL("create database {target} template {source} strategy file_copy").format(**names))
