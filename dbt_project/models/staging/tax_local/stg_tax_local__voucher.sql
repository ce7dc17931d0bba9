with vouchers as (
    select * from {{ source('raw', 'tax_local') }}
),

deliveries as (
    select * from {{ source('ledger', 'delivery') }}
),

final as (
    {{ stage_voucher('vouchers', 'deliveries', 'local') }}
)

select * from final
