with spells as (
    select * from {{ source('raw', 'employment') }}
),

deliveries as (
    select * from {{ source('ledger', 'delivery') }}
),

final as (
    select
        s.row_id,
        s.delivery_id,
        d.business_date,
        d.sequence,
        {{ fold_key(['s.aac001', 's.aab001', 's.aae030']) }} as fold_key,
        s.aac001 as person_no,
        s.aac002 as person_pseudonym,
        coalesce(s.aac004, nullif(s.aac002_sex, '')) as sex,
        coalesce(extract(year from s.aac006::date)::integer, s.aac002_birth_year::integer) as birth_year,
        s.aab001 as employer_no,
        s.aab003 as employer_regno,
        s.aae030::date as start_date,
        s.aae031::date as end_date,
        s.acc031 as employment_form,
        coalesce(s.acc032, '0') = '1' as is_new_urban,
        s.acc033 as end_reason,
        {{ founder_groups('s.acc034') }} as founder_groups,
        coalesce(s.town, d.region || '999') as town
    from spells as s
    inner join deliveries as d on s.delivery_id = d.delivery_id
)

select * from final
