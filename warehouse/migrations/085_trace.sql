-- A figure and a row opened in SQL, for evaluators. The tables behind these functions are dbt's and come later, so the bodies are
-- looked at when they are called. Everything but ledger.put_aside runs with the caller's rights.

set local role bureau_owner;

-- Which postings count in a cell, as the statement that reads them: what warehouse/trace.py and macros/formula.sql say as well.
-- `counted` is what a posting brings: in a flow the end of one that ends counts against it. Null: the side does not exist.
-- Accounts stand in the text, so that only their partitions are read, and in the order of an index where only a page is
-- wanted.
create function evidence.counted_postings(
    indicator text, side text, period text, geography text, breakdown_type text, breakdown text, up_to_build integer
) returns text language plpgsql stable set search_path = pg_catalog as $$
declare
    formula record;
    city text;
    grain text;
    first_day date;
    last_day date;
    kind text := counted_postings.breakdown_type;
    member text := counted_postings.breakdown;
    age text;
    place text;
    moment text;
    amount text := '1';
    belongs text;
begin
    select
        string_agg(format('%L', f.account), ', ') as accounts,
        string_agg(format('when %L then %s', f.account, f.sign), ' ') as signs,
        min(f.accumulation) as accumulation, min(f.only_sectors) as sectors, min(f.undivided) as undivided
    into formula
    from evidence.indicator_formula as f
    where f.indicator = counted_postings.indicator and f.part = counted_postings.side;
    if formula.accounts is null then
        if not exists (select from evidence.indicator_formula as f where f.indicator = counted_postings.indicator) then
            raise exception 'there is no indicator %', counted_postings.indicator using errcode = 'invalid_parameter_value';
        end if;
        return null;
    end if;

    if period ~ '^[0-9]{4}$' then
        grain := 'Y';
        first_day := make_date(left(period, 4)::integer, 1, 1);
        last_day := first_day + interval '1 year - 1 day';
    elsif period ~ '^[0-9]{4}-Q[1-4]$' then
        grain := 'Q';
        first_day := make_date(left(period, 4)::integer, 3 * right(period, 1)::integer - 2, 1);
        last_day := first_day + interval '3 months - 1 day';
    elsif period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$' then
        grain := 'M';
        first_day := make_date(left(period, 4)::integer, right(period, 2)::integer, 1);
        last_day := first_day + interval '1 month - 1 day';
    else
        raise exception 'not a period: % (2010, 2010-Q3 or 2010-07)', period using errcode = 'invalid_parameter_value';
    end if;

    -- a denominator that is not divided is the whole geography's, whatever the member
    if formula.undivided is not null then
        if not kind = any(formula.undivided) then
            return null;
        end if;
        kind := 'total';
        member := 'total';
    end if;

    age := format('(%s - p.birth_year)', extract(year from first_day)::integer);
    belongs := case kind
        when 'total' then 'true'
        when 'sector' then format('p.sector = %L', member)
        when 'industry' then format('p.industry = %L', member)
        when 'founder_group' then format('%L = any(p.founder_groups)', member)
        when 'sex' then format('coalesce(p.sex, ''unknown'') = %L', member)
        when 'age_band' then format(
            'case when %1$s >= 55 then ''55+'' when %1$s >= 45 then ''45-54'' when %1$s >= 35 then ''35-44'' '
            'when %1$s >= 25 then ''25-34'' when %1$s >= 16 then ''16-24'' else ''unknown'' end = %2$L', age, member
        )
    end;
    if belongs is null then
        raise exception 'not a breakdown: %', kind using errcode = 'invalid_parameter_value';
    end if;

    select b.region into city from ledger.build as b where b.build_id = up_to_build;
    place := case
        when counted_postings.geography = city then '(p.geo_scope is null or p.geo_scope = ''city'')'
        else format('p.geography = %L and (p.geo_scope is null or p.geo_scope = ''town'')', counted_postings.geography)
    end;
    moment := case formula.accumulation
        when 'stock' then 'p.effective_date <= %2$L and (p.until_date is null or p.until_date > %2$L)'
        when 'opening_stock' then 'p.effective_date < %1$L and (p.until_date is null or p.until_date >= %1$L)'
        else '(p.effective_date between %1$L and %2$L or p.until_date between %1$L and %2$L)'
    end;
    if formula.accumulation not in ('stock', 'opening_stock') then
        amount := '((p.effective_date between %1$L and %2$L)::integer'
            ' - coalesce((p.until_date between %1$L and %2$L)::integer, 0))';
    end if;
    return format(
        'select p.*, case p.account %s end * p.weight * %s as counted from evidence.posting as p '
        'where p.account in (%s) and p.build_id <= %s and (p.period_grain is null or p.period_grain = %L) and %s '
        'and (p.applies_to is null or %L = any(p.applies_to)) and %s and %s and %s',
        formula.signs, format(amount, first_day, last_day), formula.accounts, up_to_build, grain,
        format(moment, first_day, last_day), kind, place, belongs,
        coalesce('p.sector = any(' || quote_literal(formula.sectors) || '::text [])', 'true')
    );
end $$;

create function evidence.newest_build() returns integer language sql stable set search_path = pg_catalog as $$
    select max(build_id) from ledger.build where status = 'published'
$$;

-- A page of the units of both sides. In the order of the units' numbers only the page is read; `by_weight` puts the largest first
-- and has to add up all of them.
create function mart.trace_figure(
    indicator text,
    period text,
    geography text default null,
    breakdown_type text default 'total',
    breakdown text default 'total',
    page_limit bigint default 100,
    page_offset bigint default 0,
    by_weight boolean default false,
    up_to_build integer default null
) returns table (
    role text, unit_type text, unit_id text, weight numeric, attributes jsonb, source_rows bigint []
) language plpgsql stable set search_path = pg_catalog as $$
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
            $statement$
            with unit as materialized (
                select c.unit_id, c.unit_type, sum(c.counted) as weight
                from (%1$s) as c
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
            select %5$L, u.unit_type, translate(k.unit_key, chr(31), '/'), u.weight, s.attributes, b.row_ids
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
            case when by_weight then 'u.weight desc, u.unit_id' else 'u.unit_id' end
        );
    end loop;
end $$;
comment on function mart.trace_figure is
    'Units that a published figure is made of, a page a side: role (numerator, denominator), unit, weight, attributes, row_ids';

-- Both sides added up again from their units: what mart.indicator_values has to say too.
create function mart.trace_total(
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

-- Rows put aside: their numbers and the rules that they broke, never a key or a cell. quarantine itself is the steward's.
grant create on schema ledger to bureau_loader;
set local role bureau_loader;
create function ledger.put_aside(delivery integer) returns table (row_id bigint, reasons text [], settled_by bigint)
language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    source text := (select d.source from ledger.delivery as d where d.delivery_id = delivery);
begin
    if to_regclass(format('quarantine.%I', source)) is null then
        return;
    end if;
    return query execute format(
        'select q.row_id, q.reasons, q.settled_by from quarantine.%I as q where q.delivery_id = $1 order by q.row_id', source
    ) using delivery;
end $$;
comment on function ledger.put_aside is 'Quarantined rows of a delivery: row_id, rules, and the delivery that settled it';
grant execute on function ledger.put_aside to bureau_evaluator;
set local role bureau_owner;
revoke create on schema ledger from bureau_loader;

-- A row's story. No row: there is no such delivery. `cells` is the row as the warehouse holds it, with pseudonyms.
create function mart.trace_row(row_id bigint) returns table (
    delivery_id integer, source text, department text, region text, business_date date, sequence integer, delivery_status text,
    file_name text, sha256 text, row_number bigint, state text, reasons text [], settled_by bigint, cells jsonb, checks jsonb,
    excluded bigint, excluded_rules jsonb
) language plpgsql stable set search_path = pg_catalog as $$
declare
    delivery ledger.delivery;
    held record;
    found_cells jsonb;
begin
    select d.* into delivery from ledger.delivery as d where d.delivery_id = trace_row.row_id / 4294967296;
    if not found then
        return;
    end if;
    if to_regclass(format('raw.%I', delivery.source)) is not null then
        execute format('select to_jsonb(r) - ''row_id'' - ''delivery_id'' from raw.%I as r where r.delivery_id = $1 and r.row_id = $2',
            delivery.source) into found_cells using delivery.delivery_id, trace_row.row_id;
    end if;
    select p.reasons, p.settled_by into held from ledger.put_aside(delivery.delivery_id) as p
    where p.row_id = trace_row.row_id;
    return query
    select
        delivery.delivery_id, delivery.source, delivery.department, delivery.region, delivery.business_date, delivery.sequence,
        delivery.status, delivery.file_name, delivery.sha256, trace_row.row_id % 4294967296,
        case
            when held.reasons is not null then 'quarantined'
            when found_cells is null then 'unknown'
            else delivery.status
        end,
        held.reasons, held.settled_by, found_cells,
        (
            select coalesce(jsonb_agg(jsonb_build_object(
                'rule', c.rule, 'severity', c.severity, 'columns', c.column_name, 'checked', c.checked, 'failed', c.failed,
                'threshold', c.threshold, 'passed', c.passed
            ) order by c.rule), '[]'::jsonb)
            from ledger.check_result as c
            where c.delivery_id = delivery.delivery_id
        ),
        (select count(*) from ledger.put_aside(delivery.delivery_id)),
        (
            select coalesce(jsonb_object_agg(r.rule, r.times), '{}'::jsonb)
            from (
                select e.rule, count(*) as times
                from ledger.put_aside(delivery.delivery_id) as p cross join lateral unnest(p.reasons) as e (rule)
                group by e.rule
            ) as r
        );
end $$;
comment on function mart.trace_row is
    'A row with its delivery, file, state, cells as the warehouse holds them, checks of its delivery, and what was put aside beside it';

grant execute on function
    evidence.counted_postings, evidence.newest_build, mart.trace_figure, mart.trace_total, mart.trace_row
    to bureau_evaluator;
