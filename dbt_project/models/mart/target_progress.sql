{{ config(materialized='view') }}

-- Each target beside its actual, its baseline and benchmark (the national evaluation asks for both), the pace that is
-- needed while its period runs, and its score. `significantly_higher`: above the wave before, two-sided 5 %.
with figures as (
    select c.*, {{ first_day_of('c.period') }} as first_day
    from {{ source('evidence', 'indicator_value_current') }} as c
    where
        c.breakdown_type = 'total'
        and not exists ( -- an earlier method version
            select 1 from ({{ indicator_rows() }}) as i
            where i.indicator = c.indicator and i.method_version <> c.method_version
        )
),

targets as (
    select
        t.*,
        {{ first_day_of('t.period') }} as first_day,
        {{ months_of("case when t.period ~ 'Q' then 'Q' when length(t.period) = 7 then 'M' else 'Y' end") }} as months,
        coalesce(
            t.baseline_period,
            case when t.direction = 'significantly_higher' then (
                select max(f.period) from figures as f
                where
                    f.indicator = t.indicator and f.geography = t.geography and f.standard_error is not null
                    and length(f.period) = length(t.period) and f.period < t.period
            ) end,
            (left(t.period, 4)::integer - 1)::text || substr(t.period, 5)
        ) as compared_period
    from {{ ref('target') }} as t
),

-- Counts of a flow add up: what is there so far is the sum of the periods within the target's, else it is the last figure.
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
        and length(t.geography) = 6 -- of cities, no town's
    left join deduction as d on t.target = d.target
),

-- Of targets whose period is not over: what is known by the finest periods that the indicator has.
finest as (
    select indicator, geography, (array['M', 'Q', 'Y'])[min(array_position(array['M', 'Q', 'Y'], period_grain))] as grain
    from figures
    where availability = 'ok'
    group by indicator, geography
),

known as (
    select
        c.target,
        g.grain,
        {{ months_of('g.grain') }} as months,
        sum(f.value) filter (where f.first_day >= c.first_day) as total,
        (array_agg(f.value order by f.first_day desc))[1] as last_value,
        max(f.first_day) as newest
    from compared as c
    inner join finest as g on c.indicator = g.indicator and c.geography = g.geography and {{ months_of('g.grain') }} <= c.months
    inner join figures as f
        on c.indicator = f.indicator and c.geography = f.geography and g.grain = f.period_grain and f.availability = 'ok'
        and f.first_day < c.first_day + make_interval(months => c.months)
    where c.actual is null
    group by c.target, g.grain
),

-- An additive figure of periods ahead begins when the target's does: it has nothing so far, and its own periods to come.
paced as (
    select
        c.*,
        k.grain as pace_grain,
        case when k.target is not null then case when a.is_additive then coalesce(k.total, 0) else k.last_value end end as so_far,
        case
            when a.is_additive then least({{ periods_between('k.newest', 'c', 'k.months') }}, c.months / k.months)
            else {{ periods_between('k.newest', 'c', 'k.months') }}
        end as left_now,
        case
            when c.actual is null or c.value is null or c.value = 0 then null
            when c.direction = 'at_least' then c.actual / c.value
            when c.direction = 'at_most' then case when c.actual > 0 then c.value / c.actual else 1.5 end
        end as fulfilment
    from compared as c
    left join known as k on c.target = k.target
    left join additive as a on c.indicator = a.indicator
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
