{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ empty_this() }}',
          indexes=[{'columns': ['source', 'fold_key']}]) }}

-- Keys whose fold may have changed, with the deliveries that are the reason. A full delivery speaks of every key; a source
-- that has no fold yet (it is new to this warehouse) is folded from all that the build uses.
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
    select '{{ source_name }}' as source, s.fold_key, s.delivery_id
    from {{ staging }} as s
    inner join {{ 'changed' if left else 'used' }} as c on s.delivery_id = c.delivery_id
    {% if left %}
    union all
    select '{{ source_name }}' as source, f.unit_key as fold_key, c.delivery_id
    from {{ left }} as f
    inner join changed as c on c.source = '{{ source_name }}' and c.kind = 'full'
    {% endif %}
    union all
    {% endfor %}
    -- coded otherwise than before: the dictionaries changed
    select c.source, c.unit_key as fold_key, (c.row_id >> 32)::integer as delivery_id
    from {{ source('register', 'coding') }} as c
    inner join used as u on c.row_id >> 32 = u.delivery_id
    where c.source = 'registry_export' and c.build_id > {{ this_build('previous_build_id') }}
),

final as (
    select source, fold_key, array_agg(distinct delivery_id order by delivery_id) as caused_by
    from said
    group by source, fold_key
)

select * from final
