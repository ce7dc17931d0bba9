{#- Which entity a record belongs to. Records (r) have the columns of `key`, `day` and `on`; holders (e) are the entities that
    may be meant, with `holders`, how many share what they are found by. Of several the one in stock on the day is taken,
    then the latest start, then the smallest PRIPID. -#}
{% macro chosen_entity(records, holders, on, key, day) %}
    select {{ key | join(', ') }}, e.entity_id
    from {{ records }} as r
    inner join {{ holders }} as e on {{ on }}
    where e.holders = 1
    union all
    (
        select distinct on ({{ key | join(', ') }}) {{ key | join(', ') }}, e.entity_id
        from {{ records }} as r
        inner join {{ holders }} as e on {{ on }}
        where e.holders > 1
        order by
            {{ key | join(', ') }},
            coalesce(e.start_date <= {{ day }} and (e.end_date is null or e.end_date > {{ day }}), false) desc,
            e.start_date desc,
            e.unit_key collate "C"
    )
{% endmacro %}
