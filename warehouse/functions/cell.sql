-- Which postings count in a cell: the one place that says it for whoever opens a figure or asks why it changed. What sums them
-- up over all cells at once is dbt's (macros/formula.sql); tests hold the two together. The files of this folder are installed by
-- warehouse/migrate.py, anew when one of them differs, and run with the caller's rights where they do not say otherwise. The
-- tables behind are dbt's and may come later: bodies are looked at when they are called.

set local role bureau_owner;

create or replace function evidence.newest_build() returns integer language sql stable set search_path = pg_catalog as $$
    select max(build_id) from ledger.build where status = 'published'
$$;

-- Grain and days of `2010`, `2010-Q3` or `2010-07`.
create or replace function evidence.period_days(
    period text, out grain text, out first_day date, out last_day date
) language plpgsql immutable set search_path = pg_catalog as $$
begin
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
end $$;

-- The method versions with which a build computed: of each indicator the newest that was published by then.
create or replace function evidence.versions_in_force(
    up_to_build integer
) returns table (indicator text, method_version text, formula jsonb) language sql stable set search_path = pg_catalog as $$
    select distinct on (f.indicator) f.indicator, f.method_version, f.formula
    from ledger.formula as f
    inner join ledger.build as b on f.build_id = b.build_id
    order by f.indicator, b.status = 'published' and f.build_id <= up_to_build desc, abs(f.build_id - up_to_build)
$$;

create or replace function evidence.texts_of(list jsonb) returns text [] language sql immutable set search_path = pg_catalog as $$
    select array_agg(e.value) from jsonb_array_elements_text(list) as e
$$;

-- The rules of one side of a cell, as SQL over a posting `p`. All null: the side does not exist, or not in this breakdown.
--
-- accounts   names as literals: in the text of a statement, so that only their partitions are read
-- amount     what a posting that is in `moment` brings: in a flow the end of one that ends counts against it
-- moment     whether it counts in the period; of a stock from its day until before the day that it ends, of a flow on both days
-- grain, applies, sectors    whether it stands in periods of this grain, in this breakdown, in the sectors of the formula
-- place, belongs             whether it lies in the geography and is of the member
-- ends       the last day that is looked at
create or replace function evidence.cell_rules(
    indicator text, side text, period text, geography text, breakdown_type text, breakdown text, up_to_build integer,
    out accounts text, out amount text, out moment text, out grain text, out applies text, out sectors text, out place text,
    out belongs text, out ends date
) language plpgsql stable set search_path = pg_catalog as $$
declare
    part jsonb;
    formula record;
    city text := (select b.region from ledger.build as b where b.build_id = up_to_build);
    days record := evidence.period_days(period);
    kind text := cell_rules.breakdown_type;
    member text := cell_rules.breakdown;
    first_day date;
    last_day date;
begin
    part := (
        select f.formula -> side from evidence.versions_in_force(up_to_build) as f where f.indicator = cell_rules.indicator
    );
    if part is null then
        if not exists (select from ledger.formula as f where f.indicator = cell_rules.indicator) then
            raise exception 'there is no indicator %', cell_rules.indicator using errcode = 'invalid_parameter_value';
        end if;
        return;
    end if;
    select
        string_agg(format('%L', f.account), ', ') as accounts,
        string_agg(
            format(
                'when %L then %s', f.account,
                case f.sign when 1 then 'p.weight' when -1 then '-p.weight' else format('%s * p.weight', f.sign) end
            ), ' '
        ) as signed,
        bool_and(f.sign = 1) as all_added,
        part ->> 'accumulation' as accumulation,
        evidence.texts_of(part -> 'sector') as sectors,
        evidence.texts_of(part -> 'undivided') as undivided,
        coalesce((part ->> 'lag_years')::integer, 0) as lag_years
    into formula
    from (select e.key as account, e.value::numeric as sign from jsonb_each_text(part -> 'accounts') as e) as f;

    -- a denominator that is not divided is the whole geography's, whatever the member
    if formula.undivided is not null then
        if not kind = any(formula.undivided) then
            return;
        end if;
        kind := 'total';
        member := 'total';
    end if;

    -- parts of a cohort are flows of years before
    first_day := days.first_day - make_interval(years => formula.lag_years);
    last_day := days.last_day - make_interval(years => formula.lag_years);

    accounts := formula.accounts;
    grain := format('(p.period_grain is null or p.period_grain = %L)', days.grain);
    applies := format('(p.applies_to is null or %L = any(p.applies_to))', kind);
    sectors := case when formula.sectors is null then 'true' else format('p.sector = any(%L::text [])', formula.sectors) end;
    place := case
        when cell_rules.geography = city then '(p.geo_scope is null or p.geo_scope = ''city'')'
        else format('(p.geography = %L and (p.geo_scope is null or p.geo_scope = ''town''))', cell_rules.geography)
    end;
    belongs := case kind
        when 'total' then 'true'
        when 'sector' then format('p.sector = %L', member)
        when 'industry' then format('p.industry = %L', member)
        when 'founder_group' then format('%L = any(p.founder_groups)', member)
        when 'sex' then format('coalesce(p.sex, ''unknown'') = %L', member)
        when 'age_band' then format(
            'case when %1$s >= 55 then ''55+'' when %1$s >= 45 then ''45-54'' when %1$s >= 35 then ''35-44'' '
            'when %1$s >= 25 then ''25-34'' when %1$s >= 16 then ''16-24'' else ''unknown'' end = %2$L',
            format('(%s - p.birth_year)', extract(year from first_day)::integer), member
        )
    end;
    if belongs is null then
        raise exception 'not a breakdown: %', kind using errcode = 'invalid_parameter_value';
    end if;
    moment := format(case formula.accumulation
        when 'stock' then '(p.effective_date <= %2$L and (p.until_date is null or p.until_date > %2$L))'
        when 'opening_stock' then '(p.effective_date < %1$L and (p.until_date is null or p.until_date >= %1$L))'
        else '(p.effective_date between %1$L and %2$L or p.until_date between %1$L and %2$L)'
    end, first_day, last_day);
    ends := case formula.accumulation when 'opening_stock' then first_day - 1 else last_day end;
    -- of a million postings a product each takes as long as finding them
    amount := case when formula.all_added then 'p.weight' else format('case p.account %s end', formula.signed) end;
    if formula.accumulation not in ('stock', 'opening_stock') then
        amount := amount || format(
            ' * ((p.effective_date between %1$L and %2$L)::integer - coalesce((p.until_date between %1$L and %2$L)::integer, 0))',
            first_day, last_day
        );
    end if;
end $$;

-- The statement that reads the postings of a side of a cell: they and `counted`, what each brings. Null: there is no such side.
-- It reads an index in its order where only a page is wanted.
create or replace function evidence.counted_postings(
    indicator text, side text, period text, geography text, breakdown_type text, breakdown text, up_to_build integer,
    after_build integer default 0
) returns text language plpgsql stable set search_path = pg_catalog as $$
declare
    rules record := evidence.cell_rules(indicator, side, period, geography, breakdown_type, breakdown, up_to_build);
begin
    if rules.accounts is null then
        return null;
    end if;
    return format(
        'select p.*, %s as counted from evidence.posting as p where p.account in (%s) and p.build_id <= %s%s and %s',
        rules.amount, rules.accounts, up_to_build, case when after_build > 0 then format(' and p.build_id > %s', after_build) end,
        concat_ws(' and ', rules.grain, rules.moment, rules.applies, rules.place, rules.belongs, rules.sectors)
    );
end $$;
