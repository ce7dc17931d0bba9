{#- The entity of each record that names a registration number: of several with the number the one in stock on the
    reference day, then the one with the latest start, then the smallest PRIPID. Records without one have no row.
    `link_method` says whether the number was one entity's alone. Needs a relation or CTE with the named columns. -#}
{% macro linked_entities(records, key, regno, day) %}
    select distinct on (r.{{ key }})
        r.{{ key }},
        e.entity_id,
        e.town,
        case when count(*) over (partition by r.{{ key }}) = 1 then 'regno' else 'regno_of_several' end as link_method
    from {{ records }} as r
    inner join {{ ref('reg_entity') }} as e on r.{{ regno }} = e.regno and e.alive
    order by
        r.{{ key }},
        (e.start_date <= r.{{ day }} and (e.end_date is null or e.end_date > r.{{ day }})) desc nulls last,
        e.start_date desc,
        e.unit_key collate "C"
{% endmacro %}

{#- Contracts that no delivery says any longer leave the table of contracts. -#}
{% macro drop_dead_contracts() -%}
    {%- if is_incremental() -%}
    delete from {{ this }} as c
    using {{ ref('touched') }} as t
    where t.unit_type = 'contract' and t.unit_id = c.contract_id
        and not exists (
            select 1 from {{ ref('reg_loan_event') }} as e
            where e.contract_id = c.contract_id and e.alive and e.event = '放款'
        )
    {%- endif -%}
{%- endmacro %}
