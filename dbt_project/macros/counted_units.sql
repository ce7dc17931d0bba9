{#- Distinct units of the indicators whose formula does not say which part counts them, as CTEs: `unit_indicator` (which these are)
    and `unit_change` (what a build changes in their cells). Reads the CTEs `counted` and `opening` of cell_change. -#}
{% macro counted_units() -%}
-- Where the formula does not say which part counts them, units are counted anew if they have fresh postings: as they
-- stand now, less as they stood. Numbers of units are unique over their kinds.
unit_indicator as (
    select distinct number, indicator, method_version, breakdown_types, grains, unit_accumulation
    from counted
    where counts_units
),

{%- if is_incremental() %}

fresh_unit as (
    select distinct p.unit_id
    from {{ ref('posting') }} as p
    where
        p.build_id > {{ counted_up_to() }}
        and p.account = any({{ text_list(accounts_with_counted_units() if execute else []) }})
),
{%- endif %}

unit_posting as (
    select
        f.number, f.accumulation, f.unit_accumulation, f.part = 'numerator' as in_numerator,
        p.build_id <= f.counted_up_to as is_counted, p.period_grain,
        {% for column in unit_says() -%}
        p.{{ column }},
        {% endfor -%}
        p.unit_id, e.day, f.sign * e.amount as amount
    from {{ ref('posting') }} as p
    {%- if is_incremental() %}
    inner join fresh_unit as u on p.unit_id = u.unit_id
    {%- endif %}
    inner join counted as f
        on p.account = f.account and f.counts_units and (f.only_sectors is null or p.sector = any(f.only_sectors))
    cross join lateral (values (p.effective_date, p.weight), (p.until_date, -p.weight)) as e (day, amount)
    where p.account = any({{ text_list(accounts_with_counted_units() if execute else []) }}) and e.day is not null
),

-- Units of a flow that say different things of themselves are counted cell by cell; all others say one, and are counted where
-- the cells that say it are added up.
several as (
    select number, unit_id from unit_posting
    where unit_accumulation = 'flow'
    group by number, unit_id
    having
        count(*) > 1
        and (
            {%- for column in unit_says() %}
            {{ 'or ' if not loop.first }}min({{ column }}) <> max({{ column }}) or count({{ column }}) % count(*) <> 0
            {%- endfor %}
        )
),

flow_single as (
    select
        p.number, g.grain, date_trunc(g.unit, p.day)::date as month, p.unit_id,
        {% for column in unit_says() -%}
        min(p.{{ column }}) as {{ column }},
        {% endfor -%}
        {{ unit_counts('p.amount', 'p') }} as amount
    from unit_posting as p
    inner join unit_indicator as f on p.number = f.number
    cross join opening as o
    {{ period_grains('p', 'f') }}
    where
        p.unit_accumulation = 'flow' and p.day >= o.series_start
        and (p.number, p.unit_id) not in (select s.number, s.unit_id from several as s)
    group by 1, 2, 3, 4
),

flow_fine as (
    select number, grain, month, {{ unit_says() | join(', ') }}, sum(amount) as amount
    from flow_single
    where amount <> 0
    group by number, grain, month, {{ unit_says() | join(', ') }}
),

-- Asked row by row of a hashed list: of a night's few rows a join would be planned as one loop within another.
several_posting as materialized (
    select p.* from unit_posting as p
    where case when p.unit_accumulation = 'flow' then (p.number, p.unit_id) in (select s.number, s.unit_id from several as s) end
),

flow_unit as (
    select
        p.number, place.cell_geography as geography, member.breakdown_type,
        {{ age_band_of_flow('member', 'p.day') }} as breakdown, g.grain, date_trunc(g.unit, p.day)::date as month, p.unit_id,
        {{ unit_counts('p.amount', 'p') }} as amount
    from several_posting as p
    inner join unit_indicator as f on p.number = f.number
    cross join opening as o
    {{ period_grains('p', 'f') }}
    {{ cells_of('p') }}
    where p.day >= o.series_start and {{ cell_counts('p', 'f.breakdown_types') }}
    group by 1, 2, 3, 4, 5, 6, 7
),

flow_count as (
    select number, geography, breakdown_type, breakdown, grain, month, amount from flow_unit
    union all
    select
        p.number, place.cell_geography, member.breakdown_type, {{ age_band_of_flow('member', 'p.month') }}, p.grain, p.month,
        p.amount
    from flow_fine as p
    inner join unit_indicator as f on p.number = f.number
    {{ cells_of('p') }}
    where p.amount <> 0 and {{ cell_counts('p', 'f.breakdown_types') }}
),

stock_unit as (
    select
        p.number,
        place.cell_geography as geography,
        member.breakdown_type,
        member.breakdown,
        greatest(date_trunc('month', p.day)::date, o.month) as month,
        p.unit_id,
        sum(p.amount) as step,
        coalesce(sum(p.amount) filter (where p.is_counted), 0) as step_before
    from unit_posting as p
    inner join unit_indicator as f on p.number = f.number
    cross join opening as o
    {{ cells_of('p') }}
    where p.unit_accumulation = 'stock' and {{ cell_counts('p', 'f.breakdown_types') }}
    group by 1, 2, 3, 4, 5, 6
),

stock_level as (
    select
        u.*,
        sum(u.step) over w as standing,
        sum(u.step_before) over w as stood
    from stock_unit as u
    window w as (
        partition by u.number, u.geography, u.breakdown_type, u.breakdown, u.unit_id
        order by u.month
    )
),

stock_count as (
    select
        number, geography, breakdown_type, breakdown, ''::text as grain, month,
        ((standing <> 0)::integer - (standing - step <> 0)::integer)
        - ((stood <> 0)::integer - (stood - step_before <> 0)::integer) as amount
    from stock_level
),

-- Units of a flow over a stock: how many in each period, as steps from one period to the next. A flow stands in its
-- period alone, an opening stock from the period after.
mixed_unit as (
    select
        p.number,
        place.cell_geography as geography,
        member.breakdown_type,
        member.breakdown,
        g.grain,
        s.month,
        p.unit_id,
        coalesce(sum(s.amount) filter (where p.in_numerator), 0) as numerator,
        coalesce(sum(s.amount) filter (where not p.in_numerator), 0) as denominator,
        coalesce(sum(s.amount) filter (where p.in_numerator and p.is_counted), 0) as numerator_before,
        coalesce(sum(s.amount) filter (where not p.in_numerator and p.is_counted), 0) as denominator_before
    from unit_posting as p
    inner join unit_indicator as f on p.number = f.number
    cross join opening as o
    {{ period_grains('p', 'f') }}
    cross join lateral (select date_trunc(g.unit, greatest(p.day, o.series_start - 1))::date) as q (month)
    cross join lateral (
        select q.month, p.amount
        where p.accumulation = 'stock' or (p.accumulation <> 'opening_stock' and p.day >= o.series_start)
        union all
        select (q.month + g.step::interval)::date, case p.accumulation when 'opening_stock' then p.amount else -p.amount end
        where p.accumulation = 'opening_stock' or (p.accumulation <> 'stock' and p.day >= o.series_start)
    ) as s (month, amount)
    {{ cells_of('p') }}
    where p.unit_accumulation = 'mixed' and {{ cell_counts('p', 'f.breakdown_types') }}
    group by 1, 2, 3, 4, 5, 6, 7
),

mixed_level as (
    select
        u.*,
        (sum(u.numerator) over w <> 0 or sum(u.denominator) over w <> 0)::integer as standing,
        (sum(u.numerator_before) over w <> 0 or sum(u.denominator_before) over w <> 0)::integer as stood
    from mixed_unit as u
    window w as (
        partition by u.number, u.geography, u.breakdown_type, u.breakdown, u.grain, u.unit_id
        order by u.month
    )
),

mixed_count as (
    select
        number, geography, breakdown_type, breakdown, grain, month,
        standing - lag(standing, 1, 0) over w - (stood - lag(stood, 1, 0) over w) as amount
    from mixed_level
    window w as (
        partition by number, geography, breakdown_type, breakdown, grain, unit_id
        order by month
    )
),

unit_change as (
    select number, geography, breakdown_type, breakdown, grain, month, sum(amount) as amount
    from (select * from flow_count union all select * from stock_count union all select * from mixed_count) as c
    group by 1, 2, 3, 4, 5, 6
),
{%- endmacro %}

{#- The grains of period in which a posting counts for an indicator: `g` with grain, unit (of date_trunc) and step. -#}
{% macro period_grains(posting, indicator) -%}
    inner join (values ('M', 'month', '1 month'), ('Q', 'quarter', '3 months'), ('Y', 'year', '1 year')) as g (grain, unit, step)
        on g.grain = any({{ indicator }}.grains) and ({{ posting }}.period_grain is null or {{ posting }}.period_grain = g.grain)
{%- endmacro %}

{#- What a posting says of its unit: the columns that decide its cells. -#}
{% macro unit_says() -%}
    {{ return(['geography', 'geo_scope', 'applies_to', 'sector', 'industry', 'founder_groups', 'sex', 'birth_year']) }}
{%- endmacro %}

{#- 1 for a group of a unit's postings with a contribution that is not zero, less 1 where the counted ones had one: what it
    changes. `p` has in_numerator and is_counted. -#}
{% macro unit_counts(amount, p) -%}
    (
        coalesce(sum({{ amount }}) filter (where {{ p }}.in_numerator) <> 0, false)
        or coalesce(sum({{ amount }}) filter (where not {{ p }}.in_numerator) <> 0, false)
    )::integer
    {%- if is_incremental() %}
    - (
        coalesce(sum({{ amount }}) filter (where {{ p }}.in_numerator and {{ p }}.is_counted) <> 0, false)
        or coalesce(sum({{ amount }}) filter (where not {{ p }}.in_numerator and {{ p }}.is_counted) <> 0, false)
    )::integer
    {%- endif %}
{%- endmacro %}
