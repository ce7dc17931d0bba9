{{ config(materialized='view', tags=['account'], meta={'account': 'founder.present'}) }}

-- Founders of entities of the startup scope, from the entity's start to its end. A founder of several entities
-- counts once in each coarser cell.
with intervals as (
    select
        e.founder_id as unit_id,
        e.town as geography,
        e.sector,
        e.industry,
        e.founder_groups,
        e.founder_sex as sex,
        e.founder_birth_year as birth_year,
        e.start_date,
        e.end_date as until_date,
        false as excludes,
        e.row_id
    from {{ ref('reg_entity') }} as e
    where
        e.alive
        and e.in_startup_scope
        and (e.end_date is null or e.end_date > e.start_date)
        and {{ is_touched('person', 'e.founder_id') }}
)

{{ distinct_stock('founder.present', 'person', 'intervals') }}
