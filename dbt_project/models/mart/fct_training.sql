{{ config(materialized='view') }}

-- Participations in the training for founders, and whether a start-up was founded or a venture reported within six
-- months of the last day, as the success rate counts it.
select
    t.person_id,
    t.class_no,
    t.provider,
    t.course,
    t.start_date,
    t.end_date,
    t.result,
    t.subsidy_cny,
    t.venture_date,
    t.jobs_created,
    f.founded_entities,
    coalesce(
        f.founded_entities > 0
        or t.venture_date between t.end_date and (t.end_date + interval '6 months')::date,
        false
    ) as has_founded,
    t.sex,
    t.birth_year,
    t.founder_groups,
    t.town
from {{ ref('reg_training') }} as t
cross join lateral (
    select count(*) as founded_entities
    from {{ ref('reg_entity') }} as e
    where
        e.alive and e.in_startup_scope and t.person_id = e.founder_id
        and e.establishment_date between t.end_date and (t.end_date + interval '6 months')::date
) as f
where t.alive
