{{ config(materialized='table') }}

select benchmark, indicator, period, value, cities, name_zh, name_en, source
from {{ ref('benchmark') }}
