"""The revision triangle and the mean revision, worked by hand: three releases that people see, one under embargo."""

from __future__ import annotations

from decimal import Decimal

import psycopg
import pytest

from tests.conftest import Connect
from warehouse.cli.revisions import lines
from warehouse.errors import BureauError
from warehouse.revisions import MeanRevision, triangle
from warehouse.settings import Settings

pytestmark = pytest.mark.integration

# value of a period by release; 2009 came out as 100, was 103 and is 101. Release 4 is under embargo, 5 was rejected.
VALUES = {
    "2008": {1: "10"},
    "2009": {1: "100", 2: "103", 3: "101", 4: "999", 5: "998"},
    "2010": {2: "50", 3: "50", 4: "999"},
    "2011": {2: None, 3: "7"},
}


@pytest.fixture(scope="module")
def released(database: Settings) -> Settings:
    from warehouse.services import postgres

    with psycopg.connect(postgres.conninfo(database, role="bureau_owner"), autocommit=True) as connection:
        for release in range(1, 6):
            connection.execute(
                "insert into ledger.build (business_date, status, finished_at, region, series_start) "
                "values (date '2011-01-31' + %s * 30, 'published', now(), '520381', '2008-01-01')",
                [release],
            )
            connection.execute(
                "insert into release.release (release_id, title, build_id, business_date, embargo_until, figures, inputs_digest, "
                "head, created_by) select %s, 'test', b.build_id, b.business_date, %s, 1, '', '', 'test' "
                "from ledger.build as b where b.build_id = %s",
                [release, "2999-01-01" if release == 4 else None, release],
            )
            connection.execute("insert into release.decision values (%s, %s, 'test')", [release, release != 5])
        place = 0
        for period, values in VALUES.items():
            for release, value in values.items():
                place += 1
                connection.execute(
                    "insert into release.figure (release_id, number, indicator, method_version, period, period_grain, geography, "
                    "geography_vintage, breakdown_type, breakdown, value, unit_count, availability, status, build_id, hash) "
                    "values (%s, %s, 'ENT_NEW', 'v1', %s, 'Y', '520381', 'first', 'total', 'total', %s, 1, 'ok', 'P', %s, '')",
                    [release, place, period, value, release],
                )
    return database


def test_values_stand_by_period_and_release(released: Settings) -> None:
    found = triangle(released, "ENT_NEW")
    assert (found.grain, found.geography, [one.release_id for one in found.releases]) == ("Y", "520381", [1, 2, 3])
    assert {period: [None if value is None else int(value) for value in values] for period, values in found.values.items()} == {
        "2008": [10, None, None],
        "2009": [100, 103, 101],
        "2010": [None, 50, 50],
        "2011": [None, None, 7],
    }


def test_mean_revision_is_from_the_first_to_the_latest_value(released: Settings) -> None:
    """2009: 101 − 100 = 1; 2010: 0; the others stand in one release. Relative: 1 ÷ (101 + 50)."""
    assert triangle(released, "ENT_NEW").mean == MeanRevision(
        2, 1, Decimal("0.5"), Decimal("0.5"), Decimal("0.006622516556"), Decimal(1)
    )


def test_an_analyst_sees_each_step_and_no_unpublished_release(released: Settings, connect: Connect) -> None:
    found = (
        connect("bureau_analyst")
        .execute(
            "select release_id, vintage, value::integer, revision::integer, revision_since_first::integer "
            "from mart.revision_triangle where period = '2009' order by release_id"
        )
        .fetchall()
    )
    assert found == [(1, 1, 100, None, 0), (2, 2, 103, 3, 3), (3, 3, 101, -2, 1)]


def test_the_command_says_it_in_both_languages(released: Settings) -> None:
    found = triangle(released, "ENT_NEW")
    for lang, words in (("en", "mean revision 0.5"), ("zh", "平均修订 0.5")):
        said = lines(found, lang)
        assert "2009  100  103  101" in " ".join("  ".join(line.split()) for line in said) and any(words in line for line in said)
    with pytest.raises(BureauError, match="ENT_STK"):
        triangle(released, "ENT_STK")
