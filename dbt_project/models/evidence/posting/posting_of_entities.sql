{{ config(materialized='append_only', into='posting', pre_hook='{{ bulk_work() }}') }}

-- Entities: their births, ends and activity.
{{ gathered([
    'evi_entity__birth',
    'evi_entity__birth_company',
    'evi_entity__exit',
    'evi_entity__purge',
    'evi_entity__migration',
    'evi_survival__exit',
    'evi_activity',
]) }}
