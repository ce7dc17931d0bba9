-- What lies in a figure's cell and does not count in it: units with the reason, and rows that were put aside.

set local role bureau_owner;

-- The register's records that accounts of a family are posted from, as a statement whose rows look like postings; null: none are
-- kept. `alive`: some delivery says it still; `in_scope`: of the startup scope.
create or replace function evidence.account_candidates(account text) returns text
language sql immutable set search_path = pg_catalog as $$
    select format(
        'select %L as unit_type, %I as unit_id, row_id, %s as alive, %s as in_scope, town as geography, null::text as geo_scope, '
        '%s as sector, %s as industry, founder_groups, %s as sex, %s as birth_year from register.%I',
        f.unit_type, f.unit, f.alive,
        case when f.is_entity then 'in_startup_scope' else 'true' end,
        case when f.is_entity then 'sector' else 'null::text' end,
        case when f.is_entity then 'industry' else 'null::text' end,
        case when f.is_entity then 'founder_sex' else 'sex' end,
        case when f.is_entity then 'founder_birth_year' else 'birth_year' end,
        f.relation
    )
    from (
        values
        ('founder', 'person', 'reg_entity', 'founder_id', 'alive', true),
        ('entity', 'entity', 'reg_entity', 'entity_id', 'alive', true),
        ('survival', 'entity', 'reg_entity', 'entity_id', 'alive', true),
        ('activity', 'entity', 'reg_entity', 'entity_id', 'alive', true),
        ('tax', 'entity', 'reg_entity', 'entity_id', 'alive', true),
        ('job', 'person', 'reg_spell', 'person_id', 'alive', false),
        ('training', 'person', 'reg_training', 'person_id', 'alive', false),
        ('loan', 'contract', 'reg_contract', 'contract_id', 'true', false),
        ('survey', 'respondent', 'reg_answer', 'respondent_id', 'true', false)
    ) as f (family, unit_type, relation, unit, alive, is_entity)
    where f.family = split_part(account, '.', 1)
$$;

-- Units of the cell, by its geography and member, that contribute nothing to a side, in the order of their numbers. Reasons:
--
-- reversed       what was posted is taken back: the record was corrected, moved, or withdrawn
-- later          counts from a day after the period on
-- earlier        counted before the period
-- ended          had ended by the end of the period
-- balanced       what it brings to the cell cancels out
-- sector, grain, breakdown    stands for other sectors, kinds of periods, or breakdowns than this figure's
-- gone           no delivery says the record any longer
-- out_of_scope   an entity of no type of the startup scope
-- condition      the record does not fulfil what the accounts ask for
--
-- The last three are told of records that the build knew, as the register has them now.
create or replace function mart.trace_excluded(
    indicator text,
    period text,
    geography text default null,
    breakdown_type text default 'total',
    breakdown text default 'total',
    page_limit bigint default 100,
    after_unit bigint default 0,
    up_to_build integer default null
) returns table (
    role text, unit_type text, unit_id text, reasons text [], attributes jsonb, source_rows bigint [], unit bigint
) language plpgsql stable set search_path = pg_catalog as $$
declare
    top integer := coalesce(up_to_build, evidence.newest_build());
    place text := coalesce(geography, (select b.region from ledger.build as b where b.build_id = top));
    side text;
    rules record;
begin
    foreach side in array array['numerator', 'denominator'] loop
        rules := evidence.cell_rules(indicator, side, period, place, breakdown_type, breakdown, top);
        continue when rules.accounts is null;
        return query execute format(
            $statement$
            with posted as (
                select
                    p.account, p.period_grain, p.geo_scope, p.psu, p.unit_type, p.unit_id, p.effective_date, p.until_date,
                    p.geography, p.sector, p.industry, p.founder_groups, p.sex, p.birth_year, p.source_rows, p.applies_to,
                    sum(p.weight) as weight
                from evidence.posting as p
                where p.account in (%1$s) and p.build_id <= %2$s and %3$s and %4$s
                group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
            ),
            judged as (
                select
                    p.*,
                    case
                        when p.weight = 0 then 'reversed'
                        when not coalesce(%5$s, false) then 'sector'
                        when not coalesce(%6$s, false) then 'grain'
                        when not coalesce(%7$s, false) then 'breakdown'
                        when coalesce(%8$s, false) then 'balanced'
                        when p.effective_date > %9$L then 'later'
                        when p.until_date <= %9$L then 'ended'
                        else 'earlier'
                    end as reason,
                    case when %5$s and %6$s and %7$s and %8$s then %10$s else 0 end as counted
                from posted as p
            ),
            unit as (
                select
                    j.unit_id, j.unit_type, sum(j.counted) as counted, array_agg(distinct j.reason) as reasons,
                    (array_agg(
                        jsonb_strip_nulls(jsonb_build_object(
                            'effective_date', j.effective_date, 'until_date', j.until_date, 'geography', j.geography,
                            'sector', j.sector, 'industry', j.industry, 'founder_groups', j.founder_groups, 'sex', j.sex,
                            'birth_year', j.birth_year
                        ))
                        order by (j.weight <> 0) desc, (j.applies_to is null) desc, j.effective_date desc
                    ))[1] as attributes
                from judged as j
                group by j.unit_id, j.unit_type
            ),
            behind as (
                select j.unit_id, array_agg(distinct e.row_id order by e.row_id) as row_ids
                from judged as j cross join lateral unnest(j.source_rows) as e (row_id)
                group by j.unit_id
            ),
            excluded as (
                select u.unit_type, u.unit_id, u.reasons, u.attributes, b.row_ids
                from unit as u left join behind as b on u.unit_id = b.unit_id
                where u.counted = 0
                union all
                select
                    p.unit_type, p.unit_id,
                    array_agg(distinct case
                        when not p.alive then 'gone' when not p.in_scope then 'out_of_scope' else 'condition'
                    end),
                    (array_agg(jsonb_strip_nulls(jsonb_build_object(
                        'geography', p.geography, 'sector', p.sector, 'industry', p.industry,
                        'founder_groups', p.founder_groups, 'sex', p.sex, 'birth_year', p.birth_year
                    )) order by p.row_id))[1],
                    array_agg(distinct p.row_id order by p.row_id)
                from (%11$s) as p
                where
                    %3$s and %4$s and not exists (select from unit as u where p.unit_id = u.unit_id)
                    and p.row_id >> 32 in (select i.delivery_id from ledger.build_input as i where i.build_id = %2$s)
                group by p.unit_type, p.unit_id
            )
            select %12$L, e.unit_type, translate(k.unit_key, chr(31), '/'), e.reasons, e.attributes, e.row_ids, e.unit_id
            from excluded as e
            inner join register.unit as k on e.unit_id = k.unit_id
            where e.unit_id > %13$s
            order by e.unit_id
            limit %14$s
            $statement$,
            rules.accounts, top, rules.place, rules.belongs, rules.sectors, rules.grain, rules.applies, rules.moment,
            rules.ends, rules.amount,
            coalesce(
                evidence.account_candidates(split_part(rules.accounts, '''', 2)),
                evidence.account_candidates('entity.birth') || ' where false'
            ),
            side, after_unit, coalesce(page_limit::text, 'all')
        );
    end loop;
end $$;
comment on function mart.trace_excluded is
    'Units of a figure''s cell that do not count in it: role, unit, reasons, attributes, row_ids; a page a side';

-- Which row stands in the place of one that was put aside: the last accepted one of its key, as known now. Who builds may read
-- the keys of such rows; nobody else sees them here.
set local role bureau_transformer;
create or replace function register.stands_instead(delivery integer) returns table (row_id bigint, instead bigint)
language plpgsql stable security definer set search_path = pg_catalog as $$
declare
    source text := (select d.source from ledger.delivery as d where d.delivery_id = delivery);
begin
    if to_regclass(format('quarantine.%I', source)) is null or to_regclass(format('register.%I', 'fold_' || source)) is null then
        return;
    end if;
    return query execute format(
        'select q.row_id, f.row_id from quarantine.%I as q '
        'inner join register.%I as f on array_to_string(q.key, chr(31), '''') = f.unit_key '
        'where q.delivery_id = $1 and f.alive', source, 'fold_' || source
    ) using delivery;
end $$;
comment on function register.stands_instead is 'For rows put aside of a delivery: the accepted row of the same key that stands';
grant execute on function register.stands_instead to bureau_evaluator;
set local role bureau_owner;

-- Rows put aside that may belong to the cell, not settled by what the build used, of the deliveries that the build used and the
-- indicator needs. Of one whose key is known the accepted row stands `instead`, and it is shown when that row counts anywhere in
-- the geography and member. Where no row of the key was ever accepted (`instead` null) nobody can say the cell without opening
-- the archive.
create or replace function mart.trace_put_aside(
    indicator text,
    period text,
    geography text default null,
    breakdown_type text default 'total',
    breakdown text default 'total',
    up_to_build integer default null
) returns table (
    row_id bigint, source text, delivery_id integer, file_name text, sha256 text, reasons text [], instead bigint
) language plpgsql stable set search_path = pg_catalog as $$
declare
    top integer := coalesce(up_to_build, evidence.newest_build());
    place text := coalesce(geography, (select b.region from ledger.build as b where b.build_id = top));
    rules record := evidence.cell_rules(indicator, 'numerator', period, place, breakdown_type, breakdown, top);
begin
    return query execute format(
        $statement$
        with used as materialized (
            select d.delivery_id, d.source, d.file_name, d.sha256
            from ledger.build_input as i
            inner join ledger.delivery as d on i.delivery_id = d.delivery_id
            where
                i.build_id = $1 and d.rows_quarantined > 0
                and d.source in (select unnest(c.sources) from mart.indicator_catalogue as c where c.indicator = $2)
        ),
        held as materialized (
            select u.*, p.row_id, p.reasons
            from used as u cross join lateral ledger.put_aside(u.delivery_id) as p
            where
                p.settled_by is null
                or p.settled_by not in (select i.delivery_id from ledger.build_input as i where i.build_id = $1)
        ),
        known as materialized (
            select s.row_id, s.instead from used as u cross join lateral register.stands_instead(u.delivery_id) as s
        ),
        here as (
            select distinct e.row_id
            from evidence.posting as p cross join lateral unnest(p.source_rows) as e (row_id)
            where
                e.row_id in (select k.instead from known as k inner join held as h on k.row_id = h.row_id)
                and p.build_id <= $1 and %s and %s
        )
        select h.row_id, h.source, h.delivery_id, h.file_name, h.sha256, h.reasons, k.instead
        from held as h
        left join known as k on h.row_id = k.row_id
        where k.instead is null or k.instead in (select e.row_id from here as e)
        order by k.instead is null, h.row_id
        $statement$,
        rules.place, rules.belongs
    ) using top, indicator;
end $$;
comment on function mart.trace_put_aside is
    'Quarantined rows that may belong to a figure''s cell: number, file, rules, and the accepted row that stands instead';

grant execute on function evidence.account_candidates, mart.trace_excluded, mart.trace_put_aside to bureau_evaluator;
