{{ config(materialized='view', tags=['account'], meta={'account': 'job.ended'}) }}

-- Spells of any form that ended for ACC033 1 or 2, on their last day; a person counts once in a period and cell.
with records as (
    select person_id as unit_id, town as geography, founder_groups, sex, birth_year, end_date as day, row_id
    from {{ ref('reg_spell') }}
    where alive and end_date is not null and end_reason in ('1', '2') and {{ is_touched('person', 'person_id') }}
)

{{ distinct_flow('job.ended', 'person', 'records') }}
