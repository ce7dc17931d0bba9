{{ config(materialized='incremental', incremental_strategy='append', full_refresh=false,
          indexes=[{'columns': ['build_id']},
                   {'columns': ['indicator', 'period', 'geography', 'breakdown_type', 'breakdown']}],
          pre_hook='{{ bulk_work(always=true) }}') }}

-- Figures that this build changed or that are new, every version kept: the history behind mart.indicator_values.
-- Worked out for touched cells (of the months that changed; of a stock from there on), for periods that opened since the
-- published build, and where a source fell behind or caught up; written where anything differs from what is published. A town
-- that is not on the list any more has no figures; those under the list before it go out of sight.
with build as (
    select * from {{ source('ledger', 'current_build') }}
),

period as materialized (
    select * from {{ ref('period') }}
),

published_build as (
    select coalesce(max(p.business_date), '-infinity'::date) as business_date
    from {{ source('ledger', 'build') }} as p
    inner join build as b on p.build_id = b.previous_build_id
),

-- What `runs_on` carries a change to all later periods.
indicator as (
    select
        i.*,
        i.numerator_accumulation not in ('flow', 'survey')
        or coalesce(i.denominator_accumulation, 'flow') not in ('flow', 'survey') as runs_on
    from ({{ indicator_rows() }}) as i
),

published as (
    select * from {{ source('evidence', 'indicator_value_current') }}
),

-- A list of towns is called by the first day on which it was so.
vintage as (
    select coalesce(max(l.first_day)::text, 'first') as geography_vintage
    from {{ ref('geography') }} as g
    cross join build as b
    cross join lateral (values (g.valid_from), (g.valid_to + 1)) as l (first_day)
    where l.first_day <= b.business_date
),

place as (
    select g.geography
    from {{ ref('geography') }} as g
    inner join build as b on g.geography = b.region or g.parent = b.region
    where
        b.business_date >= coalesce(g.valid_from, '-infinity'::date)
        and b.business_date <= coalesce(g.valid_to, 'infinity'::date)
),

-- Under another list of towns every figure is looked at, those of towns that had none among them.
published_under_another as (
    select coalesce(bool_or(p.geography is null or p.geography_vintage <> v.geography_vintage), false) as is_so
    from place as l
    cross join vintage as v
    left join (
        select distinct o.geography, o.geography_vintage
        from published as o
        inner join indicator as i on o.indicator = i.indicator and o.method_version = i.method_version
    ) as p on l.geography = p.geography
),

behind as (
    select * from {{ ref('source_currency') }}
    where is_behind
),

never_known as (
    select unnest(i.needs) as source from indicator as i
    except
    select source from {{ ref('source_currency') }}
),

stale as (
    select i.indicator, i.method_version, p.period
    from indicator as i
    cross join period as p
    where
        exists (
            select 1 from behind as s
            where s.source = any(i.needs) and p.last_day > coalesce(s.known_to, '-infinity'::date)
        )
        or exists (select 1 from never_known as n where n.source = any(i.needs))
),

-- Periods published as stale or not: a cell whose currency differs is written anew.
published_currency as (
    select distinct indicator, method_version, period, availability = 'stale' as was_stale from published
),

-- Bands move on with the year: what changes one year of birth may change each of them.
touched as (
    select
        c.indicator, c.method_version, c.geography, c.breakdown_type, {{ series_of('c') }} as series,
        min(c.month) as first_month, max(c.month) as last_month
    from {{ ref('cell_change') }} as c
    where c.build_id > {{ published_build() }}
    group by 1, 2, 3, 4, 5
),

-- A change of the undivided denominator touches every breakdown that uses it; one of the survey's design every cell.
touched_denominator as (
    select c.indicator, c.method_version, c.geography, min(c.month) as first_month, max(c.month) as last_month
    from {{ ref('cell_change') }} as c
    where c.build_id > {{ published_build() }} and c.part in ('denominator', 'known')
    group by 1, 2, 3
),

cell as (
    select
        i.indicator, i.method_version, i.scale, i.numerator_accumulation, i.denominator_accumulation, i.undivided,
        i.has_standard_error, i.unit_part, i.final_after_years,
        p.period, p.period_grain, p.first_day, p.last_day, l.geography, m.breakdown_type, m.breakdown,
        s.period is not null as is_stale
    from indicator as i
    inner join period as p on p.period_grain = any(i.grains)
    cross join place as l
    inner join {{ ref('member') }} as m
        on m.breakdown_type = 'total'
        or (m.breakdown_type = any(i.breakdown_types)
            and (m.breakdown_type <> 'sector' or m.breakdown = any(i.sectors)))
    left join stale as s
        on i.indicator = s.indicator and i.method_version = s.method_version and p.period = s.period
    left join touched as t
        on i.indicator = t.indicator and i.method_version = t.method_version and l.geography = t.geography
        and m.breakdown_type = t.breakdown_type and {{ series_of('m') }} = t.series
    left join touched_denominator as d
        on i.indicator = d.indicator and i.method_version = d.method_version and l.geography = d.geography
    cross join published_build as pb
    cross join build as b
    cross join published_under_another as another
    where
        p.last_day > pb.business_date
        or another.is_so
        or (i.indicator, i.method_version) not in (select c.indicator, c.method_version from published_currency as c)
        or i.has_standard_error
        or (p.last_day >= t.first_month and (i.runs_on or p.first_day <= t.last_month))
        or (p.last_day >= d.first_month and (i.runs_on or p.first_day <= d.last_month))
        or (i.indicator, i.method_version, p.period, s.period is null) in (select * from published_currency)
        or {{ closing_day('p.last_day', 'i.final_after_years') }} between pb.business_date + 1 and b.business_date
),

-- What is added up for them: their own changes, and those of the whole that they are divided by.
series as (
    select
        indicator, method_version, geography, breakdown_type, series, min(first_day) as first_day, max(last_day) as last_day
    from (
        select
            c.indicator, c.method_version, c.geography, c.breakdown_type, {{ series_of('c') }} as series, c.first_day,
            c.last_day
        from cell as c
        union all
        select c.indicator, c.method_version, c.geography, 'total', 'total', c.first_day, c.last_day
        from cell as c
        where cardinality(c.undivided) > 0
    ) as n
    group by indicator, method_version, geography, breakdown_type, series
),

amount as (
    select
        c.indicator, c.method_version, c.part, c.geography, c.breakdown_type, c.breakdown, c.grain, c.month,
        s.first_day, s.last_day, sum(c.amount) as amount
    from {{ ref('cell_change') }} as c
    inner join series as s
        on c.indicator = s.indicator and c.method_version = s.method_version and c.geography = s.geography
        and c.breakdown_type = s.breakdown_type and {{ series_of('c') }} = s.series
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
),

part as (
    select indicator, method_version, numerator_accumulation as accumulation, 'numerator' as part
    from indicator
    union all
    select indicator, method_version, unit_accumulation, 'units'
    from indicator
    union all
    select indicator, method_version, denominator_accumulation, unnest(array['denominator', 'known'])
    from indicator
    where denominator_accumulation is not null
),

flow as (
    select
        a.indicator, a.method_version, a.part, a.geography, a.breakdown_type, p.period,
        {{ age_band_in_period('a', 'p.first_day') }} as breakdown,
        sum(a.amount) as amount
    from amount as a
    inner join part as t
        on a.indicator = t.indicator and a.method_version = t.method_version and a.part = t.part
        and t.accumulation in ('flow', 'survey')
    inner join period as p
        on a.month >= p.first_day and a.month <= p.last_day and a.grain in ('', p.period_grain)
        and a.first_day <= p.first_day and a.last_day >= p.last_day
    group by 1, 2, 3, 4, 5, 6, 7
),

-- Units of a flow over a stock run on from one period of their grain to the next.
mixed as (
    select
        a.indicator, a.method_version, a.part, a.geography, a.breakdown_type, p.period,
        {{ age_band_in_period('a', 'p.first_day') }} as breakdown,
        sum(a.amount) as amount
    from amount as a
    inner join part as t
        on a.indicator = t.indicator and a.method_version = t.method_version and a.part = t.part
        and t.accumulation = 'mixed'
    inner join period as p
        on a.grain = p.period_grain and a.month <= p.first_day
        and a.first_day <= p.first_day and a.last_day >= p.last_day
    group by 1, 2, 3, 4, 5, 6, 7
),

-- Stocks run on from month to month; a period's stock is that of its last month, its opening that of the month before.
month as (
    select first_day as month from period
    where period_grain = 'M'
    union
    select (series_start - interval '1 month')::date from build
),

stock_series as (
    select distinct
        a.indicator, a.method_version, a.part, a.geography, a.breakdown_type, a.breakdown, a.first_day, a.last_day,
        t.accumulation
    from amount as a
    inner join part as t
        on a.indicator = t.indicator and a.method_version = t.method_version and a.part = t.part
        and t.accumulation in ('stock', 'opening_stock')
),

stock_level as (
    select
        s.*,
        m.month,
        sum(a.amount) over (
            partition by s.indicator, s.method_version, s.part, s.geography, s.breakdown_type, s.breakdown
            order by m.month
        ) as level
    from stock_series as s
    cross join month as m
    left join amount as a
        on s.indicator = a.indicator and s.method_version = a.method_version and s.part = a.part
        and s.geography = a.geography and s.breakdown_type = a.breakdown_type and s.breakdown = a.breakdown
        and m.month = a.month
),

stock as (
    select
        l.indicator, l.method_version, l.part, l.geography, l.breakdown_type, p.period,
        {{ age_band_in_period('l', 'p.first_day') }} as breakdown,
        coalesce(sum(l.level), 0) as amount
    from stock_level as l
    inner join period as p
        on l.month = date_trunc('month', case l.accumulation when 'stock' then p.last_day else p.first_day - 1 end)
        and l.first_day <= p.first_day and l.last_day >= p.last_day
    group by 1, 2, 3, 4, 5, 6, 7
),

known as (
    select
        indicator, method_version, geography, breakdown_type, breakdown, period,
        sum(amount) filter (where part = 'numerator') as numerator,
        sum(amount) filter (where part = 'denominator') as denominator,
        sum(amount) filter (where part = 'known') as delivered,
        sum(amount) filter (where part = 'units') as unit_count
    from (select * from flow union all select * from mixed union all select * from stock) as k
    group by indicator, method_version, geography, breakdown_type, breakdown, period
),

-- A denominator counted from units is 0 where there is none; one from outside is missing, and in breakdowns it is
-- either the undivided one of the geography, or none.
valued as (
    select
        c.*,
        coalesce(k.numerator, 0) as numerator,
        case
            when c.denominator_accumulation is null then null
            when cardinality(c.undivided) = 0 then coalesce(k.denominator, 0)
            when c.breakdown_type = any(c.undivided) and whole.delivered > 0 then coalesce(whole.denominator, 0)
        end as denominator,
        coalesce(
            case c.unit_part
                when 'numerator' then k.numerator
                when 'denominator' then k.denominator
                when 'both' then coalesce(k.numerator, 0) + coalesce(k.denominator, 0)
                else k.unit_count
            end,
            0
        )::bigint as unit_count,
        e.standard_error
    from cell as c
    left join known as k
        on c.indicator = k.indicator and c.method_version = k.method_version and c.geography = k.geography
        and c.breakdown_type = k.breakdown_type and c.breakdown = k.breakdown and c.period = k.period
    left join known as whole
        on cardinality(c.undivided) > 0 and whole.breakdown_type = 'total'
        and c.indicator = whole.indicator and c.method_version = whole.method_version
        and c.geography = whole.geography and c.period = whole.period
    left join {{ ref('survey_error') }} as e
        on c.has_standard_error
        and c.indicator = e.indicator and c.method_version = e.method_version and c.geography = e.geography
        and c.breakdown_type = e.breakdown_type and c.breakdown = e.breakdown and c.period = e.period
),

judged as (
    select
        v.*,
        case
            when v.is_stale then 'stale'
            when v.denominator_accumulation is not null and coalesce(v.denominator, 0) = 0 then 'no_denominator'
            else 'ok'
        end as availability
    from valued as v
),

figure as (
    select
        j.indicator,
        j.method_version,
        j.period,
        j.period_grain,
        j.geography,
        vintage.geography_vintage,
        j.breakdown_type,
        j.breakdown,
        case
            when j.availability <> 'ok' then null
            when j.denominator_accumulation is null then round(j.numerator * j.scale, 12)
            -- a quotient has as many places as what is divided, else 16 digits or so, and would be rounded twice
            else round(round(j.numerator * j.scale, 40) / j.denominator, 12)
        end as value,
        -- in their shortest text, however many postings netted to it
        trim_scale(j.numerator) as numerator,
        trim_scale(j.denominator) as denominator,
        j.unit_count,
        case when j.availability = 'ok' then j.standard_error end as standard_error,
        j.availability,
        {{ figure_status('b.business_date', 'j.last_day', 'j.final_after_years') }} as status,
        b.build_id
    from judged as j
    cross join vintage
    cross join build as b
),

bounded as (
    select
        f.*,
        f.value - 1.959964 * f.standard_error as ci_low,
        f.value + 1.959964 * f.standard_error as ci_high
    from figure as f
),

final as (
    select
        n.indicator, n.method_version, n.period, n.period_grain, n.geography, n.geography_vintage, n.breakdown_type,
        n.breakdown, n.value, n.numerator, n.denominator, n.unit_count, n.standard_error, n.ci_low, n.ci_high,
        n.availability, n.status, n.build_id
    from bounded as n
    left join published as o
        on n.indicator = o.indicator and n.method_version = o.method_version and n.period = o.period
        and n.geography = o.geography and n.breakdown_type = o.breakdown_type and n.breakdown = o.breakdown
    where
        o.indicator is null
        or (n.value, n.numerator, n.denominator, n.unit_count, n.availability, n.status, n.geography_vintage)
        is distinct from (o.value, o.numerator, o.denominator, o.unit_count, o.availability, o.status, o.geography_vintage)
        or abs(n.standard_error - o.standard_error) > 1e-9 * n.standard_error
)

select * from final
