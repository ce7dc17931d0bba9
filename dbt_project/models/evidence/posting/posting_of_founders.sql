{{ config(materialized='append_only', into='posting', pre_hook='{{ bulk_work() }}') }}

-- Founders: persons behind entities.
{{ gathered([
    'evi_founder__present',
    'evi_founder__young',
]) }}
