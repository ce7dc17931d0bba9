{{ config(materialized='view') }}

-- What fills the register: the department's registrations, or in a warehouse of its own the public listing (a build has
-- only the one as input that the setting names). A row of the listing is coded from its texts; it is the register's while its
-- address lies in the region.
with registrations as (
    select * from {{ ref('fold_registrations') }}
),

listing as (
    select * from {{ ref('fold_registry_export') }}
),

coding as (
    select * from {{ source('register', 'coding') }}
    where source = 'registry_export'
),

final as (
    select
        unit_key,
        alive,
        build_id,
        row_id,
        delivery_id,
        regno,
        uniscid,
        entname,
        enttype,
        estdate,
        candate,
        revdate,
        exitreason,
        indate,
        outdate,
        industrystd,
        industryco,
        null::text as coded_section,
        founder_pseudonym,
        founder_sex,
        founder_birth_year,
        founder_groups,
        town,
        town_is_coded,
        employees
    from registrations
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
    left join coding as c on l.row_id = c.row_id
)

select * from final
