{{ config(materialized='view', tags=['account'], meta={'account': 'job.young'}) }}

-- Persons insured at young entities of the startup scope in stock: sex, age and groups of the spell, town, sector and
-- industry of the entity. A person of several spells counts once in each cell.
with jobs as (
    {{ young_jobs() }}
),

intervals as (
    select
        unit_id, town as geography, sector, industry, founder_groups, sex, birth_year, start_date, until_date,
        false as excludes, row_id
    from jobs
)

{{ distinct_stock('job.young', 'person', 'intervals') }}
