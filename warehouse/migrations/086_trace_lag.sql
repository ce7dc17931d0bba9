-- Parts of a cohort are flows of years before: evidence.counted_postings reads them there. Nothing else of it is new.

set local role bureau_owner;

create or replace function evidence.counted_postings(
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
        min(f.accumulation) as accumulation, min(f.only_sectors) as sectors, min(f.undivided) as undivided,
        max(f.lag_years) as lag_years
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

    first_day := first_day - make_interval(years => formula.lag_years);
    last_day := last_day - make_interval(years => formula.lag_years);

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
