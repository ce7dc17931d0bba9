-- Seals: hashes of what a build and a release were made of, one by one, so that whatever changes afterwards is named.

set local role bureau_owner;

create table ledger.build_seal (
    build_id integer not null references ledger.build,
    part text not null,
    lines bigint not null,
    digest text not null,
    primary key (build_id, part)
);
comment on table ledger.build_seal is 'What a published build''s digest is made of, by part; append-only';
comment on column ledger.build_seal.part is
    'inputs; posting <account>; figure <indicator>; account <account> (its row of evidence.account as the build left it)';
comment on column ledger.build_seal.lines is 'Rows of the part';
comment on column ledger.build_seal.digest is 'sha256 (hex) over the rows of the part';

create function ledger.refuse_seal_change() returns trigger language plpgsql as $$
begin
    raise exception 'ledger.build_seal is append-only: % is refused', tg_op;
end $$;
create trigger build_seal_is_append_only
before update or delete or truncate on ledger.build_seal
for each statement execute function ledger.refuse_seal_change();
revoke all on ledger.build_seal from bureau_loader, bureau_transformer;
grant select on ledger.build_seal to bureau_evaluator;

create table release.seal (
    release_id integer not null references release.release,
    kind text not null check (kind in ('release', 'delivery', 'checks', 'build')),
    number bigint not null,
    hash text not null,
    primary key (release_id, kind, number)
);
comment on table release.seal is
    'Hashes of what a release was made of: its own row, each delivery and its check results, each build up to its own';
comment on column release.seal.number is 'release_id, delivery_id or build_id';
comment on column release.seal.hash is 'sha256 (hex) over the row; the chain of figures begins with the hash over all of them';
create trigger seal_never_changes before update or delete or truncate on release.seal
for each statement execute function release.refuse_change();
revoke select on release.seal from bureau_analyst;
grant select on release.seal to bureau_evaluator;

alter table release.release add column period text;
comment on column release.release.period is 'The month, quarter or year that the calendar has it for; null: a release of no period';

alter table release.decision add column seal text;
comment on column release.decision.seal is 'sha256 (hex) over the release''s head and this row; null before decisions were sealed';

create or replace view release.published with (security_barrier) as
select
    r.release_id, r.title, r.build_id, r.business_date, r.previous_release, r.corrects, r.reason, r.figures, r.head,
    r.created_at, d.decided_by as approved_by, d.decided_at as approved_at,
    greatest(d.decided_at, r.embargo_until) as published_at, r.period
from release.release as r
inner join release.decision as d on r.release_id = d.release_id and d.approved
where r.embargo_until is null or r.embargo_until <= now();
