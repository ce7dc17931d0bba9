{{ config(materialized='view', tags=['account'], meta={'account': 'job.new'}) }}

-- New urban employment (ACC032 = 1) at the start of the spell; a person counts once in a period and cell.
with records as (
    select person_id as unit_id, town as geography, founder_groups, sex, birth_year, start_date as day, row_id
    from {{ ref('reg_spell') }}
    where alive and is_new_urban and {{ is_touched('person', 'person_id') }}
)

{{ distinct_flow('job.new', 'person', 'records') }}
