with answers as (
    select * from {{ source('raw', 'survey') }}
),

deliveries as (
    select * from {{ source('ledger', 'delivery') }}
),

final as (
    select
        a.row_id,
        a.delivery_id,
        d.business_date,
        d.sequence,
        {{ fold_key(['a.wave', 'a.sampleid']) }} as fold_key,
        a.wave::integer as wave,
        a.sampleid as sample_no,
        a.stratum,
        a.psu,
        a.weight::numeric as weight,
        coalesce(a.town, d.region || '999') as town,
        a.age::integer as age_years,
        a.sex,
        {{ founder_groups('a.grp') }} as founder_groups,
        a.status,
        case when a.status in ('2', '3', '4') then a.motive end as motive,
        a.s1::integer as s1,
        a.s2::integer as s2,
        a.s3::integer as s3
    from answers as a
    inner join deliveries as d on a.delivery_id = d.delivery_id
)

select * from final
