{{ config(materialized='incremental', incremental_strategy='append',
          indexes=[{'columns': ['build_id']}, {'columns': ['indicator', 'geography', 'breakdown_type']}],
          pre_hook=['{{ bulk_work() }}', '{{ merge_changes() }}'], post_hook='{{ analyse_this(kept=true) }}') }}

-- What a build's postings change in each indicator's cells, month by month: sums of the numerator, the denominator,
-- and, where neither says it, the number of units whose own contribution is not zero. Figures are sums of these rows.
-- `grain` is set where the amount counts in periods of one grain only; months before the series are one opening month.
with formula as (
    {{ formula_rows() }}
),

-- Up to which build the postings are counted in already; an indicator that is new counts them all. `number` stands for the
-- indicator and its version where units are grouped.
counted as (
    select
        f.*,
        dense_rank() over (order by f.indicator, f.method_version) as number,
        {% if is_incremental() -%}
        case when {{ is_counted('f') }} then coalesce((select max(c.build_id) from {{ this }} as c), 0) else 0 end
        {%- else -%}
        0
        {%- endif %} as counted_up_to
    from formula as f
),

opening as (
    select series_start, (series_start - interval '1 month')::date as month
    from {{ source('ledger', 'current_build') }}
),

-- Summed at the finest cell first: indicators share accounts, and many units share a cell. A posting that ends is two events of
-- a stock. What a lagged flow reads keeps its month also before the series. (No other step is read here: so the server may
-- share the ledger out to all its cores.)
fine as (
    select
        p.account, p.build_id, coalesce(p.period_grain, '') as grain, p.geography, p.geo_scope, p.applies_to, p.sector,
        p.industry, p.founder_groups, p.sex, p.birth_year, e.month, sum(e.amount) as weight
    from {{ ref('posting') }} as p
    cross join lateral (
        select
            v.amount,
            case
                when
                    v.day < {{ this_build('series_start') }}
                    and p.account <> all({{ text_list(accounts_with_lag() if execute else []) }})
                    then ({{ this_build('series_start') }} - interval '1 month')::date
                else date_trunc('month', v.day)::date
            end as month
        from (values (p.effective_date, p.weight), (p.until_date, -p.weight)) as v (day, amount)
        where v.day is not null
    ) as e
    where p.build_id > {{ counted_up_to() }}
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

{{ counted_units() }}

final as (
    select
        {{ this_build() }} as build_id, indicator, method_version, part, geography, breakdown_type, breakdown, grain,
        month, amount
    from amount
    where amount <> 0
    union all
    select
        {{ this_build() }} as build_id, f.indicator, f.method_version, 'units' as part, c.geography, c.breakdown_type,
        c.breakdown, c.grain, c.month, c.amount
    from unit_change as c
    inner join unit_indicator as f on c.number = f.number
    where c.amount <> 0
)

select * from final
