{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='entity_id',
          indexes=[{'columns': ['entity_id'], 'unique': true}, {'columns': ['regno']}, {'columns': ['founder_id']},
                   {'columns': ['unit_key']}],
          post_hook='{{ analyse_this(kept=true) }}') }}
-- depends_on: {{ ref('touched_before') }} (it reads this table as it was)

-- The bureau's register: an entity as known at K. `alive` is false where no delivery says it any longer. (Units are read where
-- they are wanted: a step that is read twice would be written down, all of it.)
with versions as (
    select * from {{ ref('fold_register') }}
    where row_id is not null
    {% if is_incremental() and not towns_have_changed() %} and build_id > {{ published_build() }}{% endif %}
),

entity_types as (
    select code, attribute as sector from {{ ref('code_list') }} where list = 'entity_type'
),

sections as (
    select * from {{ ref('industry_section') }}
),

-- An OUTDATE before the start belongs to an earlier stay and is left out.
dated as (
    select
        v.*,
        coalesce(v.indate, v.estdate) as start_date,
        least(v.candate, v.revdate) as exit_date,
        case when v.outdate >= coalesce(v.indate, v.estdate) then v.outdate end as leave_date
    from versions as v
),

final as (
    select
        u.unit_id as entity_id,
        d.unit_key,
        d.alive,
        d.row_id,
        d.delivery_id,
        d.regno,
        d.uniscid,
        d.entname,
        d.enttype,
        t.sector,
        coalesce(t.sector in ('private', 'individual', 'cooperative'), false) as in_startup_scope,
        coalesce(
            case when d.industrystd = '2002' then translate(s.section, 'FGHI', 'GIFH') else s.section end,
            d.coded_section,
            'unknown'
        ) as industry,
        d.estdate as establishment_date,
        d.indate as migration_in_date,
        d.start_date,
        d.exit_date,
        d.exitreason as exit_reason,
        d.leave_date,
        least(d.exit_date, d.leave_date) as end_date,
        p.unit_id as founder_id,
        d.founder_sex,
        d.founder_birth_year,
        d.founder_groups,
        {{ town_in_force('d.town') }} as town,
        d.town_is_coded,
        d.employees
    from dated as d
    inner join {{ ref('unit') }} as u on u.unit_type = 'entity' and d.unit_key = u.unit_key
    inner join {{ ref('unit') }} as p
        on p.unit_type = 'person' and p.unit_key = coalesce(d.founder_pseudonym, 'entity:' || d.unit_key)
    left join entity_types as t on d.enttype = t.code
    left join sections as s on d.industrystd = s.standard and left(d.industryco, 2) = s.division
    {{ towns_in_force('d.town') }}
)

select * from final
