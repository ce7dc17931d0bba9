{{ config(materialized='view', tags=['account'], meta={'accounts': [
    'survival.death_1', 'survival.death_2', 'survival.death_3', 'survival.death_4', 'survival.death_5', 'survival.death_6',
    'survival.death_7', 'survival.merger_1', 'survival.merger_2', 'survival.merger_3', 'survival.merger_4',
    'survival.merger_5', 'survival.merger_6', 'survival.merger_7',
]}) }}

-- Exits of those born here by the year of their life (first to seventh), posted to the day of birth: so the cohort of a day is
-- entity.birth, who of it survives k years is the cohort less the deaths of its first k years, and nothing has to be posted at
-- anniversaries (an indicator looks back k years). Merger and split (4, 5) are no death but end the risk of one; a purge (3) is
-- a death here; leaving town is no exit.
with exited as (
    select
        e.*,
        {{ year_of_life('e.establishment_date', 'e.exit_date') }} as year_of_life,
        case when e.exit_reason in ('4', '5') then 'survival.merger_' else 'survival.death_' end as kind
    from {{ ref('reg_entity') }} as e
    where e.alive and e.in_startup_scope and e.migration_in_date is null and e.exit_date is not null
)

select
    x.kind || x.year_of_life as account,
    x.establishment_date as effective_date,
    null::date as until_date,
    null::text as period_grain,
    x.town as geography,
    null::text as geo_scope,
    null::text [] as applies_to,
    x.sector,
    x.industry,
    x.founder_groups,
    null::text as sex,
    null::integer as birth_year,
    null::text as psu,
    'entity'::text as unit_type,
    x.entity_id as unit_id,
    1::numeric as weight,
    array[x.row_id] as source_rows
from exited as x
where x.year_of_life <= 7 and {{ is_touched('entity', 'x.entity_id') }}
