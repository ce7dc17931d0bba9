{{ config(materialized='incremental', incremental_strategy='append',
          indexes=[{'columns': ['build_id']}, {'columns': ['indicator', 'geography', 'breakdown_type']}]) }}

-- What a build's postings change in each indicator's cells, month by month: sums of the numerator, the denominator,
-- and the number of units whose own contribution is not zero. Figures are sums of these rows.
-- `grain` is set where the amount counts in periods of one grain only; months before the series are one opening month.
with formula as (
    {{ formula_rows() }}
),

-- Up to which build the postings are counted in already; an indicator that is new counts them all.
counted as (
    select
        f.*,
        {% if is_incremental() -%}
        coalesce((
            select max(c.build_id) from {{ this }} as c
            where c.indicator = f.indicator and c.method_version = f.method_version
        ), 0)
        {%- else -%}
        0
        {%- endif %} as counted_up_to
    from formula as f
),

opening as (
    select (series_start - interval '1 month')::date as month from {{ source('ledger', 'current_build') }}
),

fresh as (
    select
        f.indicator, f.method_version, f.part, f.sign, f.accumulation, f.breakdown_types, f.counts_units, p.*
    from counted as f
    inner join {{ ref('posting') }} as p
        on f.account = p.account and p.build_id > f.counted_up_to and (f.only_sector is null or p.sector = f.only_sector)
),

amount as (
    select
        p.indicator,
        p.method_version,
        p.part,
        place.cell_geography as geography,
        member.breakdown_type,
        member.breakdown,
        coalesce(p.period_grain, '') as grain,
        case
            when p.accumulation = 'stock' then greatest(date_trunc('month', p.effective_date)::date, o.month)
            else date_trunc('month', p.effective_date)::date
        end as month,
        sum(p.sign * p.weight) as amount
    from fresh as p
    cross join opening as o
    {{ cells_of('p') }}
    where
        {{ cell_counts('p', 'p.breakdown_types') }}
        and (p.accumulation = 'stock' or p.effective_date > o.month + interval '1 month' - interval '1 day')
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

-- Units are counted anew for those with fresh postings: as they stand now, less as they stood.
fresh_unit as (
    select distinct indicator, method_version, unit_type, unit_id from fresh
    where counts_units
),

unit_posting as (
    select
        f.indicator, f.method_version, f.part, f.sign, f.accumulation, f.breakdown_types, f.grains, f.counted_up_to, p.*
    from fresh_unit as u
    inner join counted as f on u.indicator = f.indicator and u.method_version = f.method_version and f.counts_units
    inner join {{ ref('posting') }} as p
        on u.unit_type = p.unit_type and u.unit_id = p.unit_id and f.account = p.account
        and (f.only_sector is null or p.sector = f.only_sector)
),

flow_unit as (
    select
        p.indicator,
        p.method_version,
        place.cell_geography as geography,
        member.breakdown_type,
        {{ age_band_of_flow('member', 'p.effective_date') }} as breakdown,
        g.grain,
        date_trunc(g.unit, p.effective_date)::date as month,
        p.unit_type,
        p.unit_id,
        p.part,
        sum(p.sign * p.weight) as standing,
        coalesce(sum(p.sign * p.weight) filter (where p.build_id <= p.counted_up_to), 0) as stood
    from unit_posting as p
    cross join opening as o
    inner join (values ('M', 'month'), ('Q', 'quarter'), ('Y', 'year')) as g (grain, unit)
        on g.grain = any(p.grains) and (p.period_grain is null or p.period_grain = g.grain)
    {{ cells_of('p') }}
    where
        p.accumulation <> 'stock'
        and {{ cell_counts('p', 'p.breakdown_types') }}
        and p.effective_date > o.month + interval '1 month' - interval '1 day'
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
),

flow_count as (
    select
        indicator, method_version, geography, breakdown_type, breakdown, grain, month,
        bool_or(standing <> 0)::integer - bool_or(stood <> 0)::integer as amount
    from flow_unit
    group by indicator, method_version, geography, breakdown_type, breakdown, grain, month, unit_type, unit_id
),

stock_unit as (
    select
        p.indicator,
        p.method_version,
        place.cell_geography as geography,
        member.breakdown_type,
        member.breakdown,
        greatest(date_trunc('month', p.effective_date)::date, o.month) as month,
        p.unit_type,
        p.unit_id,
        sum(p.sign * p.weight) as step,
        coalesce(sum(p.sign * p.weight) filter (where p.build_id <= p.counted_up_to), 0) as step_before
    from unit_posting as p
    cross join opening as o
    {{ cells_of('p') }}
    where p.accumulation = 'stock' and {{ cell_counts('p', 'p.breakdown_types') }}
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

unit_change as (
    select indicator, method_version, geography, breakdown_type, breakdown, grain, month, sum(amount) as amount
    from (select * from flow_count union all select * from stock_count) as c
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
