{{ config(materialized='view', tags=['account'], meta={'account': 'entity.migration'}) }}

-- Moved in +1, moved out -1; who leaves on the day of an exit has exited, and who comes and leaves on one day does neither.
{{ entity_postings('entity.migration', 'e.migration_in_date', '1',
                   'e.migration_in_date is not null
    and (e.leave_date is distinct from e.migration_in_date or e.exit_date = e.leave_date)') }}
union all
{{ entity_postings('entity.migration', 'e.leave_date', '-1',
                   'e.leave_date = e.end_date and e.exit_date is distinct from e.leave_date
    and e.migration_in_date is distinct from e.leave_date') }}
