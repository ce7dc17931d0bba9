-- A proof recomputes everything: it is at work until it is finished, and no published build goes before it.
create or replace view ledger.current_build as
select
    b.build_id,
    b.business_date,
    b.region,
    b.series_start,
    case
        when b.status = 'proof' then 0
        else coalesce(
            (select max(p.build_id) from ledger.build as p where p.status = 'published' and p.build_id < b.build_id), 0
        )
    end as previous_build_id
from ledger.build as b
where b.status = 'running' or (b.status = 'proof' and b.finished_at is null)
order by b.build_id desc
limit 1;
