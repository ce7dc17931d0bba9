{{ config(materialized='view') }}

-- Months, quarters and years of the series whose last day is not after K.
with build as (
    select * from {{ source('ledger', 'current_build') }}
),

started as (
    select g.grain, g.step, d.day::date as first_day
    from build as b
    cross join (values ('M', 'month', '1 month'), ('Q', 'quarter', '3 months'), ('Y', 'year', '1 year'))
        as g (grain, unit, step)
    cross join lateral generate_series(date_trunc(g.unit, b.series_start), b.business_date, g.step::interval) as d (day)
    where d.day >= b.series_start
),

final as (
    select
        grain as period_grain,
        case grain
            when 'M' then to_char(first_day, 'YYYY-MM')
            when 'Q' then to_char(first_day, 'YYYY-"Q"Q')
            else to_char(first_day, 'YYYY')
        end as period,
        first_day,
        (first_day + step::interval - interval '1 day')::date as last_day
    from started
)

select p.* from final as p
inner join build as b on p.last_day <= b.business_date
