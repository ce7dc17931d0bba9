{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='unit_key',
          indexes=[{'columns': ['unit_key'], 'unique': true}, {'columns': ['build_id']}],
          post_hook='{{ analyse_this(kept=true) }}') }}
{{ fold('employment', ref('stg_employment__spell')) }}
