{{ config(materialized='view', tags=['account'], meta={'account': 'survival.1.alive'}) }}

-- No exit on or before the first anniversary; merger and split (4, 5) are no death. Leaving town is no exit.
{{ entity_postings('survival.1.alive', "(e.establishment_date + interval '1 year')::date", '1', "
    e.migration_in_date is null
    and (
        e.exit_date is null
        or e.exit_date > (e.establishment_date + interval '1 year')::date
        or coalesce(e.exit_reason in ('4', '5'), false)
    )") }}
