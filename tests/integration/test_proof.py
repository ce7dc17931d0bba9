"""The proof finds what does not follow from the rows, and nothing else."""

from __future__ import annotations

import psycopg
import pytest

from tests.integration.nights import City, figures, rows
from warehouse.proof import prove
from warehouse.services import postgres

pytestmark = pytest.mark.integration


def test_the_proof_finds_one_wrong_posting_and_one_wrong_figure_and_nothing_else(city: City) -> None:
    """After four nights with faults, replacements and corrections: one posting and one figure more than the rows say."""
    home = city.from_night(4)
    with psycopg.connect(postgres.conninfo(home), autocommit=True) as connection:
        connection.execute(
            "insert into evidence.posting select (p).* from (select p from evidence.posting as p where account = 'entity.birth' "
            "and unit_id in (select unit_id from evidence.posting where account = 'entity.birth' group by 1 having count(*) = 1) "
            "order by unit_id limit 1) as one"
        )
        connection.execute(
            "update evidence.indicator_value_current set value = value + 1 where indicator = 'ENT_STK' and period = '2009' "
            "and geography = '520381' and breakdown = 'total'"
        )
    before = figures(home)
    wrong = prove(home)
    assert (wrong.holds, wrong.posting_differences, wrong.figure_differences) == (False, 1, 1)
    assert wrong.postings > 1000 and wrong.figures > 10_000
    posting, figure = wrong.examples
    assert posting.what.startswith("entity.birth ") and (posting.standing, posting.recomputed) == ("2", "1")
    assert figure.what == "ENT_STK v1 2009 520381 total total"

    assert figures(home) == before, "a proof changes nothing that people see"
    told = rows(home, "select status, finished_at is not null, message from ledger.build where build_id = %s", [wrong.build_id])
    assert told == [("proof", True, "1 postings and 1 figures differ")]
    assert rows(home, "select 1 from information_schema.schemata where schema_name like 'proof%%'") == []
