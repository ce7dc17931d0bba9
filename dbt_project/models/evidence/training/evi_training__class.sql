{{ config(materialized='view', tags=['account'],
          meta={'accounts': ['training.completed', 'training.assessed', 'training.passed']}) }}

-- Persons on the last day of a class (结班日): all; those with a result; those who passed. A person counts once in a
-- period and cell.
with participation as (
    select
        person_id as unit_id, town as geography, founder_groups, sex, birth_year, end_date as day, row_id, result
    from {{ ref('reg_training') }}
    where
        alive and end_date is not null
        and {{ is_touched('person', 'person_id') }}
),

assessed as (
    select * from participation
    where result is not null
),

passed as (
    select * from participation
    where result = '合格'
)

{% for account, records in {
    'training.completed': 'participation', 'training.assessed': 'assessed', 'training.passed': 'passed'
}.items() %}
{{ distinct_flow(account, 'person', records) }}
{{ 'union all' if not loop.last }}
{% endfor %}
