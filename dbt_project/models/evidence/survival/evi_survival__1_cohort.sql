{{ config(materialized='view', tags=['account'], meta={'account': 'survival.1.cohort'}) }}

-- Born here, posted at the first anniversary (that of 29 February is 28 February).
{{ entity_postings('survival.1.cohort', "(e.establishment_date + interval '1 year')::date", '1',
                   'e.migration_in_date is null') }}
