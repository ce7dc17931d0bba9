{{ config(materialized='incremental', incremental_strategy='append',
          indexes=[{'columns': ['build_id']}, {'columns': ['indicator', 'geography', 'breakdown_type']}],
          pre_hook=['{{ bulk_work() }}', '{{ merge_changes() }}'], post_hook='{{ analyse_this(kept=true) }}') }}

-- What a build's postings change in each indicator's cells, month by month: sums of the numerator, the denominator,
-- and, where neither says it, the number of units whose own contribution is not zero. Figures are sums of these rows.
-- `grain` is set where the amount counts in periods of one grain only; months before the series are one opening month.
with formula as (
    {{ formula_rows() }}
),

-- Up to which build the postings are counted in already; an indicator that is new counts them all.
counted as (
    select
        f.*,
        {% if is_incremental() -%}
        case
            when exists (
                select 1 from {{ this }} as c
                where c.indicator = f.indicator and c.method_version = f.method_version
            )
                then (select max(c.build_id) from {{ this }} as c)
            else 0
        end
        {%- else -%}
        0
        {%- endif %} as counted_up_to
    from formula as f
),

opening as (
    select series_start, (series_start - interval '1 month')::date as month
    from {{ source('ledger', 'current_build') }}
),

-- A posting that ends is two events of a stock. What a lagged flow reads keeps its month also before the series.
fresh as (
    select
        p.*,
        e.amount,
        case
            when e.day < o.series_start and p.account not in (select c.account from counted as c where c.lag_years > 0)
                then o.month
            else date_trunc('month', e.day)::date
        end as month
    from {{ ref('posting') }} as p
    cross join lateral (values (p.effective_date, p.weight), (p.until_date, -p.weight)) as e (day, amount)
    cross join opening as o
    where p.build_id > {{ counted_up_to() }} and e.day is not null
),

-- Summed at the finest cell first: indicators share accounts, and many units share a cell.
fine as (
    select
        account, build_id, coalesce(period_grain, '') as grain, geography, geo_scope, applies_to, sector, industry,
        founder_groups, sex, birth_year, month, sum(amount) as weight
    from fresh
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
),

account_cell as (
    select
        p.account,
        p.build_id,
        p.sector,
        place.cell_geography as geography,
        member.breakdown_type,
        member.breakdown,
        p.grain,
        p.month,
        sum(p.weight) as weight
    from fine as p
    {{ cells_of('p') }}
    where {{ cell_applies('p') }}
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

amount as (
    select
        f.indicator,
        f.method_version,
        f.part,
        c.geography,
        c.breakdown_type,
        c.breakdown,
        c.grain,
        m.month,
        sum(f.sign * c.weight) as amount
    from counted as f
    inner join account_cell as c
        on f.account = c.account
        and f.counted_up_to < c.build_id
        and c.breakdown_type = any(f.breakdown_types)
        and (f.only_sectors is null or c.sector = any(f.only_sectors))
    cross join opening as o
    cross join lateral (
        select
            case
                when f.lag_years > 0 then (c.month + make_interval(years => f.lag_years))::date
                else greatest(c.month, o.month)
            end as month
    ) as m
    where f.accumulation in ('stock', 'opening_stock') or m.month >= o.series_start
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

-- Where the formula does not say which part counts them, units are counted anew if they have fresh postings: as they
-- stand now, less as they stood.
fresh_unit as (
    select distinct unit_type, unit_id from fresh
    where account in (select c.account from counted as c where c.counts_units)
),

unit_posting as (
    select
        f.indicator, f.method_version, f.part, f.accumulation, f.unit_accumulation, f.breakdown_types, f.grains,
        f.counted_up_to, p.*, e.day, f.sign * e.amount as amount
    from {{ ref('posting') }} as p
    inner join fresh_unit as u on p.unit_type = u.unit_type and p.unit_id = u.unit_id
    inner join counted as f
        on p.account = f.account and f.counts_units and (f.only_sectors is null or p.sector = any(f.only_sectors))
    cross join lateral (values (p.effective_date, p.weight), (p.until_date, -p.weight)) as e (day, amount)
    where p.account = any({{ text_list(accounts_with_counted_units() if execute else []) }}) and e.day is not null
),

-- Units of a flow that say different things of themselves are counted cell by cell; all others say one, and are counted where
-- the cells that say it are added up.
several as (
    select p.indicator, p.method_version, p.unit_type, p.unit_id
    from unit_posting as p
    inner join (
        select indicator, method_version, unit_type, unit_id from unit_posting
        where unit_accumulation = 'flow'
        group by indicator, method_version, unit_type, unit_id
        having count(*) > 1
    ) as r
        on p.indicator = r.indicator and p.method_version = r.method_version
        and p.unit_type = r.unit_type and p.unit_id = r.unit_id
    group by p.indicator, p.method_version, p.unit_type, p.unit_id
    having
        min(row(p.geography, p.geo_scope, p.applies_to, p.sector, p.industry, p.founder_groups, p.sex, p.birth_year)::text)
        <> max(row(p.geography, p.geo_scope, p.applies_to, p.sector, p.industry, p.founder_groups, p.sex, p.birth_year)::text)
),

flow_posting as not materialized (
    select p.*, g.grain, date_trunc(g.unit, p.day)::date as month
    from unit_posting as p
    cross join opening as o
    inner join (values ('M', 'month'), ('Q', 'quarter'), ('Y', 'year')) as g (grain, unit)
        on g.grain = any(p.grains) and (p.period_grain is null or p.period_grain = g.grain)
    where p.unit_accumulation = 'flow' and p.day >= o.series_start
),

flow_single as (
    select
        p.indicator, p.method_version, p.grain, p.month, p.unit_type, p.unit_id, p.geography, p.geo_scope, p.applies_to, p.sector,
        p.industry, p.founder_groups, p.sex, p.birth_year,
        coalesce(sum(p.amount) filter (where p.part = 'numerator'), 0) as numerator,
        coalesce(sum(p.amount) filter (where p.part = 'denominator'), 0) as denominator,
        coalesce(sum(p.amount) filter (where p.part = 'numerator' and p.build_id <= p.counted_up_to), 0) as numerator_before,
        coalesce(sum(p.amount) filter (where p.part = 'denominator' and p.build_id <= p.counted_up_to), 0) as denominator_before
    from flow_posting as p
    where not exists (
        select 1 from several as s
        where
            s.indicator = p.indicator and s.method_version = p.method_version
            and s.unit_type = p.unit_type and s.unit_id = p.unit_id
    )
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
),

flow_fine as (
    select
        indicator, method_version, grain, month, geography, geo_scope, applies_to, sector, industry, founder_groups, sex,
        birth_year,
        sum(
            (numerator <> 0 or denominator <> 0)::integer - (numerator_before <> 0 or denominator_before <> 0)::integer
        ) as amount
    from flow_single
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
),

flow_unit as (
    select
        p.indicator, p.method_version, place.cell_geography as geography, member.breakdown_type,
        {{ age_band_of_flow('member', 'p.day') }} as breakdown, p.grain, p.month, p.unit_type, p.unit_id, p.part,
        sum(p.amount) as standing,
        coalesce(sum(p.amount) filter (where p.build_id <= p.counted_up_to), 0) as stood
    from flow_posting as p
    inner join several as s
        on p.indicator = s.indicator and p.method_version = s.method_version
        and p.unit_type = s.unit_type and p.unit_id = s.unit_id
    {{ cells_of('p') }}
    where {{ cell_counts('p', 'p.breakdown_types') }}
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
),

flow_count as (
    select
        indicator, method_version, geography, breakdown_type, breakdown, grain, month,
        bool_or(standing <> 0)::integer - bool_or(stood <> 0)::integer as amount
    from flow_unit
    group by indicator, method_version, geography, breakdown_type, breakdown, grain, month, unit_type, unit_id
    union all
    select
        p.indicator, p.method_version, place.cell_geography, member.breakdown_type, {{ age_band_of_flow('member', 'p.month') }},
        p.grain, p.month, p.amount
    from flow_fine as p
    inner join (select distinct indicator, method_version, breakdown_types from counted where counts_units) as f
        on p.indicator = f.indicator and p.method_version = f.method_version
    {{ cells_of('p') }}
    where p.amount <> 0 and {{ cell_counts('p', 'f.breakdown_types') }}
),

stock_unit as (
    select
        p.indicator,
        p.method_version,
        place.cell_geography as geography,
        member.breakdown_type,
        member.breakdown,
        greatest(date_trunc('month', p.day)::date, o.month) as month,
        p.unit_type,
        p.unit_id,
        sum(p.amount) as step,
        coalesce(sum(p.amount) filter (where p.build_id <= p.counted_up_to), 0) as step_before
    from unit_posting as p
    cross join opening as o
    {{ cells_of('p') }}
    where p.unit_accumulation = 'stock' and {{ cell_counts('p', 'p.breakdown_types') }}
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

stock_level as (
    select
        u.*,
        sum(u.step) over w as standing,
        sum(u.step_before) over w as stood
    from stock_unit as u
    window w as (
        partition by u.indicator, u.method_version, u.geography, u.breakdown_type, u.breakdown, u.unit_type, u.unit_id
        order by u.month
    )
),

stock_count as (
    select
        indicator, method_version, geography, breakdown_type, breakdown, ''::text as grain, month,
        ((standing <> 0)::integer - (standing - step <> 0)::integer)
        - ((stood <> 0)::integer - (stood - step_before <> 0)::integer) as amount
    from stock_level
),

-- Units of a flow over a stock: how many in each period, as steps from one period to the next. A flow stands in its
-- period alone, an opening stock from the period after.
mixed_unit as (
    select
        p.indicator,
        p.method_version,
        place.cell_geography as geography,
        member.breakdown_type,
        member.breakdown,
        g.grain,
        s.month,
        p.unit_type,
        p.unit_id,
        coalesce(sum(s.amount) filter (where p.part = 'numerator'), 0) as numerator,
        coalesce(sum(s.amount) filter (where p.part = 'denominator'), 0) as denominator,
        coalesce(sum(s.amount) filter (where p.part = 'numerator' and p.build_id <= p.counted_up_to), 0) as numerator_before,
        coalesce(sum(s.amount) filter (where p.part = 'denominator' and p.build_id <= p.counted_up_to), 0)
            as denominator_before
    from unit_posting as p
    cross join opening as o
    inner join (values ('M', 'month', '1 month'), ('Q', 'quarter', '3 months'), ('Y', 'year', '1 year'))
        as g (grain, unit, step)
        on g.grain = any(p.grains) and (p.period_grain is null or p.period_grain = g.grain)
    cross join lateral (select date_trunc(g.unit, greatest(p.day, o.series_start - 1))::date) as q (month)
    cross join lateral (
        select q.month, p.amount
        where p.accumulation = 'stock' or (p.accumulation <> 'opening_stock' and p.day >= o.series_start)
        union all
        select (q.month + g.step::interval)::date, case p.accumulation when 'opening_stock' then p.amount else -p.amount end
        where p.accumulation = 'opening_stock' or (p.accumulation <> 'stock' and p.day >= o.series_start)
    ) as s (month, amount)
    {{ cells_of('p') }}
    where p.unit_accumulation = 'mixed' and {{ cell_counts('p', 'p.breakdown_types') }}
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
),

mixed_level as (
    select
        u.*,
        (sum(u.numerator) over w <> 0 or sum(u.denominator) over w <> 0)::integer as standing,
        (sum(u.numerator_before) over w <> 0 or sum(u.denominator_before) over w <> 0)::integer as stood
    from mixed_unit as u
    window w as (
        partition by
            u.indicator, u.method_version, u.geography, u.breakdown_type, u.breakdown, u.grain, u.unit_type, u.unit_id
        order by u.month
    )
),

mixed_count as (
    select
        indicator, method_version, geography, breakdown_type, breakdown, grain, month,
        standing - lag(standing, 1, 0) over w - (stood - lag(stood, 1, 0) over w) as amount
    from mixed_level
    window w as (
        partition by indicator, method_version, geography, breakdown_type, breakdown, grain, unit_type, unit_id
        order by month
    )
),

unit_change as (
    select indicator, method_version, geography, breakdown_type, breakdown, grain, month, sum(amount) as amount
    from (select * from flow_count union all select * from stock_count union all select * from mixed_count) as c
    group by 1, 2, 3, 4, 5, 6, 7
),

final as (
    select
        {{ this_build() }} as build_id, indicator, method_version, part, geography, breakdown_type, breakdown, grain,
        month, amount
    from amount
    where amount <> 0
    union all
    select
        {{ this_build() }} as build_id, indicator, method_version, 'units' as part, geography, breakdown_type, breakdown,
        grain, month, amount
    from unit_change
    where amount <> 0
)

select * from final
