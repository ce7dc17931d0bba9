{#- Accounts that one model says together. -#}

{#- True for the units that a family has to work out tonight: those touched, or all while one of its accounts is not posted in full. -#}
{% macro family_is_touched(accounts, unit_type, unit_id) -%}
    (
        exists (
            select 1 from {{ ref('touched') }} as t
            where t.unit_type = '{{ unit_type }}' and t.unit_id = {{ unit_id }}
        )
        or exists (
            select 1 from unnest({{ text_list(accounts) }}) as f (account)
            where f.account not in (select a.account from {{ source('evidence', 'account') }} as a)
        )
    )
{%- endmacro %}

{#- Postings of sums that name their account: a relation or CTE with account, unit_id, geography, founder_groups, sex, birth_year,
    day, amount, source_rows. Of an account that is posted in full only touched units are given. -#}
{% macro summed_postings(records, unit_type, psu='null') %}
select
    r.account,
    r.day as effective_date,
    null::date as until_date,
    null::text as period_grain,
    r.geography,
    null::text as geo_scope,
    null::text [] as applies_to,
    null::text as sector,
    null::text as industry,
    r.founder_groups,
    r.sex,
    r.birth_year,
    {{ psu }}::text as psu,
    '{{ unit_type }}'::text as unit_type,
    r.unit_id,
    r.amount::numeric as weight,
    r.source_rows
from {{ records }} as r
where r.amount <> 0 and {{ is_touched('r.account', unit_type, 'r.unit_id', expression=true) }}
{% endmacro %}
