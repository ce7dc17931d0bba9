{#- Units that are due: those for which the step from the last K to this one matters by itself, without any delivery. An
    account that reads K (an open spell lasts until K, and so enters a new year) names its units here: rows
    (unit_type, unit_id). Most accounts need none: what happens on a known day is posted ahead. -#}
{% macro due_units(entities, spells, vouchers) %}
    select 'entity' as unit_type, e.entity_id as unit_id
    from {{ entities }} as e
    inner join {{ spells }} as s on e.regno = s.employer_regno
    where {{ year_has_turned() }} and s.alive and s.end_date is null and s.employment_form = '1'
    union all
    -- activity is known up to two years after K: periods that end later are cut there (reg_activity)
    select 'entity' as unit_type, v.entity_id as unit_id
    from {{ vouchers }} as v
    where
        {{ year_has_turned() }} and v.alive and v.entity_id is not null
        and v.period_end > (select make_date(extract(year from p.business_date)::integer + 2, 12, 31)
            from {{ source('ledger', 'current_build') }} as b
            inner join {{ source('ledger', 'build') }} as p on b.previous_build_id = p.build_id)
{% endmacro %}

{#- K has entered a year in which the published build was not; null before any was published. -#}
{% macro year_has_turned() -%}
    (
        select extract(year from b.business_date) > extract(year from p.business_date)
        from {{ source('ledger', 'current_build') }} as b
        inner join {{ source('ledger', 'build') }} as p on b.previous_build_id = p.build_id
    )
{%- endmacro %}
