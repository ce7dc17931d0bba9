{{ config(materialized='view') }}

-- A figure is revised where it is not what the last published release says, and not final. Only figures that a build changed
-- after the release's can be, so the release is looked into for them alone.
with released as (
    select release_id, build_id
    from {{ source('release', 'published') }}
    order by release_id desc
    limit 1
),

final as (
    select
        v.indicator,
        v.method_version,
        v.period,
        v.period_grain,
        v.geography,
        v.geography_vintage,
        v.breakdown_type,
        v.breakdown,
        v.value,
        v.numerator,
        v.denominator,
        v.unit_count,
        v.standard_error,
        v.ci_low,
        v.ci_high,
        v.availability,
        case
            when v.status <> 'F' and v.build_id > r.build_id and exists (
                select 1
                from {{ source('release', 'figure') }} as f
                where
                    f.release_id = r.release_id
                    and f.indicator = v.indicator
                    and f.period = v.period
                    and f.geography = v.geography
                    and f.breakdown_type = v.breakdown_type
                    and f.breakdown = v.breakdown
                    and f.method_version = v.method_version
                    and f.value is distinct from v.value
            ) then 'R'
            else v.status
        end as status,
        v.build_id
    from {{ source('evidence', 'indicator_value_current') }} as v
    left join released as r on true
)

select * from final
