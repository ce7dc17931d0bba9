-- Figures as a build showed them: the newest of each cell, of the geographies of its list.

set local role bureau_owner;

create or replace function ledger.geographies_as_of(as_of_build integer) returns text []
language sql stable set search_path = pg_catalog as $$
    select b.geographies from ledger.build as b
    where b.build_id <= as_of_build and b.status = 'published'
    order by b.build_id desc limit 1
$$;
comment on function ledger.geographies_as_of is 'City and towns that a build shows figures of; null: all, before this was written down';
grant execute on function ledger.geographies_as_of to bureau_transformer, bureau_evaluator;

set local role bureau_transformer;

create or replace function mart.indicator_values_as_of(as_of_build integer) returns table (
    indicator text, method_version text, period text, period_grain text, geography text, geography_vintage text,
    breakdown_type text, breakdown text, value numeric, numerator numeric, denominator numeric, unit_count bigint,
    standard_error numeric, ci_low numeric, ci_high numeric, availability text, status text, build_id integer
)
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return query
    select *
    from (
        select distinct on (v.indicator, v.method_version, v.period, v.geography, v.breakdown_type, v.breakdown)
            v.indicator, v.method_version, v.period, v.period_grain, v.geography, v.geography_vintage, v.breakdown_type,
            v.breakdown, v.value, v.numerator, v.denominator, v.unit_count::bigint, v.standard_error, v.ci_low, v.ci_high,
            v.availability, v.status, v.build_id
        from evidence.indicator_value as v
        inner join ledger.build as b on v.build_id = b.build_id and b.status = 'published'
        where v.build_id <= as_of_build
        order by v.indicator, v.method_version, v.period, v.geography, v.breakdown_type, v.breakdown, v.build_id desc
    ) as newest
    -- asked once, not for each row
    where coalesce(newest.geography = any((select ledger.geographies_as_of(as_of_build))::text []), true);
end $$;
comment on function mart.indicator_values_as_of(integer) is 'Figures as the build showed them';
set local role bureau_owner;
