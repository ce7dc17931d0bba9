{{ config(materialized='view', tags=['account'], meta={'account': 'entity.exit'}) }}

-- Cancelled or revoked while here, administrative purges apart. On one day an exit goes before a leaving.
{{ entity_postings('entity.exit', 'e.exit_date', '1', "e.exit_date = e.end_date and e.exit_reason is distinct from '3'") }}
