-- Which archived files the retention rule removed: who, when and why.

set local role bureau_owner;

create table ledger.archive_removal (
    removal_id bigint generated always as identity primary key,
    removed_at timestamptz not null default clock_timestamp(),
    login text not null,
    session_login text,
    reason text not null check (reason <> ''),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    size bigint not null check (size >= 0),
    needed_by text [] not null
);
create index archive_removal_by_sha256 on ledger.archive_removal (sha256);
comment on table ledger.archive_removal is 'Every file that was removed from the archive, written before it was; append-only';
comment on column ledger.archive_removal.login is 'User of the operating system who ran the command, by its uid';
comment on column ledger.archive_removal.session_login is 'User who had logged in, where the kernel keeps it (audit)';
comment on column ledger.archive_removal.reason is 'The rule in force, and what was said to it';
comment on column ledger.archive_removal.needed_by is 'What could still have used it and was given up: build';

create trigger archive_removal_is_append_only
before update or delete on ledger.archive_removal
for each row execute function ledger.refuse_change();
create trigger archive_removal_is_not_emptied
before truncate on ledger.archive_removal
for each statement execute function ledger.refuse_change();

revoke all on ledger.archive_removal from bureau_loader, bureau_transformer;
grant select on ledger.archive_removal to bureau_loader, bureau_evaluator, bureau_steward;
grant insert on ledger.archive_removal to bureau_steward;
