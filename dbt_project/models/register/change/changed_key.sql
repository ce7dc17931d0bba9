{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ empty_this() }}',
          indexes=[{'columns': ['source', 'fold_key']}], post_hook='{{ analyse_this() }}') }}

-- Keys whose fold may have changed, with the deliveries that are the reason. A full delivery speaks of every key; a source
-- that has no fold yet (it is new to this warehouse) is folded from all that the build uses. A warehouse's first build works
-- out all units, and lists none.
{% set folds = {
    'registrations': ref('stg_registrations__entity'),
    'registry_export': ref('stg_registry_export__entity'),
    'employment': ref('stg_employment__spell'),
    'tax_national': ref('stg_tax_national__voucher'),
    'tax_local': ref('stg_tax_local__voucher'),
    'loans': ref('stg_loans__event'),
    'training': ref('stg_training__participation'),
    'survey': ref('stg_survey__answer'),
    'population': ref('stg_population__count'),
} %}

with changed as ( -- noqa: ST03
    select * from {{ ref('changed_delivery') }}
),

used as (
    select i.delivery_id from {{ source('ledger', 'build_input') }} as i
    where i.build_id = {{ this_build() }}
),

said as (
    {% for source_name, staging in folds.items() %}
    {% set left = as_left('register', 'fold_' ~ source_name) %}
    {% if left %}
    select '{{ source_name }}' as source, s.fold_key, s.delivery_id
    from {{ staging }} as s
    where s.delivery_id in ({{ deliveries_that_changed(source_name, "'added', 'removed'") }})
    union all
    select c.source, f.unit_key as fold_key, c.delivery_id
    from changed as c
    cross join {{ left }} as f
    where c.source = '{{ source_name }}' and c.kind = 'full'
    {% elif nothing_is_published() %}
    select '{{ source_name }}' as source, null::text as fold_key, 0 as delivery_id
    where false
    {% else %}
    select '{{ source_name }}' as source, s.fold_key, s.delivery_id
    from {{ staging }} as s
    inner join used as c on s.delivery_id = c.delivery_id
    {% endif %}
    union all
    {% endfor %}
    -- coded otherwise than before: the dictionaries changed
    select c.source, c.unit_key as fold_key, (c.row_id >> 32)::integer as delivery_id
    from {{ source('register', 'coding') }} as c
    inner join used as u on c.row_id >> 32 = u.delivery_id
    where c.source = 'registry_export' and c.build_id > {{ published_build() }}
),

final as (
    select source, fold_key, array_agg(distinct delivery_id order by delivery_id) as caused_by
    from said
    group by source, fold_key
)

select * from final
