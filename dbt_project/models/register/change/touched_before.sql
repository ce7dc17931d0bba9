{{ config(materialized='incremental', incremental_strategy='append',
          pre_hook='{{ forget_published() }}', post_hook='{{ analyse_this() }}') }}

-- Units touched by way of links as they were: written before the register changes, and kept until a build is
-- published, so that a build that fails in between forgets nobody.
{% set units = as_left('register', 'unit') %}
{% set entities = as_left('register', 'reg_entity') %}
{% set spells = as_left('register', 'reg_spell') %}
{% set loan_events = as_left('register', 'reg_loan_event') %}
{% set trainings = as_left('register', 'reg_training') %}
{% set vouchers = as_left('register', 'reg_voucher') %}
-- depends_on: {{ ref('changed_key') }}, {{ ref('changed_voucher') }}
{% if units and entities and spells and loan_events and trainings %}
with linked as (
    {{ units_of_changed_keys(units, entities, spells, loan_events, trainings, vouchers) }}
)

select {{ this_build() }} as build_id, unit_type, unit_id, caused_by from linked
{% else %}
select 0 as build_id, ''::text as unit_type, 0::bigint as unit_id, array[]::integer [] as caused_by
where false
{% endif %}
