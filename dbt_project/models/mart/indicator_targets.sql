{{ config(materialized='table') }}

select target, indicator, geography, period, value, direction, name_zh, name_en, source
from {{ ref('target') }}
