{#- The entity of the register that a spell's registration number means, one at most. A number that is found more than
    once: the entity in stock on the first day of the spell, then the latest start, then the smallest PRIPID.
    Needs spells: unit_key, employer_regno, start_date. Gives unit_key and the entity. -#}
{% macro employers_of(spells) %}
    select distinct on (s.unit_key)
        s.unit_key, e.entity_id, e.in_startup_scope, e.establishment_date, e.start_date as entity_start_date,
        e.end_date as entity_end_date, e.sector, e.industry, e.founder_groups, e.town
    from {{ spells }} as s
    inner join {{ ref('reg_entity') }} as e on s.employer_regno = e.regno and e.alive
    order by
        s.unit_key,
        (e.start_date <= s.start_date and (e.end_date is null or e.end_date > s.start_date)) desc,
        e.start_date desc,
        e.unit_key collate "C"
{% endmacro %}

{#- The first day on which an entity is not young any longer. -#}
{% macro young_until(establishment_date) -%}
    ({{ establishment_date }} + interval '36 months')::date
{%- endmacro %}

{#- Insured spells (ACC031 = 1) at young entities of the startup scope in stock, by the days that they last as such: from
    the first day of the spell to the last, as long as the entity is in stock at the close of the day and under 36
    months. An open spell lasts until K, so no figure sees its end.
    Gives the spell's and, as `entity_…`, the entity's attributes, start_date and until_date. -#}
{% macro young_jobs() %}
    with spells as (
        select * from {{ ref('reg_spell') }}
        where alive and employment_form = '1' and {{ is_touched('person', 'person_id') }}
    ),

    employers as (
        {{ employers_of('spells') }}
    ),

    lasting as (
        select
            s.person_id as unit_id, s.row_id, s.founder_groups, s.sex, s.birth_year,
            e.town, e.sector, e.industry, e.founder_groups as entity_founder_groups,
            greatest(s.start_date, e.entity_start_date) as start_date,
            least(s.end_date + 1, e.entity_end_date, {{ young_until('e.establishment_date') }}) as until_date
        from spells as s
        inner join employers as e on s.unit_key = e.unit_key and e.in_startup_scope
    )

    select * from lasting
    where start_date < until_date
{% endmacro %}

{#- Founders of young entities of the startup scope in stock, by the days that they are such. -#}
{% macro young_founders() %}
    select
        e.founder_id as unit_id, e.row_id, e.town, e.sector, e.industry, e.founder_groups, e.start_date,
        least(e.end_date, {{ young_until('e.establishment_date') }}) as until_date
    from {{ ref('reg_entity') }} as e
    where
        e.alive
        and e.in_startup_scope
        and e.start_date < least(e.end_date, {{ young_until('e.establishment_date') }})
        and {{ is_touched('person', 'e.founder_id') }}
{% endmacro %}
