with participations as (
    select * from {{ source('raw', 'training') }}
),

deliveries as (
    select * from {{ source('ledger', 'delivery') }}
),

final as (
    select
        p.row_id,
        p.delivery_id,
        d.business_date,
        d.sequence,
        {{ fold_key(['p.class_no', 'p.person_id']) }} as fold_key,
        p.class_no,
        p.provider,
        p.course,
        p.person_id as person_pseudonym,
        nullif(p.person_id_sex, '') as sex,
        p.person_id_birth_year::integer as birth_year,
        {{ founder_groups('p.founder_group') }} as founder_groups,
        p.start_date::date as start_date,
        p.end_date::date as end_date,
        p.result,
        p.subsidy_cny::numeric as subsidy_cny,
        p.venture_date::date as venture_date,
        p.regno,
        p.jobs_created::integer as jobs_created,
        coalesce(p.town, d.region || '999') as town
    from participations as p
    inner join deliveries as d on p.delivery_id = d.delivery_id
)

select * from final
