{{ config(materialized='view') }}

-- What happened to entities, as the indicators count it: one row an event.
with entity as (
    select * from {{ ref('reg_entity') }}
    where alive
),

event as (
    select e.entity_id, 'birth' as event, e.establishment_date as event_date from entity as e
    where e.migration_in_date is null
    union all
    select e.entity_id, 'migration_in', e.migration_in_date from entity as e
    where e.migration_in_date is not null
    union all
    select e.entity_id, case when e.exit_reason = '3' then 'purge' else 'exit' end, e.exit_date from entity as e
    where e.exit_date = e.end_date
    union all
    select e.entity_id, 'migration_out', e.leave_date from entity as e
    where e.leave_date = e.end_date and e.exit_date is distinct from e.leave_date
)

select
    v.entity_id,
    v.event,
    v.event_date,
    e.exit_reason,
    e.sector,
    e.in_startup_scope,
    e.industry,
    e.founder_groups,
    e.town
from event as v
inner join entity as e on v.entity_id = e.entity_id
