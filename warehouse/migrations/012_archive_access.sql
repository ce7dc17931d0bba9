-- Who opened lines of archived files: personal data leaves the archive only for the steward, and never unnoticed.

create table ledger.archive_access (
    access_id bigint generated always as identity primary key,
    accessed_at timestamptz not null default clock_timestamp(),
    login text not null,
    purpose text not null check (purpose <> ''),
    delivery_id integer not null,
    row_ids bigint [] not null check (cardinality(row_ids) > 0)
);
comment on table ledger.archive_access is 'Every opening of archived lines with personal data; append-only';
comment on column ledger.archive_access.login is 'User of the operating system who ran the command';
comment on column ledger.archive_access.purpose is 'Why, in the words of who opened them';
comment on column ledger.archive_access.row_ids is 'The rows that were opened';

create function ledger.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: % is refused', tg_table_name, tg_op;
end $$;

create trigger archive_access_is_append_only
before update or delete on ledger.archive_access
for each row execute function ledger.refuse_change();
create trigger archive_access_is_not_emptied
before truncate on ledger.archive_access
for each statement execute function ledger.refuse_change();

alter table ledger.archive_access owner to bureau_owner;
alter function ledger.refuse_change() owner to bureau_owner;
revoke all on ledger.archive_access from bureau_loader, bureau_transformer;
grant select, insert on ledger.archive_access to bureau_steward;
grant select on ledger.archive_access to bureau_evaluator;
