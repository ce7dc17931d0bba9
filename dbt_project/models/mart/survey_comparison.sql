{{ config(materialized='view') }}

-- Survey figures against the wave before: difference, its standard error (waves are independent samples) and whether it is
-- significant, two-sided 5 %.
with paired as (
    select
        indicator,
        method_version,
        period,
        geography,
        breakdown_type,
        breakdown,
        value,
        standard_error,
        lag(period) over waves as period_before,
        lag(value) over waves as value_before,
        lag(standard_error) over waves as standard_error_before
    from {{ source('evidence', 'indicator_value_current') }}
    where standard_error is not null and period_grain = 'Y'
    window waves as (partition by indicator, method_version, geography, breakdown_type, breakdown order by period)
),

compared as (
    select
        p.*,
        p.value - p.value_before as difference,
        sqrt(p.standard_error ^ 2 + p.standard_error_before ^ 2) as standard_error_of_difference
    from paired as p
    where p.period_before is not null
)

select
    c.*,
    c.difference / nullif(c.standard_error_of_difference, 0) as z_score,
    case
        when c.standard_error_of_difference = 0 then null
        when c.difference / c.standard_error_of_difference > 1.959964 then 'higher'
        when c.difference / c.standard_error_of_difference < -1.959964 then 'lower'
        else 'not_significant'
    end as significance
from compared as c
