{{ config(materialized='view') }}

-- Entities of the register as known at the last build, each under the attributes of its last version.
select
    entity_id,
    unit_key as pripid,
    regno,
    uniscid,
    entname as name,
    enttype as entity_type,
    sector,
    in_startup_scope,
    industry,
    establishment_date,
    migration_in_date,
    start_date,
    exit_date,
    exit_reason,
    leave_date,
    end_date,
    founder_id,
    founder_sex,
    founder_birth_year,
    founder_groups,
    town,
    town_is_coded,
    employees::integer as employees
from {{ ref('reg_entity') }}
where alive
