{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ empty_this() }}') }}

-- Deliveries that joined the fold since the published build, and those that left it: also what a failed build
-- in between had used, as the register may hold its rows.
with build as (
    select * from {{ source('ledger', 'current_build') }}
),

input as (
    select * from {{ source('ledger', 'build_input') }}
),

used as (
    select i.delivery_id from input as i inner join build as b on i.build_id = b.build_id
),

published as (
    select i.delivery_id from input as i inner join build as b on i.build_id = b.previous_build_id
),

used_before as (
    select i.delivery_id
    from input as i
    inner join build as b on i.build_id >= b.previous_build_id and i.build_id < b.build_id
),

change as (
    select delivery_id, 'added' as change from (select * from used except select * from published) as a
    union all
    select delivery_id, 'removed' as change from (select * from used_before except select * from used) as r
),

final as (
    select c.delivery_id, d.source, d.kind, c.change
    from change as c
    inner join {{ source('ledger', 'delivery') }} as d on c.delivery_id = d.delivery_id
)

select * from final
