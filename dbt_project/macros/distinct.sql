{#- Distinct units of a stock, as postings that add up in every cell. Of each record a posting from its first day until
    before its last; where several records of a unit lie in one coarser cell, corrections bring the cell to one as long as
    any of them lasts, or to none while a record that `excludes` lasts. Corrections that are alike in several breakdowns
    are one posting.
    Needs intervals: unit_id, geography, sector, industry, founder_groups, sex, birth_year, start_date, until_date (null:
    for ever), excludes, row_id. -#}
{% macro distinct_stock(account, unit_type, intervals) %}
select
    '{{ account }}'::text as account, i.start_date as effective_date, i.until_date, null::text as period_grain, i.geography,
    null::text as geo_scope, null::text [] as applies_to, i.sector, i.industry, i.founder_groups, i.sex, i.birth_year,
    null::text as psu, '{{ unit_type }}'::text as unit_type, i.unit_id, 1::numeric as weight, array[i.row_id] as source_rows
from {{ intervals }} as i
where not i.excludes
union all
select * from (
    with repeated as (
        {{ units_with_several(intervals) }}
    ),

    -- One after the other they need no correction: of most units that have several records no two last at once.
    several as (
        select r.* from repeated as r
        where r.unit_id in (
            select o.unit_id
            from (
                select
                    i.unit_id,
                    i.start_date < max(coalesce(i.until_date, 'infinity'::date)) over (
                        partition by i.unit_id order by i.start_date rows between unbounded preceding and 1 preceding
                    ) as lasts_beside_another
                from {{ intervals }} as i
                inner join repeated as u on i.unit_id = u.unit_id
            ) as o
            where o.lasts_beside_another
        )
    ),

    placed as (
        select i.*, p.geo_scope, p.place, s.has_one_birth_year
        from {{ intervals }} as i
        inner join several as s on i.unit_id = s.unit_id
        {{ places_of('i', 's') }}
    ),

    -- A unit of one year of birth moves from band to band with it; of several years each calendar year has its bands.
    cell as (
        select p.*, m.kind, m.member, m.shown_birth_year, p.start_date as from_day, coalesce(p.until_date, 'infinity'::date) as to_day
        from placed as p
        {{ members_of('p') }}
        union all
        select
            p.*,
            'age_band',
            y.year || ' ' || {{ age_band('y.year - p.birth_year') }},
            p.birth_year,
            greatest(p.start_date, make_date(y.year, 1, 1)),
            least(coalesce(p.until_date, 'infinity'::date), make_date(y.year + 1, 1, 1))
        from placed as p
        cross join lateral generate_series(
            extract(year from p.start_date)::integer, extract(year from coalesce(p.until_date - 1, '2100-01-01'::date))::integer
        ) as y (year)
        where not p.has_one_birth_year
    ),

    step as (
        select
            unit_id, geo_scope, place, kind, member, e.day,
            sum(e.step) filter (where not excludes) as counting,
            sum(e.step) filter (where excludes) as excluding
        from cell
        cross join lateral (values (from_day, 1), (to_day, -1)) as e (day, step)
        group by 1, 2, 3, 4, 5, 6
    ),

    level as (
        select unit_id, geo_scope, place, kind, member, day, sum(counting) over w as counting, sum(excluding) over w as excluding
        from step
        window w as (partition by unit_id, geo_scope, place, kind, member order by day)
    ),

    missing as (
        select
            unit_id, geo_scope, place, kind, member, day,
            (coalesce(counting, 0) > 0 and coalesce(excluding, 0) = 0)::integer - coalesce(counting, 0) as weight
        from level
    ),

    changing as (
        select *, lag(weight, 1, 0) over (partition by unit_id, geo_scope, place, kind, member order by day) as weight_before
        from missing
    ),

    lasting as (
        select *, lead(day) over (partition by unit_id, geo_scope, place, kind, member order by day) as until_day
        from changing
        where weight <> weight_before
    ),

    correction as (
        select
            l.unit_id, l.geo_scope, l.place as geography, l.day, nullif(l.until_day, 'infinity'::date) as until_date,
            null::text as period_grain, l.weight, l.kind, l.member, max(c.shown_birth_year) as birth_year,
            array_agg(distinct c.row_id order by c.row_id) as source_rows
        from lasting as l
        inner join cell as c
            on l.unit_id = c.unit_id and l.geo_scope is not distinct from c.geo_scope and l.place = c.place
            and l.kind = c.kind and l.member = c.member and c.from_day < l.until_day and c.to_day > l.day
        where l.weight <> 0
        group by l.unit_id, l.geo_scope, l.place, l.day, l.until_day, l.weight, l.kind, l.member
    )

    {{ packed_corrections(account, unit_type, 'correction') }}
) as c
{% endmacro %}

{#- Distinct units of a flow, as postings that add up: of each record a posting on its day; where a unit has n records in
    one cell and period, 1 - n, for that period grain.
    Needs records: unit_id, geography, founder_groups, sex, birth_year, day, row_id; `source_rows`: what else stands behind one. -#}
{% macro distinct_flow(account, unit_type, records, source_rows='array[r.row_id]') %}
{{ record_postings(account, unit_type, records, 'r.day', '1', source_rows=source_rows) }}
union all
select * from (
    with described as (
        select *, null::text as sector, null::text as industry, false as excludes from {{ records }}
    ),

    -- Records of different years never meet in a period.
    several as (
        select r.* from (
            {{ units_with_several('described') }}
        ) as r
        where r.unit_id in (
            select d.unit_id from described as d
            group by d.unit_id, extract(year from d.day)
            having count(*) > 1
        )
    ),

    cell as (
        select i.*, p.geo_scope, p.place, m.kind, m.member, m.shown_birth_year
        from described as i
        inner join several as s on i.unit_id = s.unit_id
        {{ places_of('i', 's') }}
        cross join lateral (
            select m.* from (select true as has_one_birth_year, i.*) as p
            {{ members_of('p') }}
        ) as m
        where m.kind <> 'age_band'
        union all
        select i.*, p.geo_scope, p.place, 'age_band', {{ age_band('extract(year from i.day) - i.birth_year') }}, i.birth_year
        from described as i
        inner join several as s on i.unit_id = s.unit_id
        {{ places_of('i', 's') }}
    ),

    repeated as (
        select
            c.unit_id, c.geo_scope, c.place as geography, min(c.day) as day, null::date as until_date, g.grain, 1 - count(*) as weight,
            c.kind, c.member, max(c.shown_birth_year) as birth_year, array_agg(c.row_id order by c.row_id) as source_rows
        from cell as c
        cross join (values ('M', 'month'), ('Q', 'quarter'), ('Y', 'year')) as g (grain, unit)
        group by c.unit_id, c.geo_scope, c.place, g.grain, date_trunc(g.unit, c.day), c.kind, c.member
        having count(*) > 1
    ),

    -- Records of one month are alike in its quarter and its year where these have no others.
    correction as (
        select
            unit_id, geo_scope, geography, day, until_date, g.period_grain, weight, kind, member, birth_year, source_rows
        from (
            select
                unit_id, geo_scope, geography, day, until_date, weight, kind, member, birth_year, source_rows,
                array_agg(grain order by grain) as grains
            from repeated
            group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
        ) as r
        cross join lateral (
            select null as period_grain where cardinality(r.grains) = 3
            union all
            select o.grain from unnest(r.grains) as o (grain) where cardinality(r.grains) < 3
        ) as g
    )

    {{ packed_corrections(account, unit_type, 'correction') }}
) as c
{% endmacro %}

{#- Units of which several records may meet in a cell, and whether all lie in one town and say one year of birth. -#}
{% macro units_with_several(records) %}
    select
        unit_id,
        min(geography) as only_town,
        min(geography) = max(geography) as has_one_town,
        count(distinct birth_year) + max((birth_year is null)::integer) = 1 as has_one_birth_year
    from {{ records }}
    group by unit_id
    having count(*) > 1 and not bool_and(excludes)
{% endmacro %}

{#- Where corrections of a unit stand: once for town and city where it has records in one town alone, else in each. -#}
{% macro places_of(record, several) %}
    cross join lateral (
        select null as geo_scope, {{ record }}.geography as place where {{ several }}.has_one_town
        union all
        select 'town', {{ record }}.geography where not {{ several }}.has_one_town
        union all
        select 'city', {{ this_build('region') }} where not {{ several }}.has_one_town
    ) as p
{% endmacro %}

{#- The coarser cells that a record lies in, but the age bands of a unit with several years of birth. -#}
{% macro members_of(record) %}
    cross join lateral (
        select 'total' as kind, '' as member, null::integer as shown_birth_year
        union all select 'sector', {{ record }}.sector, null where {{ record }}.sector is not null
        union all select 'industry', {{ record }}.industry, null where {{ record }}.industry is not null
        union all select 'sex', coalesce({{ record }}.sex, ''), null
        union all select 'founder_group', f.code, null from unnest({{ record }}.founder_groups) as f (code)
        union all
        select 'age_band', coalesce({{ record }}.birth_year::text, ''), {{ record }}.birth_year
        where {{ record }}.has_one_birth_year
    ) as m
{% endmacro %}

{#- Corrections of single cells, those that are alike in one posting: groups side by side in one list, of every other
    breakdown one member.
    Needs corrections: unit_id, geo_scope, geography, day, until_date, period_grain, weight, kind, member, birth_year,
    source_rows. -#}
{% macro packed_corrections(account, unit_type, corrections) %}
    select
        '{{ account }}'::text as account,
        day as effective_date,
        until_date,
        period_grain,
        geography,
        geo_scope,
        array_agg(distinct kind order by kind) as applies_to,
        max(member) filter (where kind = 'sector') as sector,
        max(member) filter (where kind = 'industry') as industry,
        array_agg(member order by member) filter (where kind = 'founder_group') as founder_groups,
        nullif(max(member) filter (where kind = 'sex'), '') as sex,
        max(birth_year) as birth_year,
        null::text as psu,
        '{{ unit_type }}'::text as unit_type,
        unit_id,
        weight::numeric as weight,
        source_rows
    from (
        select
            k.*,
            case
                when k.kind = 'founder_group' then 1
                else row_number() over (
                    partition by
                        k.unit_id, k.geo_scope, k.geography, k.day, k.until_date, k.period_grain, k.weight, k.source_rows, k.kind
                    order by k.member
                )
            end as turn
        from {{ corrections }} as k
    ) as t
    group by unit_id, geo_scope, geography, day, until_date, period_grain, weight, source_rows, turn
{% endmacro %}
