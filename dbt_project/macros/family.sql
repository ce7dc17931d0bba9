{#- Accounts that one model says together. -#}

{#- Postings of sums that name their account: a relation or CTE with account, unit_id, geography, founder_groups, sex, birth_year,
    day, amount, source_rows. -#}
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
where r.amount <> 0
{% endmacro %}
