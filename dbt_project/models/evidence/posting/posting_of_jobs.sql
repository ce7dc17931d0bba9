{{ config(materialized='append_only', into='posting', pre_hook='{{ bulk_work() }}') }}

-- Jobs: persons with spells, and what they are counted for.
{{ gathered([
    'evi_job__new',
    'evi_job__new_by_startups',
    'evi_job__ended',
    'evi_job__young',
    'evi_job__young_worker',
]) }}
