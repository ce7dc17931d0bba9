{{ config(materialized='view', tags=['account'], meta={'accounts': ['training.graduated', 'training.succeeded']}) }}

-- Persons who passed, six months after the last day of their class: all, and those who by then had founded an entity of
-- the startup scope (their id as that of its head) or reported a venture, on the last day or later. So classes that end from
-- July to June count in the year of that June.
with passed as (
    select
        person_id as unit_id,
        town as geography,
        founder_groups,
        sex,
        birth_year,
        end_date,
        (end_date + interval '6 months')::date as day,
        venture_date,
        row_id
    from {{ ref('reg_training') }}
    where
        alive and end_date is not null and result = '合格'
        and {{ is_touched('person', 'person_id') }}
),

founded as (
    select p.row_id, array_agg(e.row_id order by e.row_id) as source_rows
    from passed as p
    inner join {{ ref('reg_entity') }} as e
        on p.unit_id = e.founder_id and e.alive and e.in_startup_scope
        and e.establishment_date between p.end_date and p.day
    group by p.row_id
),

succeeded as (
    select p.*, f.source_rows as entity_rows
    from passed as p
    left join founded as f on p.row_id = f.row_id
    where f.row_id is not null or p.venture_date between p.end_date and p.day
)

{{ distinct_flow('training.graduated', 'person', 'passed') }}
union all
{{ distinct_flow('training.succeeded', 'person', 'succeeded', source_rows='r.row_id || r.entity_rows') }}
