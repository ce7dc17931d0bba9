{{ config(materialized='view', tags=['account'], meta={'accounts': [
    'activity.newborn', 'activity.survivor_1', 'activity.survivor_2', 'activity.survivor_3', 'activity.survivor_4',
    'activity.survivor_5', 'activity.other', 'activity.death',
]}) }}

-- Entities active in a year: in stock on any day of it, and with evidence of activity. Each active entity stands in one
-- account of the year: born here in it; born here one to five years before and without an exit up to that anniversary
-- (merger and split are none); other. Beside it, `activity.death`: the year's exit that ends it (3, 4 and 5 are no death), and no
-- evidence in the next two years.
with entity as (
    select * from {{ ref('reg_entity') }}
    where alive and in_startup_scope and {{ is_touched('entity', 'entity_id') }}
),

active as (
    select
        e.*,
        y.year,
        y.row_id as shown_by,
        a.years,
        case when e.migration_in_date is null then y.year - extract(year from e.establishment_date)::integer end as age,
        e.exit_date is null or e.exit_reason in ('4', '5') as survives_any
    from entity as e
    inner join {{ ref('reg_activity') }} as a on e.entity_id = a.entity_id
    cross join lateral unnest(a.years, a.row_ids) as y (year, row_id)
    where
        e.start_date <= make_date(y.year, 12, 31)
        and (e.end_date is null or (e.end_date > make_date(y.year, 1, 1) and e.end_date > e.start_date))
),

counted as (
    select
        a.*,
        case
            when a.age = 0 then 'activity.newborn'
            when
                a.age between 1 and 5
                and (
                    coalesce(a.survives_any, false)
                    or a.exit_date > (a.establishment_date + make_interval(years => a.age))::date
                )
                then 'activity.survivor_' || a.age
            else 'activity.other'
        end as account
    from active as a
    union all
    select a.*, 'activity.death' as account
    from active as a
    where
        a.exit_date = a.end_date
        and extract(year from a.exit_date) = a.year
        and coalesce(a.exit_reason not in ('3', '4', '5'), true)
        and not a.years && array[a.year + 1, a.year + 2]
)

select
    c.account,
    make_date(c.year, 12, 31) as effective_date,
    null::date as until_date,
    'Y'::text as period_grain,
    c.town as geography,
    null::text as geo_scope,
    null::text [] as applies_to,
    c.sector,
    c.industry,
    c.founder_groups,
    null::text as sex,
    null::integer as birth_year,
    null::text as psu,
    'entity'::text as unit_type,
    c.entity_id as unit_id,
    1::numeric as weight,
    array[c.row_id, c.shown_by] as source_rows
from counted as c
