{{ config(materialized='view') }}

-- How far each source is known. A source is behind at K when its last expected delivery up to K is not accepted,
-- and when it never delivered; then periods that end after its last accepted business date are stale. Where the public
-- listing fills the register, it stands for registrations and promises nothing.
with build as (
    select * from {{ source('ledger', 'current_build') }}
),

accepted as (
    select
        case when d.source = 'registry_export' then 'registrations' else d.source end as source,
        max(d.business_date) as known_to,
        bool_or(d.source = 'registry_export') as by_listing
    from {{ source('ledger', 'delivery') }} as d
    inner join {{ source('ledger', 'build_input') }} as i on d.delivery_id = i.delivery_id
    inner join build as b on i.build_id = b.build_id
    group by 1
),

last_expected as (
    select distinct on (e.source) e.source, e.status
    from {{ source('ledger', 'expected_delivery') }} as e
    inner join build as b on e.region = b.region and e.business_date <= b.business_date
    order by e.source, e.business_date desc
),

sources as (
    select source from accepted
    union
    select source from last_expected
),

final as (
    select
        s.source,
        a.known_to,
        a.known_to is null
        or (coalesce(e.status not in ('arrived', 'late'), false) and not coalesce(a.by_listing, false)) as is_behind
    from sources as s
    left join accepted as a on s.source = a.source
    left join last_expected as e on s.source = e.source
)

select * from final
