{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='unit_key',
          indexes=[{'columns': ['unit_key'], 'unique': true}, {'columns': ['build_id']}],
          post_hook='{{ analyse_this(kept=true) }}') }}
{{ fold('tax_local', ref('stg_tax_local__voucher')) }}
