-- Figures as a build showed them. Under another list of towns every figure is written anew, so those that still have the name of
-- an earlier list are of towns that have ended.

set local role bureau_owner;

-- The list of towns of a build's figures: that of the newest figures that were written by then (a night may write none).
create or replace function evidence.geography_vintage(as_of_build integer) returns text
language plpgsql stable set search_path = pg_catalog as $$
begin
    return (
        select v.geography_vintage
        from evidence.indicator_value as v
        where v.build_id = (
            select max(b.build_id)
            from ledger.build as b
            where
                b.build_id <= as_of_build
                and (b.status = 'published' or b.build_id = as_of_build)
                and exists (select from evidence.indicator_value as w where w.build_id = b.build_id)
        )
        limit 1
    );
end $$;
comment on function evidence.geography_vintage is 'List of towns of the figures that a build showed: the first day on which it was so';

grant execute on function evidence.geography_vintage to bureau_transformer, bureau_evaluator;

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
    where newest.geography_vintage = (select evidence.geography_vintage(as_of_build)); -- asked once, not for each row
end $$;
comment on function mart.indicator_values_as_of(integer) is 'Figures as the build showed them';
set local role bureau_owner;
