-- Releases: the figures of a build, frozen and chained. Nothing of a release ever changes; people see it once it is approved and
-- its embargo is over.

set local role bureau_owner;

create table release.release (
    release_id integer primary key check (release_id > 0),
    title text not null,
    build_id integer not null references ledger.build,
    business_date date not null,
    previous_release integer references release.release,
    corrects integer references release.release,
    reason text,
    embargo_until timestamptz,
    figures bigint not null,
    inputs_digest text not null,
    previous_head text,
    head text not null,
    created_at timestamptz not null default now(),
    created_by text not null,
    constraint release_correction_has_a_reason check (corrects is null or reason is not null)
);
comment on table release.release is 'What was published, numbered from 1: one build''s figures, frozen';
comment on column release.release.business_date is 'K, the knowledge day of the build';
comment on column release.release.previous_release is 'The approved release before it';
comment on column release.release.corrects is 'The release that this one corrects';
comment on column release.release.reason is 'Why it corrects one, or why figures moved beyond the band';
comment on column release.release.embargo_until is 'Nobody sees it before this moment';
comment on column release.release.inputs_digest is 'sha256 over the deliveries of the build';
comment on column release.release.head is 'Hash of the last figure: stands for all of them';
comment on column release.release.previous_head is 'Head of the release before it';

create table release.decision (
    release_id integer primary key references release.release,
    approved boolean not null,
    decided_by text not null,
    decided_at timestamptz not null default now(),
    note text
);
comment on table release.decision is 'What a person said of a release: once, for good';

create table release.figure (
    release_id integer not null references release.release,
    number bigint not null,
    indicator text not null,
    method_version text not null,
    period text not null,
    period_grain text not null,
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
    availability text not null,
    status text not null check (status in ('P', 'R', 'F')),
    build_id integer not null,
    hash text not null,
    primary key (release_id, number)
);
create unique index on release.figure (release_id, indicator, period, geography, breakdown_type, breakdown, method_version);
comment on table release.figure is 'Frozen figures; hash = sha256(hash of the figure before, this figure)';
comment on column release.figure.number is 'Place in the chain, from 1';
comment on column release.figure.build_id is 'The build that last changed the figure';
comment on column release.figure.status is 'P preliminary, R revised against the release before, F final';

create function release.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'a release never changes: % of % is refused; make a new release that corrects it', tg_op, tg_table_name;
end $$;

do $$
declare name text;
begin
    foreach name in array array['release', 'decision', 'figure'] loop
        execute format(
            'create trigger %I before update or delete or truncate on release.%I for each statement '
            'execute function release.refuse_change()', name || '_never_changes', name
        );
        -- before approval and embargo a release is for who made it and who evaluates it
        execute format('revoke select on release.%I from bureau_analyst', name);
        execute format('grant select on release.%I to bureau_evaluator', name);
    end loop;
end $$;

create view release.published with (security_barrier) as
select
    r.release_id, r.title, r.build_id, r.business_date, r.previous_release, r.corrects, r.reason, r.figures, r.head,
    r.created_at, d.decided_by as approved_by, d.decided_at as approved_at,
    greatest(d.decided_at, r.embargo_until) as published_at
from release.release as r
inner join release.decision as d on r.release_id = d.release_id and d.approved
where r.embargo_until is null or r.embargo_until <= now();
comment on view release.published is 'Releases that everybody may see: approved, and their embargo over';

create view release.published_figure with (security_barrier) as
select f.* from release.figure as f -- noqa: AM04
inner join release.published as p on f.release_id = p.release_id;
comment on view release.published_figure is 'Figures of the releases that everybody may see';

set local role bureau_transformer;

-- The tables behind these functions are dbt's and come later, so the bodies are looked at when they are called.
create function mart.indicator_values_as_of(as_of_build integer) returns table (
    indicator text, method_version text, period text, period_grain text, geography text, geography_vintage text,
    breakdown_type text, breakdown text, value numeric, numerator numeric, denominator numeric, unit_count bigint,
    standard_error numeric, ci_low numeric, ci_high numeric, availability text, status text, build_id integer
)
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return query
    select distinct on (v.indicator, v.method_version, v.period, v.geography, v.breakdown_type, v.breakdown)
        v.indicator, v.method_version, v.period, v.period_grain, v.geography, v.geography_vintage, v.breakdown_type,
        v.breakdown, v.value, v.numerator, v.denominator, v.unit_count::bigint, v.standard_error, v.ci_low, v.ci_high,
        v.availability, v.status, v.build_id
    from evidence.indicator_value as v
    inner join ledger.build as b on v.build_id = b.build_id and b.status = 'published'
    where v.build_id <= as_of_build
    order by v.indicator, v.method_version, v.period, v.geography, v.breakdown_type, v.breakdown, v.build_id desc;
end $$;
comment on function mart.indicator_values_as_of(integer) is 'Figures as the build showed them';

create function mart.indicator_values_as_of(moment timestamptz) returns table (
    indicator text, method_version text, period text, period_grain text, geography text, geography_vintage text,
    breakdown_type text, breakdown text, value numeric, numerator numeric, denominator numeric, unit_count bigint,
    standard_error numeric, ci_low numeric, ci_high numeric, availability text, status text, build_id integer
)
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return query
    select * from mart.indicator_values_as_of(
        (select max(b.build_id) from ledger.build as b where b.status = 'published' and b.finished_at <= moment)
    );
end $$;
comment on function mart.indicator_values_as_of(timestamptz) is 'Figures as people saw them at a moment';

grant execute on function mart.indicator_values_as_of(integer), mart.indicator_values_as_of(timestamptz) to bureau_analyst;
