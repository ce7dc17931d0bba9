-- Why a source's night broke off: an inbox that cannot be reached is a sentence, not a stack trace.

alter table ledger.source_night add column reason text;
comment on column ledger.source_night.reason is 'Why it failed: rule, place and detail, without secrets; null otherwise';
