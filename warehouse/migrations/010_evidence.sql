-- The evidence ledger: append-only signed postings, and the figures that people see.

alter table ledger.build
    add column region text not null,
    add column series_start date not null;

comment on column ledger.build.region is 'region of the warehouse, six digits';
comment on column ledger.build.series_start is 'first day of the published series';

-- The build at work and the published one before it: what every dbt model reads instead of variables,
-- so that the compiled project is the same every night.
create view ledger.current_build as
select
    b.build_id,
    b.business_date,
    b.region,
    b.series_start,
    coalesce(
        (select max(p.build_id) from ledger.build as p where p.status = 'published' and p.build_id < b.build_id), 0
    ) as previous_build_id
from ledger.build as b
where b.status in ('running', 'proof')
order by b.build_id desc
limit 1;

comment on view ledger.current_build is 'the build at work (one row while a build runs) and the newest published one before it';
alter view ledger.current_build owner to bureau_owner;
grant select on ledger.current_build to bureau_loader, bureau_transformer, bureau_evaluator;

create table evidence.posting (
    account text not null,
    effective_date date not null,
    period_grain text check (period_grain in ('M', 'Q', 'Y')),
    geography text not null,
    geo_scope text check (geo_scope in ('city', 'town')),
    applies_to text [],
    sector text,
    industry text,
    founder_groups text [],
    sex text,
    birth_year integer,
    psu text,
    unit_type text not null,
    unit_id bigint not null,
    weight numeric not null check (weight <> 0),
    source_rows bigint [] not null,
    build_id integer not null references ledger.build,
    caused_by integer [] not null
) partition by list (account);

create index on evidence.posting (unit_id);
create index on evidence.posting (build_id);

comment on table evidence.posting is 'signed contributions of units to accounts; append-only, a night appends differences';
comment on column evidence.posting.period_grain is 'M, Q, Y: counts only in periods of that grain; null: in all';
comment on column evidence.posting.geography is 'town of the unit, or the city for what stands for the city alone';
comment on column evidence.posting.geo_scope is 'city, town: counts only there; null: in its town and in the city';
comment on column evidence.posting.applies_to is 'breakdown types in which it counts; null: all';
comment on column evidence.posting.psu is 'stratum/primary sampling unit of a respondent';
comment on column evidence.posting.source_rows is 'row_ids: delivery number * 2^32 + row number in the file';
comment on column evidence.posting.caused_by is 'deliveries that made the build look at this unit';

create function evidence.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'evidence.posting is append-only: % is refused', tg_op;
end $$;

create trigger posting_is_append_only
before update or delete on evidence.posting
for each row execute function evidence.refuse_change();

-- One partition an account, made when the account first posts. Runs as its owner: dbt's role may not create here otherwise.
create function evidence.ensure_account(name text) returns void
language plpgsql security definer set search_path = pg_catalog as $$
declare
    part text := 'posting__' || replace(name, '.', '_');
begin
    if name !~ '^[a-z0-9_]+(\.[a-z0-9_]+)+$' then
        raise exception 'not an account name: %', name;
    end if;
    if to_regclass('evidence.' || quote_ident(part)) is null then
        execute format('create table evidence.%I partition of evidence.posting for values in (%L)', part, name);
        execute format(
            'create trigger posting_is_not_emptied before truncate on evidence.%I '
            'for each statement execute function evidence.refuse_change()', part
        );
        execute format('grant select on evidence.%I to bureau_evaluator', part);
    end if;
end $$;

alter table evidence.posting owner to bureau_owner;
alter function evidence.refuse_change() owner to bureau_owner;
alter function evidence.ensure_account(text) owner to bureau_owner;
revoke all on function evidence.ensure_account(text) from public;
grant execute on function evidence.ensure_account(text) to bureau_transformer;
grant select, insert on evidence.posting to bureau_transformer;
grant select on evidence.posting to bureau_evaluator;

-- What people see: switched in one transaction when a build is published.
create table evidence.indicator_value_current (
    indicator text not null,
    method_version text not null,
    period text not null,
    period_grain text not null check (period_grain in ('M', 'Q', 'Y')),
    geography text not null,
    geography_vintage text not null,
    breakdown_type text not null,
    breakdown text not null,
    value numeric,
    numerator numeric,
    denominator numeric,
    unit_count bigint not null,
    standard_error numeric,
    ci_low numeric,
    ci_high numeric,
    availability text not null check (availability in ('ok', 'no_denominator', 'stale')),
    status text not null check (status in ('P', 'R', 'F')),
    build_id integer not null references ledger.build,
    primary key (indicator, method_version, period, geography, breakdown_type, breakdown)
);

comment on table evidence.indicator_value_current is 'figures of the newest published build; people read mart.indicator_values';
alter table evidence.indicator_value_current owner to bureau_owner;
grant select on evidence.indicator_value_current to bureau_transformer, bureau_evaluator;
