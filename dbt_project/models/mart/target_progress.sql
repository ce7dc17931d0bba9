{{ config(materialized='view') }}

-- Each target beside its actual, its baseline and benchmark (the national evaluation asks for both), the pace that is
-- needed while its period runs, and its score. `significantly_higher`: above the same period of the year before,
-- two-sided 5 %.
with targets as (
    select
        t.*,
        coalesce(t.baseline_period, (left(t.period, 4)::integer - 1)::text || substr(t.period, 5)) as compared_period,
        case
            when t.period ~ 'Q' then make_date(left(t.period, 4)::integer, 3 * right(t.period, 1)::integer - 2, 1)
            when length(t.period) = 7 then (t.period || '-01')::date
            else make_date(t.period::integer, 1, 1)
        end as first_day,
        case when t.period ~ 'Q' then 3 when length(t.period) = 7 then 1 else 12 end as months
    from {{ ref('target') }} as t
),

figures as (
    select c.* from {{ source('evidence', 'indicator_value_current') }} as c
    where
        c.breakdown_type = 'total'
        and not exists ( -- an earlier method version
            select 1 from ({{ indicator_rows() }}) as i
            where i.indicator = c.indicator and i.method_version <> c.method_version
        )
),

-- Counts of a flow add up over months: what is there so far is their sum, else it is the last figure.
additive as (
    select i.indicator, i.numerator_accumulation = 'flow' and i.denominator_accumulation is null as is_additive
    from ({{ indicator_rows() }}) as i
),

deduction as (
    select target, sum(case conduct when 'refused' then 1 when 'late' then 0.5 end) as points
    from {{ ref('target_report') }}
    group by target
),

compared as (
    select
        t.*,
        f.value as actual,
        f.availability,
        f.standard_error,
        b.value as baseline,
        n.value as benchmark,
        (f.value - b.value) / nullif(sqrt(f.standard_error ^ 2 + b.standard_error ^ 2), 0) as z_score,
        coalesce(d.points, 0) as deduction
    from targets as t
    left join figures as f
        on t.indicator = f.indicator and t.geography = f.geography and t.period = f.period
    left join figures as b
        on t.indicator = b.indicator and t.geography = b.geography and t.compared_period = b.period
    left join {{ ref('benchmark') }} as n
        on n.benchmark = 'peer_average' and t.indicator = n.indicator and t.period = n.period
    left join deduction as d on t.target = d.target
),

-- Of targets whose period is not over: months known within it, and the last figure of the finest grain there is.
month_known as (
    select
        c.target,
        count(*) filter (where m.period >= to_char(c.first_day, 'YYYY-MM')) as months,
        sum(m.value) filter (where m.period >= to_char(c.first_day, 'YYYY-MM')) as total,
        (array_agg(m.value order by m.period desc))[1] as last_value,
        max(m.period) as last_month
    from compared as c
    inner join figures as m
        on c.indicator = m.indicator and c.geography = m.geography and m.period_grain = 'M' and m.availability = 'ok'
        and m.period < to_char(c.first_day + make_interval(months => c.months), 'YYYY-MM')
    where c.actual is null
    group by c.target
),

year_known as (
    select
        c.target,
        max(left(y.period, 4)::integer) as last_year,
        (array_agg(y.value order by y.period desc))[1] as last_value
    from compared as c
    inner join figures as y
        on c.indicator = y.indicator and c.geography = y.geography and y.period_grain = 'Y' and y.availability = 'ok'
        and c.period > y.period
    where c.actual is null and length(c.period) = 4
    group by c.target
),

running as (
    select
        c.*,
        coalesce(a.is_additive, false) as is_additive,
        case
            when c.actual is not null then null
            when m.target is not null and coalesce(a.is_additive, false) then coalesce(m.total, 0)
            when m.target is not null then m.last_value
            else y.last_value
        end as so_far,
        case
            when c.actual is not null then null
            when m.target is not null
                then (extract(year from c.first_day)::integer - left(m.last_month, 4)::integer) * 12
                    + extract(month from c.first_day)::integer - 1 + c.months - right(m.last_month, 2)::integer
            else left(c.period, 4)::integer - y.last_year
        end as periods_left,
        case when m.target is not null then 'M' when y.target is not null then 'Y' end as pace_grain
    from compared as c
    left join month_known as m on c.target = m.target
    left join year_known as y on c.target = y.target
    left join additive as a on c.indicator = a.indicator
),

-- A target of months ahead begins when its period does: an additive figure has nothing so far, and its months to come.
paced as (
    select
        r.*,
        case when r.is_additive and r.pace_grain = 'M' then least(r.periods_left, r.months) else r.periods_left end as left_now,
        case
            when r.actual is null or r.value is null or r.value = 0 then null
            when r.direction = 'at_least' then r.actual / r.value
            when r.direction = 'at_most' then r.value / nullif(r.actual, 0)
        end as fulfilment
    from running as r
)

select
    target,
    indicator,
    geography,
    period,
    direction,
    value as target_value,
    actual,
    baseline,
    z_score,
    case
        when actual is null then null
        when direction = 'at_least' then actual >= value
        when direction = 'at_most' then actual <= value
        when direction = 'significantly_higher' then z_score > 1.959964
    end as is_met,
    coalesce(availability, 'not_yet') as availability,
    name_zh,
    name_en,
    source,
    actual - value as distance,
    compared_period as baseline_period,
    case direction when 'at_most' then actual < baseline else actual > baseline end as is_better_than_baseline,
    benchmark,
    case direction when 'at_most' then actual < benchmark else actual > benchmark end as is_better_than_benchmark,
    so_far,
    pace_grain,
    case when so_far is not null and left_now > 0 then left_now end as periods_left,
    case
        when so_far is not null and left_now > 0 and direction in ('at_least', 'at_most')
            then round((value - so_far) / left_now, 12)
    end as pace_needed,
    base_score,
    case
        when base_score is null or fulfilment is null then null
        when fulfilment < 0.8 then 0 - deduction
        else round(base_score * least(fulfilment, 1.5) - deduction, 12)
    end as score,
    deduction
from paced
