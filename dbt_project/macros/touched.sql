{#- Units that changed keys touch, closed over links, as a state of the register says: an entity, those of its registration
    number, its founder, the persons with a spell at its number, the contracts that name it; a spell's person, and who has its
    employer's number; an event's contract; who took a course; answers; counts; the entities of vouchers. -#}
{% macro units_of_changed_keys(units, entities, spells, loan_events, trainings, vouchers) %}
    select u.unit_type, u.unit_id, c.caused_by
    from {{ ref('changed_key') }} as c
    inner join {{ units }} as u
        on c.fold_key = u.unit_key
        and u.unit_type = case c.source
            when 'registrations' then 'entity' when 'registry_export' then 'entity' when 'survey' then 'respondent' when 'population' then 'population'
        end
    union all
    select 'person' as unit_type, e.founder_id as unit_id, c.caused_by
    from {{ ref('changed_key') }} as c
    inner join {{ entities }} as e on c.fold_key = e.unit_key
    where c.source in ('registrations', 'registry_export')
    union all
    select 'person' as unit_type, s.person_id as unit_id, c.caused_by
    from {{ ref('changed_key') }} as c
    inner join {{ entities }} as e on c.fold_key = e.unit_key
    inner join {{ spells }} as s on e.regno = s.employer_regno
    where c.source in ('registrations', 'registry_export')
    union all
    select 'person' as unit_type, s.person_id as unit_id, c.caused_by
    from {{ ref('changed_key') }} as c
    inner join {{ spells }} as s on c.fold_key = s.unit_key
    where c.source = 'employment'
    union all
    select 'contract' as unit_type, l.contract_id as unit_id, c.caused_by
    from {{ ref('changed_key') }} as c
    inner join {{ loan_events }} as l on c.fold_key = l.unit_key
    where c.source = 'loans'
    union all
    select 'contract' as unit_type, l.contract_id as unit_id, c.caused_by
    from {{ ref('changed_key') }} as c
    inner join {{ entities }} as e on c.fold_key = e.unit_key
    inner join {{ loan_events }} as l on e.regno = l.regno and l.event = '放款'
    where c.source in ('registrations', 'registry_export')
    union all
    select 'person' as unit_type, t.person_id as unit_id, c.caused_by
    from {{ ref('changed_key') }} as c
    inner join {{ trainings }} as t on c.fold_key = t.unit_key
    where c.source = 'training'
    union all
    select 'entity' as unit_type, e.entity_id as unit_id, c.caused_by
    from {{ ref('changed_key') }} as c
    inner join {{ spells }} as s on c.fold_key = s.unit_key
    inner join {{ entities }} as e on s.employer_regno = e.regno
    where c.source = 'employment'
    union all
    select 'entity' as unit_type, o.entity_id as unit_id, c.caused_by
    from {{ ref('changed_key') }} as c
    inner join {{ entities }} as e on c.fold_key = e.unit_key
    inner join {{ entities }} as o on e.regno = o.regno and e.entity_id <> o.entity_id
    where c.source in ('registrations', 'registry_export')
    {%- if vouchers %}
    union all
    select 'entity' as unit_type, v.entity_id as unit_id, c.caused_by
    from {{ ref('changed_voucher') }} as c
    inner join {{ vouchers }} as v on c.office = v.office and c.unit_key = v.unit_key
    where v.entity_id is not null
    {%- endif %}
{% endmacro %}

{#- True for the units whose postings are worked out tonight; while an account is not posted in full these are all. -#}
{% macro is_touched(unit_type, unit_id) -%}
    {{ unit_id }} in (select t.unit_id from {{ ref('touched') }} as t where t.unit_type = '{{ unit_type }}')
{%- endmacro %}
