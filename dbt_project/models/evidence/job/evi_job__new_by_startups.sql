{{ config(materialized='view', tags=['account'], meta={'account': 'job.new_by_startups'}) }}

-- Those of job.new who started a business of their own (ACC031 = 2), or whose employer is a young entity of the
-- startup scope: under 36 months from ESTDATE on the day the spell starts; being in stock is not asked.
with spells as (
    select * from {{ ref('reg_spell') }}
    where alive and is_new_urban and {{ is_touched('job.new_by_startups', 'person', 'person_id') }}
),

-- A registration number found more than once: the entity in stock on the day, then the latest start, then the
-- smallest PRIPID.
employers as (
    select distinct on (s.unit_key) s.unit_key, e.in_startup_scope, e.establishment_date
    from spells as s
    inner join {{ ref('reg_entity') }} as e on s.employer_regno = e.regno and e.alive
    order by
        s.unit_key,
        (e.start_date <= s.start_date and (e.end_date is null or e.end_date > s.start_date)) desc,
        e.start_date desc,
        e.unit_key collate "C"
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
            and s.start_date < (e.establishment_date + interval '36 months')::date
        )
)

{{ record_postings('job.new_by_startups', 'person', 'records', 'r.day', '1') }}
union all
{{ repeat_corrections('job.new_by_startups', 'person', 'records') }}
