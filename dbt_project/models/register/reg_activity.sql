{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='entity_id',
          indexes=[{'columns': ['entity_id'], 'unique': true}], pre_hook='{{ bulk_work() }}',
          post_hook='{{ analyse_this(kept=true) }}') }}
-- depends_on: {{ ref('touched') }}

-- Years in which an entity shows activity, with a row for each that shows it: a voucher with revenue whose period touches
-- the year, or an insured spell (ACC031 = 1) at its registration number; an open spell lasts until K. Being in stock is not
-- asked. Years from the series' first to two after K, as far as deaths look. An entity whose evidence is gone keeps a
-- row without years.
with bounds as (
    select
        business_date,
        extract(year from series_start)::integer as first_year,
        extract(year from business_date)::integer + 2 as last_year
    from {{ source('ledger', 'current_build') }}
),

entity as (
    select entity_id, unit_key, regno, start_date, end_date
    from {{ ref('reg_entity') }} as e
    where
        alive
        {%- if is_incremental() %}
        and exists (select 1 from {{ ref('touched') }} as t where t.unit_type = 'entity' and t.unit_id = e.entity_id)
        {%- endif %}
),

numbered as (
    select e.entity_id, e.unit_key, e.regno, e.start_date, e.end_date, count(*) over (partition by e.regno) as holders
    from {{ ref('reg_entity') }} as e
    where e.alive and e.regno in (select n.regno from entity as n)
),

insured as (
    select s.unit_key, s.row_id, s.employer_regno, s.start_date, coalesce(s.end_date, b.business_date) as last_day
    from {{ ref('reg_spell') }} as s
    cross join bounds as b
    where s.alive and s.employment_form = '1' and s.employer_regno in (select n.regno from entity as n)
),

employer as (
    {{ chosen_entity('insured', 'numbered', 'r.employer_regno = e.regno', ['r.unit_key'], 'r.start_date') }}
),

record as (
    select v.entity_id, v.period_start as first_day, v.period_end as last_day, v.office, v.unit_key, v.row_id
    from {{ ref('reg_voucher') }} as v
    where
        v.alive and v.counts and v.revenue_cny > 0
        and v.period_start is not null and v.period_end is not null -- a period that is not known touches no year
        {%- if is_incremental() %}
        and v.entity_id in (select n.entity_id from entity as n)
        {%- endif %}
    union all
    select w.entity_id, s.start_date, s.last_day, 'spell', s.unit_key, s.row_id
    from insured as s
    inner join employer as w on s.unit_key = w.unit_key
),

-- The first record of a year shows it; its key says which is first, so that the order of arrival does not.
shown as (
    select
        r.entity_id,
        y.year,
        split_part(
            min(concat_ws(chr(30), to_char(r.first_day, 'YYYYMMDD'), r.office, r.unit_key, r.row_id) collate "C"), chr(30), 4
        )::bigint as row_id
    from record as r
    inner join entity as e on r.entity_id = e.entity_id
    cross join bounds as b
    cross join lateral generate_series(
        greatest(extract(year from r.first_day)::integer, b.first_year),
        least(extract(year from r.last_day)::integer, b.last_year)
    ) as y (year)
    group by r.entity_id, y.year
),

final as (
    select
        e.entity_id,
        coalesce(array_agg(s.year order by s.year) filter (where s.year is not null), array[]::integer []) as years,
        coalesce(array_agg(s.row_id order by s.year) filter (where s.year is not null), array[]::bigint []) as row_ids
    from entity as e
    left join shown as s on e.entity_id = s.entity_id
    group by e.entity_id
)

select * from final
