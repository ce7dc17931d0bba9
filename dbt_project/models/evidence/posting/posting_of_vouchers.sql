{{ config(materialized='append_only', into='posting', pre_hook='{{ bulk_work() }}') }}

-- Taxes: what vouchers say of the entities that they belong to.
{{ gathered([
    'evi_tax__paid',
    'evi_tax__relief',
]) }}
