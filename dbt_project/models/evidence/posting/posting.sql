{{ config(materialized='append_only', post_hook=["{{ accounts_are_posted() }}", "{{ analyse_postings() }}"]) }}
-- depends_on: {{ ref('posting_of_jobs') }}, {{ ref('posting_of_founders') }}, {{ ref('posting_of_entities') }}
-- depends_on: {{ ref('posting_of_vouchers') }}, {{ ref('posting_of_records') }}

-- The ledger, when all that write to it have: nothing more is added, every account stands in full. They are several, as an
-- insert keeps to one core.
select {{ posting_identity() }}, weight, build_id, caused_by from {{ source('evidence', 'posting') }}
where false
