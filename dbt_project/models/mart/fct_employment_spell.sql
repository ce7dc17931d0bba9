{{ config(materialized='view') }}

-- Employment spells, with the employer in the register where its number is known: of several the one in stock at the
-- start of the spell, then the latest start, then the smallest PRIPID.
select
    s.row_id,
    s.person_id,
    s.start_date,
    s.end_date,
    s.employment_form,
    s.is_new_urban,
    s.end_reason,
    e.entity_id as employer_id,
    e.linked_by,
    coalesce(
        e.in_startup_scope and s.start_date >= e.establishment_date
        and s.start_date < (e.establishment_date + interval '36 months')::date,
        false
    ) as employer_was_young_startup,
    s.sex,
    s.birth_year,
    s.founder_groups,
    s.town
from {{ ref('reg_spell') }} as s
left join lateral (
    select
        r.entity_id, r.in_startup_scope, r.establishment_date,
        case when count(*) over () > 1 then 'regno_of_several' else 'regno' end as linked_by
    from {{ ref('reg_entity') }} as r
    where r.alive and s.employer_regno = r.regno
    order by
        (r.start_date <= s.start_date and (r.end_date is null or r.end_date > s.start_date)) desc,
        r.start_date desc,
        r.unit_key collate "C" -- noqa: RF03
    limit 1
) as e on true
where s.alive
