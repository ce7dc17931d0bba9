-- Who logged in before a change of user, beside the user of the process.

set local role bureau_owner;

alter table ledger.archive_access add column session_login text;
comment on column ledger.archive_access.login is 'User of the operating system who ran the command, by its uid';
comment on column ledger.archive_access.session_login is
'User who had logged in, before any su or sudo, where the kernel keeps it (audit); null where it does not';
