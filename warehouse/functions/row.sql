-- A row, opened: where it was delivered, what became of it, and what was put aside beside it.

set local role bureau_owner;

-- Rows put aside: their numbers and the rules that they broke, never a key or a cell. quarantine itself is the steward's.
grant create on schema ledger to bureau_loader;
set local role bureau_loader;
create or replace function ledger.put_aside(delivery integer) returns table (row_id bigint, reasons text [], settled_by bigint)
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
create or replace function mart.trace_row(row_id bigint) returns table (
    delivery_id integer, source text, department text, region text, business_date date, sequence integer, delivery_status text,
    file_name text, sha256 text, row_number bigint, state text, reasons text [], settled_by bigint, cells jsonb, checks jsonb,
    excluded bigint, excluded_rules jsonb
) language plpgsql stable set search_path = pg_catalog as $$
declare
    delivery ledger.delivery;
    held_cells jsonb;
begin
    select d.* into delivery from ledger.delivery as d where d.delivery_id = trace_row.row_id / 4294967296;
    if not found then
        return;
    end if;
    if to_regclass(format('raw.%I', delivery.source)) is not null then
        execute format(
            'select to_jsonb(r) - ''row_id'' - ''delivery_id'' from raw.%I as r where r.delivery_id = $1 and r.row_id = $2',
            delivery.source
        ) into held_cells using delivery.delivery_id, trace_row.row_id;
    end if;
    return query
    with beside as materialized (
        select p.row_id, p.reasons, p.settled_by from ledger.put_aside(delivery.delivery_id) as p
    )
    select
        delivery.delivery_id, delivery.source, delivery.department, delivery.region, delivery.business_date, delivery.sequence,
        delivery.status, delivery.file_name, delivery.sha256, trace_row.row_id % 4294967296,
        case
            when held.reasons is not null then 'quarantined'
            when held_cells is null then 'unknown'
            else delivery.status
        end,
        held.reasons, held.settled_by, held_cells,
        (
            select coalesce(jsonb_agg(jsonb_build_object(
                'rule', c.rule, 'severity', c.severity, 'columns', c.column_name, 'checked', c.checked, 'failed', c.failed,
                'threshold', c.threshold, 'passed', c.passed
            ) order by c.rule), '[]'::jsonb)
            from ledger.check_result as c
            where c.delivery_id = delivery.delivery_id
        ),
        (select count(*) from beside),
        (
            select coalesce(jsonb_object_agg(r.rule, r.times), '{}'::jsonb)
            from (
                select e.rule, count(*) as times from beside as b cross join lateral unnest(b.reasons) as e (rule)
                group by e.rule
            ) as r
        )
    from (select trace_row.row_id) as asked
    left join beside as held on asked.row_id = held.row_id;
end $$;
comment on function mart.trace_row is
    'A row with its delivery, file, state, cells as the warehouse holds them, checks, and what was put aside beside it';

grant execute on function mart.trace_row to bureau_evaluator;
