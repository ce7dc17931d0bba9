{{ config(materialized='view', tags=['account'], meta={'account': 'job.young_worker'}) }}

-- Persons insured at young entities of the startup scope in stock, under the attributes of the entity. In a cell of which
-- a person is founder of such an entity, it is no worker.
with jobs as (
    {{ young_jobs() }}
),

founders as (
    {{ young_founders() }}
),

intervals as (
    select -- noqa: AM07
        unit_id, town as geography, sector, industry, entity_founder_groups as founder_groups, null::text as sex,
        null::integer as birth_year, start_date, until_date, false as excludes, row_id
    from jobs
    union all
    select
        unit_id, town, sector, industry, founder_groups, null, null, start_date, until_date, true as excludes, row_id
    from founders
    where unit_id in (select j.unit_id from jobs as j)
)

{{ distinct_stock('job.young_worker', 'person', 'intervals') }}
