-- What each indicator was computed with. A formula of a method version stands: its figures are sums over all builds.
set local role bureau_owner;

create table ledger.formula (
    indicator text not null,
    method_version text not null,
    formula jsonb not null,
    build_id integer not null references ledger.build (build_id),
    primary key (indicator, method_version)
);
comment on table ledger.formula is 'The part of an indicator''s definition that its figures are computed with';
comment on column ledger.formula.build_id is 'Build that first computed with it';
