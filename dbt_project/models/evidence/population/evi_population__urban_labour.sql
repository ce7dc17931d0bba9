{{ config(materialized='view', tags=['account'], meta={'account': 'population.urban_labour'}) }}

-- Urban labour (城镇劳动者) of a year: the city's own row stands for the city, a town's for the town.
select
    'population.urban_labour'::text as account,
    make_date(c.year, 12, 31) as effective_date,
    null::text as period_grain,
    c.geography,
    case when c.geography = {{ this_build('region') }} then 'city' else 'town' end as geo_scope,
    null::text [] as applies_to,
    null::text as sector,
    null::text as industry,
    null::text [] as founder_groups,
    null::text as sex,
    null::integer as birth_year,
    null::text as psu,
    'population'::text as unit_type,
    c.population_id as unit_id,
    c.urban_labour as weight,
    array[c.row_id] as source_rows
from {{ ref('reg_population') }} as c
where c.urban_labour <> 0 and {{ is_touched('population.urban_labour', 'population', 'c.population_id') }}
