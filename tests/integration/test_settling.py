"""Which delivery settles a quarantined row, whatever comes first and whatever is replaced."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg
import pytest

import expectations
from tests.extracts import fixture_rows
from tests.integration.test_quarantine import SPECS, bureau, deliver
from warehouse.query import ask
from warehouse.services import postgres
from warehouse.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", autouse=True)
def _checks_are_loaded() -> None:
    with warnings.catch_warnings():  # of the library's own imports
        warnings.simplefilter("ignore")
        expectations.warm()


@dataclass
class Register:
    """Days of a source in a year of its own; a row's state is the day that settled it, None when it waits."""

    home: Settings
    year: int
    name: str = "registrations"

    def day(self, number: int) -> date:
        return date(self.year, 3, number)

    def deliver(self, day: int, sequence: int, *keys: str, wrong: tuple[str, ...] = (), kind: str = "delta") -> None:
        good = fixture_rows(self.name, "good")[0]
        rows = [good | {"PRIPID": key} for key in keys] + [good | {"PRIPID": key, "ESTDATE": "99999999"} for key in wrong]
        deliver(self.home, SPECS[self.name], rows, self.day(day), sequence, kind)

    def settled(self, day: int, sequence: int = 1) -> dict[str, tuple[int, int] | None]:
        with psycopg.connect(postgres.conninfo(self.home)) as connection:
            found = connection.execute(
                f"select q.key[1], s.business_date, s.sequence from quarantine.{self.name} as q "
                "join ledger.delivery as d using (delivery_id) left join ledger.delivery as s on s.delivery_id = q.settled_by "
                "where d.business_date = %s and d.sequence = %s".encode(),
                [self.day(day), sequence],
            ).fetchall()
        return {key: None if day is None else (day.day, sequence) for key, day, sequence in found}


def test_rows_of_a_delivery_that_is_replaced_when_it_comes_wait_for_nothing(database: Settings, tmp_path: Path) -> None:
    days = Register(database, 2012)
    days.deliver(1, 2, "R1", "R2")
    days.deliver(1, 1, "R1", wrong=("R2", "R3"))
    assert days.settled(1) == {"R2": (1, 2), "R3": (1, 2)}
    out = tmp_path / "back.xlsx"
    assert "2012" not in bureau(database, "quarantine", "list", "--date", "2012-03-01").output
    bureau(database, "quarantine", "export", "saic", "--date", "2012-03-01", "--out", str(out))
    assert not out.exists()


def test_a_settling_delivery_that_is_replaced_settles_nothing(database: Settings) -> None:
    days = Register(database, 2013)
    days.deliver(1, 1, "S0", wrong=("S1", "S2", "S3"))
    days.deliver(2, 1, "S1", "S2")
    days.deliver(3, 1, "S2")
    assert days.settled(1) == {"S1": (2, 1), "S2": (2, 1), "S3": None}
    days.deliver(2, 2, "S3")  # says no more of S1 and S2; but the third day does of S2
    assert days.settled(1) == {"S1": None, "S2": (3, 1), "S3": (2, 2)}


def test_the_ledger_shows_when_a_row_was_settled(database: Settings) -> None:
    days = Register(database, 2015)
    days.deliver(1, 1, "W0", wrong=("W1",))
    days.deliver(2, 1, "W1")
    shown = json.loads(bureau(database, "quarantine", "show", "saic", "--all", "--format", "json").output)
    (found,) = [one for one in shown if "20150301" in one["file_name"]]
    when = ask(database, f"select accepted_at from ledger.delivery where delivery_id = {found['settled_by']}", "bureau_steward")
    assert found["settled_at"] == str(when.rows[0][0])


def test_a_full_delivery_settles_what_was_before_it(database: Settings) -> None:
    days = Register(database, 2014)
    days.deliver(1, 1, "F0", wrong=("F1", "F2", ""))
    days.deliver(3, 1, "F0", wrong=("F2",), kind="full")
    assert set(days.settled(1).values()) == {(3, 1)} and days.settled(3) == {"F2": None}
    days.deliver(2, 1, "F0", wrong=("F5",))  # out of order
    assert days.settled(2) == {"F5": (3, 1)}


def test_of_a_key_that_one_delivery_repeats_the_last_row_counts(database: Settings) -> None:
    """Right further down: nothing waits. Wrong twice, or right and then wrong: the last row waits, once."""
    days = Register(database, 2016)
    good = fixture_rows(days.name, "good")[0]
    wrong = {"ESTDATE": "99999999"}
    said = [("K1", wrong), ("K2", wrong), ("K3", {}), ("K1", {}), ("K2", wrong), ("K3", wrong), ("", wrong), ("", wrong)]
    deliver(database, SPECS[days.name], [good | {"PRIPID": key} | cells for key, cells in said], days.day(1), kind="delta")

    def waiting() -> list[tuple[str | None, int]]:
        with psycopg.connect(postgres.conninfo(database)) as connection:
            return connection.execute(
                f"select q.key[1], (q.row_id & 4294967295)::int from quarantine.{days.name} as q "
                "join ledger.delivery as d using (delivery_id) where d.business_date = %s and q.settled_by is null "
                "order by q.row_id".encode(),
                [days.day(1)],
            ).fetchall()

    assert waiting() == [("K2", 5), ("K3", 6), (None, 7), (None, 8)]
    shown = json.loads(bureau(database, "quarantine", "show", "saic", "--format", "json").output)
    assert len([one for one in shown if "20160301" in one["file_name"]]) == 4
    days.deliver(2, 1, "K2", "K3")
    assert waiting() == [(None, 7), (None, 8)]
    days.deliver(1, 2, "K9")
    assert waiting() == []
