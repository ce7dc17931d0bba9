{#- The fold of a source: what its deliveries say of each key as known at K.

    Only keys in deliveries that joined or left since the published build are worked out again. A key that no
    delivery says any longer stays, with the last row that said it, as one that is not `alive`: so the register
    learns that it is gone, and what hung on it is looked at once more.

    A full delivery ends what earlier ones said of a key that it does not have, unless it has the key in a
    quarantined row. `scope`: a full delivery replaces only the values of this column, the first of the key, that it contains,
    in quarantined rows too.

    A night does not read the deliveries that it knows: the row that stands for a key is the last of those that were
    used, and only rows of deliveries that joined may come after it. Where that row's delivery has left, all that was ever said
    of the key is read again. A warehouse's first build reads everything. -#}
{% macro fold(source_name, staging, scope=none) %}
{%- set from_the_start = not is_incremental() and nothing_is_published() %}
-- depends_on: {{ ref('changed_delivery') }}
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

{% if is_incremental() -%}
{%- set columns = fold_columns(staging) -%}
standing as (
    select {{ columns }}
    from {{ this }} as t
    where t.row_id is not null and t.unit_key in (select c.fold_key from changed as c)
),
{% if some_delivery_left(source_name) %}
orphan as (
    select s.fold_key
    from standing as s
    where s.delivery_id in ({{ deliveries_that_changed(source_name, "'removed'") }})
),
{% endif %}
candidate as (
    select * from standing
    union all
    select {{ columns }}
    from {{ staging }} as s
    where s.delivery_id in ({{ deliveries_that_changed(source_name, "'added'") }})
    {%- if some_delivery_left(source_name) %}
    union all
    select {{ columns }}
    from {{ staging }} as s
    where s.fold_key in (select o.fold_key from orphan as o)
    {%- endif %}
),
{% elif from_the_start %}
candidate as (
    select s.*
    from {{ staging }} as s
    where s.delivery_id in (select u.delivery_id from used as u)
),
{% else %}
candidate as (
    select s.*
    from {{ staging }} as s
    where s.fold_key in (select c.fold_key from changed as c)
),
{% endif %}
latest as (
    select distinct on (s.fold_key) s.*
    from candidate as s
    left join used as u on s.delivery_id = u.delivery_id
    order by s.fold_key asc, (u.delivery_id is not null) desc, s.business_date desc, s.sequence desc, s.row_id desc
),
{% if scope %}
scopes as (
    select distinct s.delivery_id, s.{{ scope }}
    from {{ staging }} as s
    inner join used as u on s.delivery_id = u.delivery_id
    where u.kind = 'full'
    union
    select q.delivery_id, case when q.key[1] ~ '^[0-9]{4}$' then q.key[1]::integer end
    from {{ source('quarantine', source_name) }} as q
    inner join used as u on q.delivery_id = u.delivery_id
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
        {{ 'l' if from_the_start else 'c' }}.fold_key as unit_key,
        u.delivery_id is not null and e.fold_key is null as alive,
        {{ this_build() }} as build_id,
        l.*
    {%- if from_the_start %}
    from latest as l
    {%- else %}
    from changed as c
    left join latest as l on c.fold_key = l.fold_key
    {%- endif %}
    left join used as u on l.delivery_id = u.delivery_id
    left join ended as e on l.fold_key = e.fold_key
)

select * from final
{% endmacro %}

{#- The columns of a staging relation, in its order. -#}
{% macro fold_columns(staging) -%}
    {%- if not execute -%}
        {{ return('*') }}
    {%- endif -%}
    {{ return(adapter.get_columns_in_relation(staging) | map(attribute='name') | join(', ')) }}
{%- endmacro %}

{#- Deliveries of a source that joined or left the fold since the published build, as a list of numbers, of which the planner knows the
    partitions; null for none. -#}
{% macro deliveries_that_changed(source_name, changes) -%}
    {%- set asked = 'select delivery_id from ' ~ ref('changed_delivery') ~ " where source = '" ~ source_name ~ "' and change in ("
        ~ changes ~ ')' -%}
    {%- if not execute or model.resource_type == 'unit_test' -%}{{ return(asked) }}{%- endif -%}
    {{ return(run_query(asked).columns[0].values() | map('int') | join(', ') or 'null') }}
{%- endmacro %}

{#- Whether a delivery of the source left the fold since the published build. -#}
{% macro some_delivery_left(source_name) -%}
    {{ return(deliveries_that_changed(source_name, "'removed'") != 'null') }}
{%- endmacro %}
