{{ config(materialized='view') }}

-- Each target beside its actual. `significantly_higher`: above the same period of the year before, two-sided 5 %.
with targets as (
    select * from {{ ref('target') }}
),

figures as (
    select * from {{ source('evidence', 'indicator_value_current') }}
    where breakdown_type = 'total'
),

compared as (
    select
        t.*,
        f.value as actual,
        f.availability,
        f.standard_error,
        b.value as baseline,
        (f.value - b.value) / nullif(sqrt(f.standard_error ^ 2 + b.standard_error ^ 2), 0) as z_score
    from targets as t
    left join figures as f
        on t.indicator = f.indicator and t.geography = f.geography and t.period = f.period
    left join figures as b
        on t.indicator = b.indicator and t.geography = b.geography
        and b.period = (left(t.period, 4)::integer - 1)::text || substr(t.period, 5)
)

select
    target,
    indicator,
    geography,
    period,
    direction,
    value as target_value,
    actual,
    baseline,
    z_score,
    case
        when actual is null then null
        when direction = 'at_least' then actual >= value
        when direction = 'at_most' then actual <= value
        when direction = 'significantly_higher' then z_score > 1.959964
    end as is_met,
    coalesce(availability, 'not_yet') as availability,
    name_zh,
    name_en,
    source
from compared
