{{ config(materialized='view') }}

-- Registrations whose TOWN or INDUSTRYCO was left blank, and what the coders read from their texts: for the steward to propose
-- to the department. No figure uses it.
with registrations as (
    select * from {{ ref('fold_registrations') }}
    where alive
),

coding as (
    select * from {{ source('register', 'coding') }}
    where source = 'registrations'
),

final as (
    select
        r.unit_key,
        r.row_id,
        r.delivery_id,
        case when r.town_is_coded then {{ town_in_force('r.town') }} end as town_as_counted,
        case when r.town_is_coded then {{ town_in_force('c.town', 'p') }} end as town_proposed,
        case when r.town_is_coded then c.town_by end as town_by,
        case when r.industryco is null then c.section end as section_proposed,
        case when r.industryco is null then c.section_by end as section_by
    from registrations as r
    inner join coding as c on r.row_id = c.row_id
    {{ towns_in_force('r.town') }}
    {{ towns_in_force('c.town', 'p') }}
    where (r.town_is_coded and c.town is distinct from r.town) or r.industryco is null
)

select * from final
where town_proposed is not null or section_proposed is not null
