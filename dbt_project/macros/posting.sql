{#- The columns of a posting that say what it is; weights of equal ones add up. -#}
{% macro posting_identity(alias='') -%}
    {%- set prefix = alias ~ '.' if alias else '' -%}
    {%- for column in ['account', 'effective_date', 'until_date', 'period_grain', 'geography', 'geo_scope', 'applies_to', 'sector',
                       'industry', 'founder_groups', 'sex', 'birth_year', 'psu', 'unit_type', 'unit_id',
                       'source_rows'] -%}
        {{ prefix }}{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- Postings of entities of the startup scope: `weight` on `day` (in a stock: until before `until`) under the entity's own
    attributes. -#}
{% macro entity_postings(account, day, weight, condition, until='null') %}
select
    '{{ account }}'::text as account,
    {{ day }} as effective_date,
    {{ until }}::date as until_date,
    null::text as period_grain,
    e.town as geography,
    null::text as geo_scope,
    null::text [] as applies_to,
    e.sector,
    e.industry,
    e.founder_groups,
    null::text as sex,
    null::integer as birth_year,
    null::text as psu,
    'entity'::text as unit_type,
    e.entity_id as unit_id,
    ({{ weight }})::numeric as weight,
    array[e.row_id] as source_rows
from {{ ref('reg_entity') }} as e
where
    e.alive
    and e.in_startup_scope
    and {{ condition }}
    and {{ is_touched('entity', 'e.entity_id') }}
{% endmacro %}

{#- Postings of records (relation or CTE with unit_id, geography, founder_groups, sex, birth_year, row_id). -#}
{% macro record_postings(account, unit_type, records, day, weight, sector='null', industry='null', psu='null', until='null',
                         source_rows='array[r.row_id]') %}
select
    '{{ account }}'::text as account,
    {{ day }} as effective_date,
    {{ until }}::date as until_date,
    null::text as period_grain,
    r.geography,
    null::text as geo_scope,
    null::text [] as applies_to,
    {{ sector }}::text as sector,
    {{ industry }}::text as industry,
    r.founder_groups,
    r.sex,
    r.birth_year,
    {{ psu }}::text as psu,
    '{{ unit_type }}'::text as unit_type,
    r.unit_id,
    ({{ weight }})::numeric as weight,
    {{ source_rows }} as source_rows
from {{ records }} as r
{% endmacro %}

{#- Age band of whole years; under 16 and not known are one band. -#}
{% macro age_band(age) -%}
    case
        when {{ age }} >= 55 then '55+'
        when {{ age }} >= 45 then '45-54'
        when {{ age }} >= 35 then '35-44'
        when {{ age }} >= 25 then '25-34'
        when {{ age }} >= 16 then '16-24'
        else 'unknown'
    end
{%- endmacro %}

{#- The age band of a flow's cell: the period lies in one year, so the band is known; other members stay. -#}
{% macro age_band_of_flow(member, day) -%}
    case
        when {{ member }}.breakdown_type = 'age_band' and {{ member }}.breakdown <> 'unknown'
            then {{ age_band('extract(year from ' ~ day ~ ') - ' ~ member ~ '.breakdown::integer') }}
        else {{ member }}.breakdown
    end
{%- endmacro %}

{#- The same where a year of birth may still stand in a cell of sums: bands are those of the period's year. -#}
{% macro age_band_in_period(cell, day) -%}
    case
        when {{ cell }}.breakdown_type = 'age_band' and {{ cell }}.breakdown ~ '^[0-9]{4}$'
            then {{ age_band('extract(year from ' ~ day ~ ') - ' ~ cell ~ '.breakdown::integer') }}
        else {{ cell }}.breakdown
    end
{%- endmacro %}
