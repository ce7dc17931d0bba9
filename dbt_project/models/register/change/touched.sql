{{ config(materialized='incremental', incremental_strategy='append', pre_hook=['{{ ensure_accounts() }}', '{{ empty_this() }}'],
          post_hook='{{ analyse_this() }}', indexes=[{'columns': ['unit_type', 'unit_id'], 'unique': true}]) }}

-- Units whose postings are worked out tonight, with the deliveries that are the reason: by links as they were
-- (in this build and in failed ones before it) and as they are now; and units that are due, for which there is none. Before
-- anything is published, while an account is not posted in full, and when towns have changed, it is every unit.
-- depends_on: {{ ref('changed_key') }}, {{ ref('changed_voucher') }}, {{ ref('touched_before') }}, {{ ref('unit') }}
-- depends_on: {{ ref('reg_entity') }}, {{ ref('reg_spell') }}, {{ ref('reg_loan_event') }}, {{ ref('reg_training') }}
-- depends_on: {{ ref('reg_voucher') }}, {{ ref('town_in_force') }}
{% if nothing_is_published() %}
select unit_type, unit_id, array[]::integer [] as caused_by
from {{ ref('unit') }}
{% else %}
with linked as (
    {{ units_of_changed_keys(ref('unit'), ref('reg_entity'), ref('reg_spell'), ref('reg_loan_event'), ref('reg_training'),
                              ref('reg_voucher')) }}
    union all
    select unit_type, unit_id, caused_by
    from {{ ref('touched_before') }}
    where build_id > {{ published_build() }}
    union all
    select unit_type, unit_id, array[]::integer [] as caused_by
    from ({{ due_units(ref('reg_entity'), ref('reg_spell'), ref('reg_voucher')) }}) as d
    {%- if some_account_is_new() or towns_have_changed() %}
    union all
    select unit_type, unit_id, array[]::integer [] as caused_by
    from {{ ref('unit') }}
    {%- endif %}
),

causes as (
    select distinct l.unit_type, l.unit_id, c.delivery_id
    from linked as l
    left join lateral unnest(l.caused_by) as c (delivery_id) on true
),

final as (
    select
        unit_type,
        unit_id,
        coalesce(array_agg(delivery_id order by delivery_id) filter (where delivery_id is not null), '{}') as caused_by
    from causes
    group by unit_type, unit_id
)

select * from final
{% endif %}
