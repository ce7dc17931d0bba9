{{ config(materialized='view') }}

-- What fills the register: the department's registrations, or in a warehouse of its own the public listing (a build has
-- only the one as input that the setting names). A row of the listing is coded from its texts; it is the register's while its
-- address lies in the region. Of registrations a blank INDUSTRYCO is coded from OPSCOPE, and from nothing else.
with registrations as (
    select * from {{ ref('fold_registrations') }}
),

listing as (
    select * from {{ ref('fold_registry_export') }}
),

coding as (
    select * from {{ source('register', 'coding') }}
),

final as (
    select
        r.unit_key,
        r.alive,
        case when r.industryco is null then greatest(r.build_id, c.build_id) else r.build_id end as build_id,
        r.row_id,
        r.delivery_id,
        r.regno,
        r.uniscid,
        r.entname,
        r.enttype,
        r.estdate,
        r.candate,
        r.revdate,
        r.exitreason,
        r.indate,
        r.outdate,
        r.industrystd,
        r.industryco,
        case when r.industryco is null and c.section_said_by = 'scope' then c.section end as coded_section,
        r.founder_pseudonym,
        r.founder_sex,
        r.founder_birth_year,
        r.founder_groups,
        r.town,
        r.town_is_coded,
        r.employees
    from registrations as r
    left join coding as c on c.source = 'registrations' and r.row_id = c.row_id
    union all
    select
        l.unit_key,
        l.alive and coalesce(c.region = l.region, false),
        greatest(l.build_id, c.build_id),
        l.row_id,
        l.delivery_id,
        l.uscc,
        l.uscc, -- noqa: AL08
        l.entname,
        c.enttype,
        l.estdate,
        null::date,
        null::date,
        null::text,
        null::date,
        null::date,
        null::text,
        null::text,
        c.section,
        null::text,
        null::text,
        null::integer,
        array['07'],
        coalesce(c.town, l.region || '999'),
        true,
        null::numeric
    from listing as l
    left join coding as c on c.source = 'registry_export' and l.row_id = c.row_id
)

select * from final
