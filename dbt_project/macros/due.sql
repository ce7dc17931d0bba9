{#- Units that are due: those for which the step from the last K to this one matters by itself, without any delivery. An
    account that reads K (an open spell lasts until K, and so enters a new year) names its units here: rows
    (unit_type, unit_id). Most accounts need none: what happens on a known day is posted ahead. -#}
{% macro due_units(entities, spells) %}
    select 'entity' as unit_type, e.entity_id as unit_id
    from {{ entities }} as e
    inner join {{ spells }} as s on e.regno = s.employer_regno
    where {{ year_has_turned() }} and s.alive and s.end_date is null and s.employment_form = '1'
{% endmacro %}

{#- K has entered a year in which the published build was not; null before any was published. -#}
{% macro year_has_turned() -%}
    (
        select extract(year from b.business_date) > extract(year from p.business_date)
        from {{ source('ledger', 'current_build') }} as b
        inner join {{ source('ledger', 'build') }} as p on b.previous_build_id = p.build_id
    )
{%- endmacro %}
