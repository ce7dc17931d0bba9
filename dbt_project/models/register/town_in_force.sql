{{ config(materialized='incremental', incremental_strategy='append', pre_hook='{{ forget_other_lists() }}') }}

-- Every town of the region that ever was, and the town of the list in force at K that its units are counted in: itself, or the
-- one that took its place; the unknown town where nothing did. The published build's rows are kept beside this build's.
with recursive build as (
    select build_id, region, business_date from {{ source('ledger', 'current_build') }}
),

town as (
    select g.geography, g.valid_to, g.successor
    from {{ ref('geography') }} as g
    inner join build as b on g.parent = b.region
),

chain as (
    select geography as town, geography as counted_as, valid_to, successor from town
    union all
    select c.town, s.geography, s.valid_to, s.successor
    from chain as c
    inner join build as b on c.valid_to < b.business_date
    inner join town as s on c.successor = s.geography
),

final as (
    select b.build_id, t.geography as town, coalesce(c.counted_as, b.region || '999') as counted_as
    from town as t
    cross join build as b
    left join chain as c on t.geography = c.town and coalesce(c.valid_to, 'infinity'::date) >= b.business_date
)

select * from final
