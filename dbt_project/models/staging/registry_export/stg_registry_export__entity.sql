with listing as (
    select * from {{ source('raw', 'registry_export') }}
),

deliveries as (
    select * from {{ source('ledger', 'delivery') }}
),

-- The listing says of an entity that it was registered, never that it moved or ended.
final as (
    select
        r.row_id,
        r.delivery_id,
        d.business_date,
        d.sequence,
        d.region,
        {{ fold_key(['r.uscc']) }} as fold_key,
        r.uscc,
        r.entname,
        r.estdate::date as estdate
    from listing as r
    inner join deliveries as d on r.delivery_id = d.delivery_id
)

select * from final
