{{ config(materialized='view') }}

-- How far each source is known. A source is behind at K when its last expected delivery up to K is not accepted, and when it
-- never delivered. It is known up to the day before the first delivery that is missing since the last that came (so the survey
-- of a year stays known when that of the next is missing), and not less than its last delivery says; periods that end later are
-- stale. Where the public listing fills the register, it stands for registrations and promises nothing.
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

promise as (
    select e.source, e.business_date, e.status in ('arrived', 'late') as is_kept
    from {{ source('ledger', 'expected_delivery') }} as e
    inner join build as b on e.region = b.region and e.business_date <= b.business_date
),

last_kept as (
    select source, max(business_date) as business_date from promise
    where is_kept
    group by source
),

missing as (
    select p.source, min(p.business_date) as business_date
    from promise as p
    left join last_kept as k on p.source = k.source
    where p.business_date > coalesce(k.business_date, '-infinity'::date)
    group by p.source
),

sources as (
    select source from accepted
    union
    select source from promise
),

final as (
    select
        s.source,
        case when a.known_to is not null then greatest(a.known_to, m.business_date - 1) end as known_to,
        a.known_to is null or (m.source is not null and not coalesce(a.by_listing, false)) as is_behind
    from sources as s
    left join accepted as a on s.source = a.source
    left join missing as m on s.source = m.source
)

select * from final
