{{ config(materialized='view') }}

-- Survey figures against the wave of the year before: difference, its standard error (waves are independent samples) and
-- whether it is significant, two-sided 5 %.
with figures as (
    select * from {{ source('evidence', 'indicator_value_current') }}
    where standard_error is not null and period_grain = 'Y'
),

paired as (
    select
        n.indicator,
        n.method_version,
        n.period,
        n.geography,
        n.breakdown_type,
        n.breakdown,
        n.value,
        n.standard_error,
        b.period as period_before,
        b.value as value_before,
        b.standard_error as standard_error_before,
        n.value - b.value as difference,
        sqrt(n.standard_error ^ 2 + b.standard_error ^ 2) as standard_error_of_difference
    from figures as n
    inner join figures as b
        on n.indicator = b.indicator and n.method_version = b.method_version and n.geography = b.geography
        and n.breakdown_type = b.breakdown_type and n.breakdown = b.breakdown
        and b.period = (n.period::integer - 1)::text
)

select
    p.*,
    p.difference / nullif(p.standard_error_of_difference, 0) as z_score,
    case
        when p.standard_error_of_difference = 0 then null
        when p.difference / p.standard_error_of_difference > 1.959964 then 'higher'
        when p.difference / p.standard_error_of_difference < -1.959964 then 'lower'
        else 'not_significant'
    end as significance
from paired as p
