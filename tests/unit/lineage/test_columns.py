"""Columns followed upwards through SQL."""

from warehouse.lineage.columns import Origins, read_from

SCHEMA = {
    "raw": {"shops": {"id": "text", "opened": "text", "groups": "text"}},
    "staging": {"stg": {"id": "text", "opened": "date", "members": "text[]"}},
    "evidence": {"evi": {"unit": "text", "day": "date", "weight": "integer"}},
}
STAGING = """
    select s.id, s.opened::date as opened,
        array(select distinct g from unnest(string_to_array(s.groups, ';')) as g order by g) as members
    from "bureau"."raw"."shops" as s
"""
EVIDENCE = """
    with opened as (select * from "bureau"."staging"."stg" where opened is not null)
    select id as unit, coalesce(opened, current_date) as day, 1 as weight from opened
    union all
    select unit, day, weight from "bureau"."evidence"."evi"
"""


def test_a_column_reads_those_that_its_value_is_made_of() -> None:
    found = read_from(EVIDENCE, SCHEMA)
    assert found["day"] == {"staging.stg.opened", "evidence.evi.day"}
    assert found["weight"] == {"evidence.evi.weight"}


def test_columns_are_followed_through_models_and_a_table_that_reads_itself_ends() -> None:
    origins = Origins({"staging.stg": STAGING, "evidence.evi": EVIDENCE}, SCHEMA)
    assert {one.column: one.origins for one in origins.of("evidence.evi")} == {
        "unit": ("raw.shops.id",),
        "day": ("raw.shops.opened",),
        "weight": (),
    }
    assert not origins.not_understood


def test_sql_that_cannot_be_followed_is_named() -> None:
    origins = Origins({"staging.stg": "this is no query"}, SCHEMA)
    assert origins.of("staging.stg") == [] and origins.not_understood == {"staging.stg"}
