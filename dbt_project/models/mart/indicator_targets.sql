{{ config(materialized='table') }}

select target, indicator, geography, period, value, direction, name_zh, name_en, source, base_score, baseline_period
from {{ ref('target') }}
