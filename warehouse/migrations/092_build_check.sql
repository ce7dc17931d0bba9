-- What stood between a build and being shown.
create table ledger.build_check (
    build_id integer not null references ledger.build on delete cascade,
    rule text not null,
    checked bigint not null,
    failed bigint not null,
    passed boolean not null,
    primary key (build_id, rule)
);
comment on table ledger.build_check is 'What each rule over the figures found before a build was shown; a broken one keeps the build before in sight';
comment on column ledger.build_check.checked is 'Cells or groups of cells looked at';
comment on column ledger.build_check.failed is 'Those that broke the rule';
alter table ledger.build_check owner to bureau_owner;
grant select, insert, update, delete on ledger.build_check to bureau_loader;
grant select, insert, update on ledger.build_check to bureau_transformer;
grant select on ledger.build_check to bureau_evaluator, bureau_steward;
