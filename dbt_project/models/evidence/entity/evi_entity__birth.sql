{{ config(materialized='view', tags=['account'], meta={'account': 'entity.birth'}) }}

-- Born here: registered here first, not moved in.
{{ entity_postings('entity.birth', 'e.establishment_date', '1', 'e.migration_in_date is null') }}
