{{ config(materialized='table') }}

select geography, parent, level, name_zh, name_en, valid_from, valid_to, successor
from {{ ref('geography') }}
