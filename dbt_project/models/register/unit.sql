{{ config(materialized='incremental', incremental_strategy='append',
          indexes=[{'columns': ['unit_type', 'unit_key'], 'unique': true}, {'columns': ['unit_id'], 'unique': true}],
          post_hook='{{ analyse_this(kept=true) }}') }}

-- Surrogate keys of entities, persons, contracts, respondents and population counts: the one place where a pseudonym meets its
-- number, so that a change of the pseudonym key rewrites this table and not the ledger. A unit without an id of
-- a person counts as one person of its own.
{% set fresh = 'and build_id > ' ~ published_build() if is_incremental() else '' %}
with named as (
    select 'entity' as unit_type, unit_key from {{ ref('fold_register') }} where row_id is not null {{ fresh }}
    union
    select 'person', coalesce(founder_pseudonym, 'entity:' || unit_key)
    from {{ ref('fold_register') }}
    where row_id is not null {{ fresh }}
    union
    select 'person', coalesce(person_pseudonym, 'spell:' || unit_key)
    from {{ ref('fold_employment') }}
    where row_id is not null {{ fresh }}
    {%- for office in [ref('fold_tax_national'), ref('fold_tax_local')] %}
    union
    select 'person', taxpayer
    from {{ office }}
    where row_id is not null and taxpayer_is_person {{ fresh }}
    {%- endfor %}
    union
    select 'contract', contract_no from {{ ref('fold_loans') }} where row_id is not null {{ fresh }}
    union
    select 'person', coalesce(borrower_pseudonym, 'contract:' || contract_no)
    from {{ ref('fold_loans') }}
    where row_id is not null {{ fresh }}
    union
    select 'person', person_pseudonym from {{ ref('fold_training') }} where row_id is not null {{ fresh }}
    union
    select 'respondent', unit_key from {{ ref('fold_survey') }} where row_id is not null {{ fresh }}
    union
    select 'population', unit_key from {{ ref('fold_population') }} where row_id is not null {{ fresh }}
),

fresh as (
    select n.*
    from named as n
    {% if is_incremental() %}
    left join {{ this }} as t on n.unit_type = t.unit_type and n.unit_key = t.unit_key
    where t.unit_id is null
    {% endif %}
),

final as (
    select
        {% if is_incremental() %}(select coalesce(max(unit_id), 0) from {{ this }}) + {% endif %}
        row_number() over (order by unit_type, unit_key) as unit_id,
        unit_type,
        unit_key
    from fresh
)

select * from final
