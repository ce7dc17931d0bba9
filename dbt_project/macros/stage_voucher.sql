{#- Both tax offices deliver the same fields: one statement types them. Blank amounts mean 0. -#}
{% macro stage_voucher(vouchers, deliveries, office) -%}
    select
        v.row_id,
        v.delivery_id,
        d.business_date,
        d.sequence,
        {{ fold_key(['v.voucher']) }} as fold_key,
        '{{ office }}' as office,
        v.voucher,
        v.taxpayer,
        v.taxpayer_check is not null as taxpayer_is_person,
        v.regno,
        v.taxtype,
        v.periodstart::date as period_start,
        v.periodend::date as period_end,
        coalesce(v.revenue::numeric, 0) as revenue_cny,
        coalesce(v.taxdue::numeric, 0) as tax_due_cny,
        coalesce(v.relief::numeric, 0) as relief_cny,
        v.reliefcode as relief_code,
        coalesce(v.paid::numeric, 0) as paid_cny,
        v.paiddate::date as paid_date,
        coalesce(v.void, 'N') = 'Y' as is_void,
        coalesce(v.correction, '0') as correction
    from {{ vouchers }} as v
    inner join {{ deliveries }} as d on v.delivery_id = d.delivery_id
{%- endmacro %}
