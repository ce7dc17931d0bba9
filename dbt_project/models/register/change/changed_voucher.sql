{{ config(materialized='incremental', incremental_strategy='append',
          indexes=[{'columns': ['office', 'unit_key']}],
          pre_hook='{{ forget_published() }}', post_hook='{{ analyse_this() }}') }}

-- Vouchers whose entity is found anew: those that changed, those that were linked to an entity that changed, and those that name
-- its number or its founder as known now. Written before the links change and kept until a build is published, so that a
-- build that fails in between forgets none. While there are no links yet all vouchers are linked, and none is listed.
{% set vouchers = as_left('register', 'reg_voucher') %}
-- depends_on: {{ ref('changed_key') }}, {{ ref('fold_register') }}, {{ ref('unit') }}
{% if vouchers %}
with changed as (
    select * from {{ ref('changed_key') }}
),

entity as (
    select u.unit_id as entity_id, v.regno, p.unit_id as founder_id, c.caused_by
    from changed as c
    inner join {{ ref('fold_register') }} as v on c.fold_key = v.unit_key
    inner join {{ ref('unit') }} as u on u.unit_type = 'entity' and v.unit_key = u.unit_key
    left join {{ ref('unit') }} as p on p.unit_type = 'person' and v.founder_pseudonym = p.unit_key
    where
        c.source in ('registrations', 'registry_export')
        -- the same once more, in a form that is asked of the index of each fold behind the view
        and v.unit_key = any(array(
            select k.fold_key from changed as k where k.source in ('registrations', 'registry_export')
        ))
),

found as (
    select replace(c.source, 'tax_', '') as office, c.fold_key as unit_key, c.caused_by
    from changed as c
    where c.source in ('tax_national', 'tax_local')
    union all
    select v.office, v.unit_key, e.caused_by
    from {{ vouchers }} as v
    inner join entity as e on v.entity_id = e.entity_id
    union all
    select v.office, v.unit_key, e.caused_by
    from {{ vouchers }} as v
    inner join entity as e on v.regno = e.regno
    union all
    select v.office, v.unit_key, e.caused_by
    from {{ vouchers }} as v
    inner join entity as e on v.taxpayer_id = e.founder_id
),

final as (
    select
        {{ this_build() }} as build_id,
        f.office,
        f.unit_key,
        array_agg(distinct c.delivery_id order by c.delivery_id) as caused_by
    from found as f
    cross join lateral unnest(f.caused_by) as c (delivery_id)
    group by f.office, f.unit_key
)

select * from final
{% else %}
select 0 as build_id, ''::text as office, ''::text as unit_key, array[]::integer [] as caused_by
where false
{% endif %}
