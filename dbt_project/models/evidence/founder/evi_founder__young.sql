{{ config(materialized='view', tags=['account'], meta={'account': 'founder.young'}) }}

-- Founders of young entities of the startup scope in stock; a founder of several counts once in each cell.
with founders as (
    {{ young_founders() }}
),

intervals as (
    select
        unit_id, town as geography, sector, industry, founder_groups, null::text as sex, null::integer as birth_year,
        start_date, until_date, false as excludes, row_id
    from founders
)

{{ distinct_stock('founder.young', 'person', 'intervals') }}
