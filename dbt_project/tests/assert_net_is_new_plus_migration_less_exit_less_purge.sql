-- ENT_NET = ENT_NEW + ENT_MIG - ENT_EXIT - ENT_PURGE in every cell that the build wrote, with what is published for
-- the cells that it left alone. Blocks the build.
with written as (
    select indicator, period, geography, breakdown_type, breakdown, numerator
    from {{ ref('indicator_value') }}
    where build_id = {{ this_build() }}
),

cells as (
    select distinct period, geography, breakdown_type, breakdown from written
    where indicator in ('ENT_NET', 'ENT_NEW', 'ENT_MIG', 'ENT_EXIT', 'ENT_PURGE')
),

published as (
    select o.indicator, o.period, o.geography, o.breakdown_type, o.breakdown, o.numerator
    from {{ source('evidence', 'indicator_value_current') }} as o
    inner join cells using (period, geography, breakdown_type, breakdown)
),

now_known as (
    select coalesce(w.indicator, p.indicator) as indicator, period, geography, breakdown_type, breakdown,
        coalesce(w.numerator, p.numerator) as numerator
    from written as w
    full join published as p using (indicator, period, geography, breakdown_type, breakdown)
),

final as (
    select
        period, geography, breakdown_type, breakdown,
        coalesce(sum(numerator) filter (where indicator = 'ENT_NET'), 0)
        - coalesce(sum(numerator) filter (where indicator in ('ENT_NEW', 'ENT_MIG')), 0)
        + coalesce(sum(numerator) filter (where indicator in ('ENT_EXIT', 'ENT_PURGE')), 0) as gap
    from now_known
    group by period, geography, breakdown_type, breakdown
)

select * from final
where gap <> 0
