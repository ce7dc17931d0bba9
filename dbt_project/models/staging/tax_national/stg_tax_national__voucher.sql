with vouchers as (
    select * from {{ source('raw', 'tax_national') }}
),

deliveries as (
    select * from {{ source('ledger', 'delivery') }}
),

final as (
    {{ stage_voucher('vouchers', 'deliveries', 'national') }}
)

select * from final
