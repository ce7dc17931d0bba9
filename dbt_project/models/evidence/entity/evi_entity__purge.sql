{{ config(materialized='view', tags=['account'], meta={'account': 'entity.purge'}) }}

-- Cleared administratively (EXITREASON 3): no economic death of that day.
{{ entity_postings('entity.purge', 'e.exit_date', '1', "e.exit_date = e.end_date and e.exit_reason = '3'") }}
