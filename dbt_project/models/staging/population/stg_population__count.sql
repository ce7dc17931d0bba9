with counts as (
    select * from {{ source('raw', 'population') }}
),

deliveries as (
    select * from {{ source('ledger', 'delivery') }}
),

final as (
    select
        c.row_id,
        c.delivery_id,
        d.business_date,
        d.sequence,
        {{ fold_key(['c.year', 'c.geo']) }} as fold_key,
        c.year::integer as year,
        c.geo as geography,
        c.resident::numeric as resident,
        c.age1564::numeric as age_15_64,
        c.age1560::numeric as age_15_60,
        c.age1664::numeric as age_16_64,
        c.age1864::numeric as age_18_64,
        c.urbanlabour::numeric as urban_labour,
        c.status
    from counts as c
    inner join deliveries as d on c.delivery_id = d.delivery_id
)

select * from final
