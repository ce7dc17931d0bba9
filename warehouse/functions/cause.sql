-- Why a figure changed between two builds: what its units' postings since the older one say, by cause.

set local role bureau_owner;

-- Units whose weight in the cell moved, put together by cause and by the delivery that brought it. What each cause does to both
-- sides adds up to what the postings between the builds do. A unit's cause is the first that holds:
--
-- time          no delivery made the build look at the unit: it was due
-- boundary      nor this one, and it is posted to another town: the list of towns has changed
-- redelivery    a delivery took the place of one of the same source and day, whatever it says
-- purge, cancellation    the unit is purged, or has ended, since the older build
-- correction    something that stood at the older build is taken back
-- late_row      the delivery's business date was over when the older build was made
-- new_row       everything else
--
-- The delivery is the newest among those that made the build look at the unit; of a redelivery, the newest of these.
create or replace function mart.figure_causes(
    indicator text,
    period text,
    old_build integer,
    new_build integer,
    geography text default null,
    breakdown_type text default 'total',
    breakdown text default 'total'
) returns table (
    cause text, department text, delivery text, units bigint, numerator numeric, denominator numeric
) language plpgsql stable set search_path = pg_catalog as $$
declare
    region text := (select b.region from ledger.build as b where b.build_id = new_build);
    place text := coalesce(geography, region);
    old_day date := (select b.business_date from ledger.build as b where b.build_id = old_build);
    side text;
    counted text;
    moved text [] := '{}';
    accounts text [] := '{}';
begin
    foreach side in array array['numerator', 'denominator'] loop
        counted := evidence.counted_postings(indicator, side, period, place, breakdown_type, breakdown, new_build, old_build);
        continue when counted is null;
        moved := moved || format(
            'select %L as role, c.unit_type, c.unit_id, sum(c.counted) as weight from (%s) as c '
            'group by c.unit_type, c.unit_id having sum(c.counted) <> 0', side, counted
        );
        accounts := accounts
            || (evidence.cell_rules(indicator, side, period, place, breakdown_type, breakdown, new_build)).accounts;
    end loop;
    return query execute format(
        $statement$
        with moved as materialized (%1$s),
        unit as materialized (
            select
                m.unit_type, m.unit_id,
                coalesce(sum(m.weight) filter (where m.role = 'numerator'), 0) as numerator,
                coalesce(sum(m.weight) filter (where m.role = 'denominator'), 0) as denominator
            from moved as m
            group by m.unit_type, m.unit_id
        ),
        posted as materialized (
            select p.*, p.build_id > $1 as is_new
            from unit as u
            inner join evidence.posting as p on u.unit_id = p.unit_id and u.unit_type = p.unit_type
            where p.account in (%2$s) and p.build_id <= $2
        ),
        taken_back as (
            select distinct b.unit_id
            from (
                select p.unit_id
                from posted as p
                group by
                    p.account, p.period_grain, p.geo_scope, p.psu, p.unit_type, p.unit_id, p.effective_date, p.until_date,
                    p.geography, p.sector, p.industry, p.founder_groups, p.sex, p.birth_year, p.source_rows, p.applies_to
                having
                    sum(p.weight) filter (where not p.is_new) <> 0
                    and sum(p.weight) filter (where p.is_new) <> 0
            ) as b
        ),
        resettled as (
            select p.unit_id
            from posted as p
            where p.is_new and p.geography <> $4
            group by p.unit_id
            having count(distinct p.geography) > 1
        ),
        ended as (
            select
                p.unit_id,
                sum(p.weight) filter (where p.account = 'entity.purge') > 0 as is_purge,
                sum(p.weight) filter (where p.account = 'entity.exit') > 0 as is_exit
            from unit as u
            inner join evidence.posting as p on u.unit_id = p.unit_id and u.unit_type = p.unit_type
            where p.account in ('entity.purge', 'entity.exit') and p.build_id > $1 and p.build_id <= $2
            group by p.unit_id
        ),
        brought as (
            select
                s.unit_id, d.department, d.file_name, d.business_date,
                bool_or(r.delivery_id is not null) over (partition by s.unit_id) as is_redelivery,
                row_number() over (
                    partition by s.unit_id
                    order by r.delivery_id is not null desc, d.business_date desc, d.sequence desc, d.delivery_id desc
                ) as place
            from (
                select distinct p.unit_id, c.delivery_id
                from posted as p cross join lateral unnest(p.caused_by) as c (delivery_id)
                where p.is_new
            ) as s
            inner join ledger.delivery as d on s.delivery_id = d.delivery_id
            left join (
                select i.delivery_id, o.source, o.business_date
                from ledger.build_input as i
                inner join ledger.delivery as o on i.delivery_id = o.delivery_id
                where
                    i.build_id = $1
                    and not exists (
                        select from ledger.build_input as n where n.build_id = $2 and n.delivery_id = i.delivery_id
                    )
            ) as r on d.delivery_id = r.delivery_id or (d.source = r.source and d.business_date = r.business_date)
        ),
        told as (
            select
                u.unit_id, u.numerator, u.denominator, b.department, b.file_name,
                case
                    when b.unit_id is null and r.unit_id is not null then 'boundary'
                    when b.unit_id is null then 'time'
                    when b.is_redelivery then 'redelivery'
                    when e.is_purge then 'purge'
                    when e.is_exit then 'cancellation'
                    when t.unit_id is not null then 'correction'
                    when b.business_date <= $3 then 'late_row'
                    else 'new_row'
                end as cause
            from unit as u
            left join brought as b on u.unit_id = b.unit_id and b.place = 1
            left join ended as e on u.unit_id = e.unit_id
            left join taken_back as t on u.unit_id = t.unit_id
            left join resettled as r on u.unit_id = r.unit_id
        )
        select t.cause, t.department, t.file_name, count(*), sum(t.numerator), sum(t.denominator)
        from told as t
        group by t.cause, t.department, t.file_name
        $statement$,
        array_to_string(moved, ' union all '), array_to_string(accounts, ', ')
    ) using old_build, new_build, old_day, region;
end $$;
comment on function mart.figure_causes is
    'Why a figure differs between two builds: what units of one cause and delivery did to numerator and denominator';

grant execute on function mart.figure_causes to bureau_evaluator;
