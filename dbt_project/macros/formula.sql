{#- The indicators of the project: what their yml files under models/indicators say, as a list of their `meta`. -#}
{% macro indicators() -%}
    {%- set found = [] -%}
    {%- for node in graph.exposures.values() | sort(attribute='name') -%}
        {%- if node.config.meta.indicator is defined -%}{%- do found.append(node.config.meta) -%}{%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{% macro text_list(values) -%}
    array[{% for v in values %}'{{ v }}'{{ ', ' if not loop.last }}{% endfor %}]::text []
{%- endmacro %}

{#- The sectors that a part is limited to, as a list; empty: all. -#}
{% macro sectors_of(part) -%}
    {{ return([] if part.sector is not defined else [part.sector] if part.sector is string else part.sector) }}
{%- endmacro %}

{#- How the units of an indicator accumulate where they are counted over its parts: `flow`, `stock`, or `mixed`. -#}
{% macro unit_accumulation(i) -%}
    {%- set kinds = [] -%}
    {%- for part in ['numerator', 'denominator'] if i[part] is defined and i[part].undivided is not defined -%}
        {%- do kinds.append('flow' if i[part].accumulation == 'survey' else i[part].accumulation) -%}
    {%- endfor -%}
    {{ return(kinds[0] if kinds | unique | list | length == 1 and kinds[0] != 'opening_stock' else 'mixed') }}
{%- endmacro %}

{#- One row an indicator: how its parts accumulate, its scale, periods, breakdowns and needs. -#}
{% macro indicator_rows() -%}
    select * from (values
    {%- if execute %}
    {%- for i in indicators() %}
        (
            '{{ i.indicator }}', '{{ i.method_version }}', {{ text_list(i.periods) }}, {{ text_list(i.breakdowns) }},
            {{ text_list(i.get('sectors', [])) }}, {{ text_list(i.needs) }}, {{ i.scale }}::numeric,
            '{{ i.numerator.accumulation }}',
            {% if i.denominator is defined %}'{{ i.denominator.accumulation }}'{% else %}null{% endif %},
            {{ text_list(i.denominator.undivided if i.denominator is defined and i.denominator.undivided is defined else []) }},
            {{ i.get('standard_error', false) }}, '{{ i.get('units', 'counted') }}', '{{ unit_accumulation(i) }}',
            {{ i.get('final_after_years', 'null') }}::integer
        ){{ ',' if not loop.last }}
    {%- endfor %}
    {%- else %}
        (
            null, null, null::text [], null::text [], null::text [], null::text [], null::numeric, null, null,
            null::text [], false, null, null, null::integer
        )
    {%- endif %}
    ) as i (
        indicator, method_version, grains, breakdown_types, sectors, needs, scale, numerator_accumulation,
        denominator_accumulation, undivided, has_standard_error, unit_part, unit_accumulation, final_after_years
    )
{%- endmacro %}

{#- One row an indicator, part and account: the formula. `only_sectors` limits the part to these sectors. A figure of the
    population (`undivided`) has a third part, `known`: whether it was delivered at all, be it as 0. -#}
{% macro formula_rows() -%}
    select * from (values
    {%- if execute %}
    {%- set rows = [] %}
    {%- for i in indicators() %}
        {%- for part in ['numerator', 'denominator'] if i[part] is defined %}
            {%- for account, sign in i[part].accounts.items() %}
                {%- do rows.append((i, part, part, account, sign)) %}
                {%- if i[part].undivided is defined %}
                    {%- do rows.append((i, part, 'known', account ~ '.known', 1)) %}
                {%- endif %}
            {%- endfor %}
        {%- endfor %}
    {%- endfor %}
    {%- for i, part, named, account, sign in rows %}
        {%- set sectors = sectors_of(i[part]) %}
        (
            '{{ i.indicator }}', '{{ i.method_version }}', '{{ named }}', '{{ account }}', {{ sign }}::numeric,
            '{{ i[part].accumulation }}', {{ text_list(sectors) if sectors else 'null::text []' }},
            {{ text_list((['total'] if i[part].undivided is defined else ['total'] + i.breakdowns)) }},
            {{ text_list(i.periods) }},
            {{ 'false' if i.units is defined or i[part].undivided is defined else 'true' }}, '{{ unit_accumulation(i) }}',
            {{ i[part].get('lag_years', 0) }}
        ){{ ',' if not loop.last }}
    {%- endfor %}
    {%- else %}
        (null, null, null, null, null::numeric, null, null::text [], null::text [], null::text [], false, null, 0)
    {%- endif %}
    ) as f (
        indicator, method_version, part, account, sign, accumulation, only_sectors, breakdown_types, grains, counts_units,
        unit_accumulation, lag_years
    )
{%- endmacro %}

{#- Accounts of the indicators whose units are counted anew (formula_rows: counts_units). -#}
{% macro accounts_with_counted_units() -%}
    {%- set found = [] -%}
    {%- for i in indicators() if i.units is not defined -%}
        {%- for part in ['numerator', 'denominator'] if i[part] is defined and i[part].undivided is not defined -%}
            {%- do found.extend(i[part].accounts.keys()) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found | unique | list) }}
{%- endmacro %}

{#- Accounts that an indicator reads in years before the period. -#}
{% macro accounts_with_lag() -%}
    {%- set found = [] -%}
    {%- for i in indicators() -%}
        {%- for part in ['numerator', 'denominator'] if i[part] is defined and i[part].get('lag_years', 0) > 0 -%}
            {%- do found.extend(i[part].accounts.keys()) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found | unique | list) }}
{%- endmacro %}

{#- Accounts of the indicators that have a standard error. -#}
{% macro accounts_with_standard_error() -%}
    {%- set found = [] -%}
    {%- for i in indicators() if i.standard_error is defined and i.standard_error -%}
        {%- for part in ['numerator', 'denominator'] if i[part] is defined -%}
            {%- do found.extend(i[part].accounts.keys()) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found | unique | list) }}
{%- endmacro %}

{#- The cells of a group that are worked out together: a member; of age bands all of them. -#}
{% macro series_of(c) -%}
    case when {{ c }}.breakdown_type = 'age_band' then 'age_band' else {{ c }}.breakdown end
{%- endmacro %}

{#- Whether the postings that stand are counted in the cells of an indicator `f`: it has changes there, or figures (that no posting
    brought, as those of a source that never delivered). -#}
{% macro is_counted(f) -%}
    {%- set figures = as_left('evidence', 'indicator_value_current') -%}
    (
        exists (select 1 from {{ this }} as c where c.indicator = {{ f }}.indicator and c.method_version = {{ f }}.method_version)
        {%- if figures %}
        or exists (select 1 from {{ figures }} as c where c.indicator = {{ f }}.indicator and c.method_version = {{ f }}.method_version)
        {%- endif %}
    )
{%- endmacro %}

{#- Up to which build the postings are counted in the cells of all indicators; 0 while one is new, which counts them all. -#}
{% macro counted_up_to() -%}
    {%- set otherwise = '(select min(c.counted_up_to) from counted as c)' -%}
    {%- if not is_incremental() -%}{{ return(0) }}{%- endif -%}
    {{ return(known_now(
        'select case when bool_and(' ~ is_counted('f') ~ ') then (select max(c.build_id) from ' ~ this ~ ' as c) else 0 end '
        ~ 'from (' ~ formula_rows() ~ ') as f', otherwise
    )) }}
{%- endmacro %}

{#- Changes of published builds add up to one row a cell and month, once there are as many new ones: a cell is the sum of its
    rows, and its history is kept as figures. So what a night adds up does not grow with the nights. -#}
{% macro merge_changes() -%}
    {%- if is_incremental() and known_now(
        'select (count(*) filter (where build_id > f.first) > count(*) filter (where build_id = f.first))::integer from ' ~ this
        ~ ', (select min(build_id) as first from ' ~ this ~ ') as f where build_id <= ' ~ published_build(), 0
    ) == 1 -%}
    {%- set cell = 'indicator, method_version, part, geography, breakdown_type, breakdown, grain, month' -%}
    with taken as (
        delete from {{ this }} where build_id <= {{ published_build() }} returning *
    )
    insert into {{ this }} (build_id, {{ cell }}, amount)
    select {{ published_build() }}, {{ cell }}, sum(amount) from taken
    group by {{ cell }}
    having sum(amount) <> 0
    {%- endif -%}
{%- endmacro %}

{#- Every cell that a posting may count in: rows (geography, breakdown_type, breakdown).
    The member of an age band is the year of birth; bands follow with the period's year. -#}
{% macro cells_of(p) -%}
    cross join lateral (
        select {{ p }}.geography where {{ p }}.geo_scope is null or {{ p }}.geo_scope = 'town'
        union all
        select {{ this_build('region') }} where {{ p }}.geo_scope is null or {{ p }}.geo_scope = 'city'
    ) as place (cell_geography)
    cross join lateral (
        select 'total', 'total'
        union all select 'sector', {{ p }}.sector where {{ p }}.sector is not null
        union all select 'industry', {{ p }}.industry where {{ p }}.industry is not null
        union all select 'founder_group', g.code from unnest({{ p }}.founder_groups) as g (code)
        union all select 'sex', coalesce({{ p }}.sex, 'unknown')
        union all select 'age_band', coalesce({{ p }}.birth_year::text, 'unknown')
    ) as member (breakdown_type, breakdown)
{%- endmacro %}

{#- Whether the member named by cells_of is open to this posting. -#}
{% macro cell_applies(p) -%}
    ({{ p }}.applies_to is null or member.breakdown_type = any({{ p }}.applies_to))
{%- endmacro %}

{#- Whether the member named by cells_of counts: asked for by the indicator and open to this posting. -#}
{% macro cell_counts(p, breakdown_types) -%}
    member.breakdown_type = any({{ breakdown_types }})
    and {{ cell_applies(p) }}
{%- endmacro %}

{#- The day from which a period is closed: the first of September of the year after it, or, of an indicator that later
    years still decide (`final_after_years`), the last day of the last of these. -#}
{% macro closing_day(last_day, final_after_years='null') -%}
    coalesce(
        make_date(extract(year from {{ last_day }})::integer + {{ final_after_years }}::integer, 12, 31),
        make_date(extract(year from {{ last_day }})::integer + 1, 9, 1)
    )
{%- endmacro %}

{#- P until the period is closed, then F; what makes a figure R (changed since a release) comes here with the releases. -#}
{% macro figure_status(business_date, last_day, final_after_years) -%}
    case when {{ business_date }} < {{ closing_day(last_day, final_after_years) }} then 'P' else 'F' end
{%- endmacro %}

{#- A text as an SQL literal. -#}
{% macro quoted(text) -%}
    '{{ text | string | replace("'", "''") }}'
{%- endmacro %}

{#- The formula of an indicator as a text: `flow(a − b) ÷ stock(c) × 100`. -#}
{% macro formula_text(i) -%}
    {%- set parts = [] -%}
    {%- for part in ['numerator', 'denominator'] if i[part] is defined -%}
        {%- set terms = [] -%}
        {%- for account, sign in i[part].accounts.items() -%}
            {%- do terms.append(('− ' if sign < 0 else '+ ' if not loop.first else '') ~ account) -%}
        {%- endfor -%}
        {%- set sectors = sectors_of(i[part]) -%}
        {%- do parts.append(
            i[part].accumulation ~ '(' ~ terms | join(' ') ~ ('; sector ' ~ sectors | join(', ') if sectors else '') ~ ')'
        ) -%}
    {%- endfor -%}
    {{ return(parts | join(' ÷ ') ~ (' × ' ~ i.scale if i.scale != 1 else '')) }}
{%- endmacro %}
