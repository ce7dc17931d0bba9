-- What a verdict was about: a refused file is not read again while its manifest and its bytes are the same.

alter table ledger.delivery
    add column manifest text check (manifest ~ '^[0-9a-f]{12}$'),
    add column file_version text;
comment on column ledger.delivery.manifest is 'Beginning of the sha256 of the manifest that lay beside the file; null without one';
comment on column ledger.delivery.file_version is
    'Of a refused file: size with inode and time of change, or with ETag; null where nothing tells';

-- Until now it stood behind the reason.
update ledger.delivery
set
    manifest = substring(reason from '\[manifest ([0-9a-f]{12})\]$'),
    reason = regexp_replace(reason, ' \[manifest [0-9a-f]{12}\]$', '')
where reason ~ ' \[manifest [0-9a-f]{12}\]$';
