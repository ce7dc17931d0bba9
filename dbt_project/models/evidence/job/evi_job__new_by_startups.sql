{{ config(materialized='view', tags=['account'], meta={'account': 'job.new_by_startups'}) }}

-- Those of job.new who started a business of their own (ACC031 = 2), or whose employer is a young entity of the
-- startup scope: under 36 months from ESTDATE on the day the spell starts; being in stock is not asked.
with spells as (
    select * from {{ ref('reg_spell') }}
    where alive and is_new_urban and {{ is_touched('person', 'person_id') }}
),

employers as (
    {{ employers_of('spells') }}
),

records as (
    select
        s.person_id as unit_id, s.town as geography, s.founder_groups, s.sex, s.birth_year, s.start_date as day, s.row_id
    from spells as s
    left join employers as e on s.unit_key = e.unit_key
    where
        s.employment_form = '2'
        or (
            e.in_startup_scope
            and s.start_date >= e.establishment_date
            and s.start_date < {{ young_until('e.establishment_date') }}
        )
)

{{ distinct_flow('job.new_by_startups', 'person', 'records') }}
