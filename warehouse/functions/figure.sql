-- A figure, opened: its units a page at a time, and both sides added up again.

set local role bureau_owner;

-- A page of the units of both sides, or of `only_role`. In the order of the units' numbers only the page is read, and
-- `after_unit` (the `unit` of the last row before) goes on where a page ended; `by_weight` puts the largest first and has to
-- add up all of them.
create or replace function mart.trace_figure(
    indicator text,
    period text,
    geography text default null,
    breakdown_type text default 'total',
    breakdown text default 'total',
    page_limit bigint default 100,
    page_offset bigint default 0,
    by_weight boolean default false,
    up_to_build integer default null,
    only_role text default null,
    after_unit bigint default 0
) returns table (
    role text, unit_type text, unit_id text, weight numeric, attributes jsonb, source_rows bigint [], unit bigint
) language plpgsql stable set search_path = pg_catalog as $$
declare
    top integer := coalesce(up_to_build, evidence.newest_build());
    place text := coalesce(geography, (select b.region from ledger.build as b where b.build_id = top));
    counted text;
    side text;
begin
    foreach side in array array['numerator', 'denominator'] loop
        continue when side <> only_role;
        counted := evidence.counted_postings(indicator, side, period, place, breakdown_type, breakdown, top);
        continue when counted is null;
        return query execute format(
            $statement$
            with unit as materialized (
                select c.unit_id, c.unit_type, sum(c.counted) as weight
                from (%1$s) as c
                where c.unit_id > %7$s
                group by c.unit_id, c.unit_type
                having sum(c.counted) <> 0
                order by %2$s
                offset %3$s limit %4$s
            ),
            -- what was posted and reversed is not there any longer, and leaves no source rows
            standing as (
                select
                    c.unit_id, c.unit_type, c.applies_to, c.effective_date, c.source_rows,
                    jsonb_strip_nulls(jsonb_build_object(
                        'effective_date', c.effective_date, 'geography', c.geography, 'sector', c.sector,
                        'industry', c.industry, 'founder_groups', c.founder_groups, 'sex', c.sex, 'birth_year', c.birth_year
                    )) as attributes
                from unit as u
                inner join (%1$s) as c on u.unit_id = c.unit_id and u.unit_type = c.unit_type
                group by
                    c.account, c.period_grain, c.geo_scope, c.psu, c.unit_type, c.unit_id, c.effective_date, c.until_date,
                    c.geography, c.sector, c.industry, c.founder_groups, c.sex, c.birth_year, c.source_rows, c.applies_to
                having sum(c.counted) <> 0
            ),
            seen as (
                select
                    s.unit_id, s.unit_type,
                    (array_agg(s.attributes order by (s.applies_to is null) desc, s.effective_date desc))[1] as attributes
                from standing as s
                group by s.unit_id, s.unit_type
            ),
            behind as (
                select s.unit_id, s.unit_type, array_agg(distinct e.row_id order by e.row_id) as row_ids
                from standing as s
                cross join lateral unnest(s.source_rows) as e (row_id)
                group by s.unit_id, s.unit_type
            )
            select %5$L, u.unit_type, translate(k.unit_key, chr(31), '/'), u.weight, s.attributes, b.row_ids, u.unit_id
            from unit as u
            inner join register.unit as k on u.unit_id = k.unit_id
            left join seen as s on u.unit_id = s.unit_id and u.unit_type = s.unit_type
            left join behind as b on u.unit_id = b.unit_id and u.unit_type = b.unit_type
            order by %6$s
            $statement$,
            counted,
            case when by_weight then 'sum(c.counted) desc, c.unit_id' else 'c.unit_id' end,
            page_offset,
            coalesce(page_limit::text, 'all'),
            side,
            case when by_weight then 'u.weight desc, u.unit_id' else 'u.unit_id' end,
            after_unit
        );
    end loop;
end $$;
comment on function mart.trace_figure is
    'Units that a published figure is made of, a page a side: role (numerator, denominator), unit, weight, attributes, row_ids';

-- Both sides added up again from their units: what mart.indicator_values has to say too.
create or replace function mart.trace_total(
    indicator text,
    period text,
    geography text default null,
    breakdown_type text default 'total',
    breakdown text default 'total',
    up_to_build integer default null
) returns table (role text, total numeric, units bigint) language plpgsql stable set search_path = pg_catalog as $$
declare
    top integer := coalesce(up_to_build, evidence.newest_build());
    place text := coalesce(geography, (select b.region from ledger.build as b where b.build_id = top));
    counted text;
    side text;
begin
    foreach side in array array['numerator', 'denominator'] loop
        counted := evidence.counted_postings(indicator, side, period, place, breakdown_type, breakdown, top);
        continue when counted is null;
        return query execute format(
            'select %L, coalesce(sum(u.weight), 0), count(*) from ('
            'select sum(c.counted) as weight from (%s) as c group by c.unit_id having sum(c.counted) <> 0) as u',
            side, counted
        );
    end loop;
end $$;
comment on function mart.trace_total is 'Numerator and denominator of a published figure, added up from its units';

grant execute on function
    evidence.newest_build, evidence.period_days, evidence.versions_in_force, evidence.texts_of, evidence.cell_rules,
    evidence.counted_postings, mart.trace_figure, mart.trace_total
    to bureau_evaluator;
