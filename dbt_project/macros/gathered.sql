{#- The difference that some models of accounts make in the ledger: what the touched units should stand at, less what stands for
    them. While an account is not posted in full, or nothing is published, all units are touched. Where nothing stands at all,
    what should stand is the difference. -#}
{% macro gathered(models) -%}
{%- set accounts = accounts_gathered(models) -%}
with desired as (
    {%- for name in models %}
    select {{ posting_identity() }}, weight from {{ ref(name) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

touched as (
    select * from {{ ref('touched') }}
),
{% if nothing_stands(accounts) %}
difference as (
    select * from desired
    where weight <> 0
),
{% else %}
standing as (
    select {{ posting_identity('p') }}, -p.weight as weight
    from {{ source('evidence', 'posting') }} as p
    inner join touched as t on p.unit_type = t.unit_type and p.unit_id = t.unit_id
    where p.account = any({{ text_list(accounts) }})
),

difference as (
    select {{ posting_identity() }}, sum(weight) as weight
    from (select * from desired union all select * from standing) as both_sides
    group by {{ posting_identity() }}
    having sum(weight) <> 0
),
{% endif %}
final as (
    select
        d.account, d.effective_date, d.until_date, d.period_grain, d.geography, d.geo_scope, d.applies_to, d.sector, d.industry,
        d.founder_groups, d.sex, d.birth_year, d.psu, d.unit_type, d.unit_id, d.weight, d.source_rows,
        {{ this_build() }} as build_id,
        {% if nothing_is_published() -%}
        case
            when cardinality(d.source_rows) = 1 then array[(d.source_rows[1] >> 32)::integer]
            else array(select distinct (r.row_id >> 32)::integer from unnest(d.source_rows) as r (row_id) order by 1)
        end as caused_by
    from difference as d
        {%- else -%}
        coalesce(t.caused_by, array[]::integer []) as caused_by
    from difference as d
    left join touched as t on d.unit_type = t.unit_type and d.unit_id = t.unit_id
        {%- endif %}
)

select * from final
{%- endmacro %}

{#- The accounts that these models say. -#}
{% macro accounts_gathered(models) -%}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- for name in models -%}
            {%- do found.extend(accounts_of(graph.nodes['model.' ~ project_name ~ '.' ~ name])) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}
