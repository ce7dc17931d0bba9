with registrations as (
    select * from {{ source('raw', 'registrations') }}
),

deliveries as (
    select * from {{ source('ledger', 'delivery') }}
),

towns as (
    select * from {{ ref('geography') }}
    where level = 'town' and geography not like '%999'
),

-- A blank TOWN is coded when DOM holds the full name of exactly one town of the list in force on the business date.
final as (
    select
        r.row_id,
        r.delivery_id,
        d.business_date,
        d.sequence,
        {{ fold_key(['r.pripid']) }} as fold_key,
        r.pripid,
        r.regno,
        r.uniscid,
        r.entname,
        r.enttype,
        r.estdate::date as estdate,
        r.regstate,
        r.candate::date as candate,
        r.revdate::date as revdate,
        r.exitreason,
        r.indate::date as indate,
        r.outdate::date as outdate,
        r.industrystd,
        r.industryco,
        r.lerepcerno as founder_pseudonym,
        nullif(r.lerepcerno_sex, '') as founder_sex,
        r.lerepcerno_birth_year::integer as founder_birth_year,
        {{ founder_groups('r.foundergroup') }} as founder_groups,
        coalesce(
            r.town,
            (
                select case when count(*) = 1 then min(t.geography) end
                from towns as t
                where
                    r.town is null
                    and t.parent = d.region
                    and strpos(r.dom, t.name_zh) > 0
                    and d.business_date >= coalesce(t.valid_from, '-infinity'::date)
                    and d.business_date <= coalesce(t.valid_to, 'infinity'::date)
            ),
            d.region || '999'
        ) as town,
        r.town is null as town_is_coded,
        r.empnum::numeric as employees
    from registrations as r
    inner join deliveries as d on r.delivery_id = d.delivery_id
)

select * from final
