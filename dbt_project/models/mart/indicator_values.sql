{{ config(materialized='view') }}

select
    indicator,
    method_version,
    period,
    period_grain,
    geography,
    geography_vintage,
    breakdown_type,
    breakdown,
    value,
    numerator,
    denominator,
    unit_count,
    standard_error,
    ci_low,
    ci_high,
    availability,
    status,
    build_id
from {{ source('evidence', 'indicator_value_current') }}
