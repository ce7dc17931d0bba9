{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_older_lists() }}') }}

-- Every town of the region that ever was or is announced, and the town of the list in force at K that its units are counted in:
-- itself, the one that took its place, or, before its first day, the one whose place it will take; the unknown town where there
-- is none. Rows of all builds since the published one: what a failed build did to the register is undone by the next.
with recursive build as (
    select build_id, region, business_date from {{ source('ledger', 'current_build') }}
),

town as (
    select
        g.geography, g.successor,
        coalesce(g.valid_from, '-infinity'::date) > b.business_date as is_to_come,
        coalesce(g.valid_to, 'infinity'::date) < b.business_date as has_ended
    from {{ ref('geography') }} as g
    inner join build as b on g.parent = b.region
),

chain as (
    select geography as town, geography as counted_as, has_ended, is_to_come, successor from town
    union all
    select c.town, s.geography, s.has_ended, s.is_to_come, s.successor
    from chain as c
    inner join town as s on c.successor = s.geography
    where c.has_ended
),

before as (
    select successor as town, min(geography) as counted_as
    from town
    where not (has_ended or is_to_come)
    group by successor
    having count(*) = 1
),

final as (
    select
        b.build_id, t.geography as town, t.is_to_come,
        coalesce(case when t.is_to_come then p.counted_as else c.counted_as end, b.region || '999') as counted_as
    from town as t
    cross join build as b
    left join chain as c on t.geography = c.town and not (c.has_ended or c.is_to_come)
    left join before as p on t.geography = p.town
)

select * from final
