{{ config(materialized='view', tags=['account'], meta={'accounts': [
    'population.urban_labour', 'population.urban_labour.known',
    'population.age_15_64', 'population.age_15_64.known',
    'population.age_15_60', 'population.age_15_60.known',
]}) }}

-- Population figures of a year: the city's own row stands for the city, a town's for the town. What was delivered is
-- `known`, also as 0, which posts nothing itself.
with counts as (
    select c.population_id, c.row_id, c.year, c.geography, f.account, f.people
    from {{ ref('reg_population') }} as c
    cross join lateral (
        values
        ('population.urban_labour', c.urban_labour),
        ('population.age_15_64', c.age_15_64),
        ('population.age_15_60', c.age_15_60)
    ) as f (account, people)
    -- who lives in no known town is counted with the city: a row of 乡镇不详 is no denominator
    where
        f.people is not null and c.geography <> {{ this_build('region') }} || '999'
        and {{ is_touched('population', 'c.population_id') }}
),

posted as (
    select population_id, row_id, year, geography, account, people as weight from counts
    where people <> 0
    union all
    select population_id, row_id, year, geography, account || '.known', 1 from counts
),

final as (
    select
        p.account,
        make_date(p.year, 12, 31) as effective_date,
        null::date as until_date,
        null::text as period_grain,
        p.geography,
        case when p.geography = {{ this_build('region') }} then 'city' else 'town' end as geo_scope,
        null::text [] as applies_to,
        null::text as sector,
        null::text as industry,
        null::text [] as founder_groups,
        null::text as sex,
        null::integer as birth_year,
        null::text as psu,
        'population'::text as unit_type,
        p.population_id as unit_id,
        p.weight,
        array[p.row_id] as source_rows
    from posted as p
)

select * from final
