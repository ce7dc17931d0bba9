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

{#- Corrections that make distinct units of a flow add up: a unit with n records in one cell and period counts once,
    so 1 - n is posted, for that period grain and cell alone. Needs records as in record_postings, with `day`. -#}
{% macro repeat_corrections(account, unit_type, records) %}
select
    '{{ account }}'::text as account,
    min(r.day) as effective_date,
    null::date as until_date,
    g.grain as period_grain,
    c.geography,
    c.geo_scope,
    b.applies_to,
    null::text as sector,
    null::text as industry,
    b.founder_groups,
    b.sex,
    max(b.birth_year) as birth_year,
    null::text as psu,
    '{{ unit_type }}'::text as unit_type,
    r.unit_id,
    (1 - count(*))::numeric as weight,
    array_agg(distinct r.row_id order by r.row_id) as source_rows
from {{ records }} as r
cross join (values ('M', 'month'), ('Q', 'quarter'), ('Y', 'year')) as g (grain, unit)
cross join lateral (values ('town', r.geography), ('city', {{ this_build('region') }})) as c (geo_scope, geography)
cross join lateral (
    select array['total'] as applies_to, null::text [] as founder_groups, null as sex, null::integer as birth_year, '' as band
    union all select array['sex'], null, r.sex, null, ''
    union all select array['age_band'], null, null, r.birth_year, {{ age_band('extract(year from r.day) - r.birth_year') }}
    union all select array['founder_group'], array[f.code], null, null, '' from unnest(r.founder_groups) as f (code)
) as b
where r.unit_id in (select m.unit_id from {{ records }} as m group by m.unit_id having count(*) > 1)
group by
    r.unit_id, g.grain, date_trunc(g.unit, r.day), c.geography, c.geo_scope, b.applies_to, b.founder_groups, b.sex, b.band
having count(*) > 1
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
