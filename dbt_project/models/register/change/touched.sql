{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ empty_this() }}',
          indexes=[{'columns': ['unit_type', 'unit_id'], 'unique': true}]) }}

-- Units whose postings are worked out tonight, with the deliveries that are the reason: by links as they were
-- (in this build and in failed ones before it) and as they are now.
with linked as (
    {{ units_of_changed_keys(ref('unit'), ref('reg_entity'), ref('reg_spell'), ref('reg_loan_event'), ref('reg_training')) }}
    union all
    select unit_type, unit_id, caused_by
    from {{ ref('touched_before') }}
    where build_id > {{ this_build('previous_build_id') }}
),

causes as (
    select distinct l.unit_type, l.unit_id, c.delivery_id
    from linked as l
    cross join lateral unnest(l.caused_by) as c (delivery_id)
),

final as (
    select unit_type, unit_id, array_agg(delivery_id order by delivery_id) as caused_by
    from causes
    group by unit_type, unit_id
)

select * from final
