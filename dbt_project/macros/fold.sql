{#- The fold of a source: what its deliveries say of each key as known at K.

    Only keys in deliveries that joined or left since the published build are worked out again. A key that no
    delivery says any longer stays, with the last row that said it, as one that is not `alive`: so the register
    learns that it is gone, and what hung on it is looked at once more.

    A full delivery ends what earlier ones said of a key that it does not have, unless it has the key in a
    quarantined row. `scope`: a full delivery replaces only the values of this column that it contains. -#}
{% macro fold(source_name, staging, scope=none) %}
with changed as (
    select fold_key from {{ ref('changed_key') }}
    where source = '{{ source_name }}'
),

used as (
    select d.delivery_id, d.kind, d.business_date, d.sequence
    from {{ source('ledger', 'delivery') }} as d
    inner join {{ source('ledger', 'build_input') }} as i on d.delivery_id = i.delivery_id
    where i.build_id = {{ this_build() }} and d.source = '{{ source_name }}'
),

latest as (
    select distinct on (s.fold_key) s.*
    from {{ staging }} as s
    inner join changed as c on s.fold_key = c.fold_key
    left join used as u on s.delivery_id = u.delivery_id
    order by s.fold_key asc, (u.delivery_id is not null) desc, s.business_date desc, s.sequence desc, s.row_id desc
),
{% if scope %}
scopes as (
    select distinct s.delivery_id, s.{{ scope }}
    from {{ staging }} as s
    inner join used as u on s.delivery_id = u.delivery_id
    where u.kind = 'full'
),
{% endif %}
ended as (
    select distinct l.fold_key
    from latest as l
    inner join used as f
        on f.kind = 'full' and (f.business_date, f.sequence) > (l.business_date, l.sequence)
    {%- if scope %}
    inner join scopes as s on f.delivery_id = s.delivery_id and l.{{ scope }} = s.{{ scope }}
    {%- endif %}
    where not exists (
        select 1 from {{ source('quarantine', source_name) }} as q
        where q.delivery_id = f.delivery_id and array_to_string(q.key, chr(31), '') = l.fold_key
    )
),

final as (
    select
        c.fold_key as unit_key,
        u.delivery_id is not null and e.fold_key is null as alive,
        {{ this_build() }} as build_id,
        l.*
    from changed as c
    left join latest as l on c.fold_key = l.fold_key
    left join used as u on l.delivery_id = u.delivery_id
    left join ended as e on c.fold_key = e.fold_key
)

select * from final
{% endmacro %}
