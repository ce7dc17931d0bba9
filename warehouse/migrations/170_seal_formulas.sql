-- A release seals the formulas and the guards' results of its builds as well.
set local role bureau_owner;

alter table release.seal drop constraint seal_kind_check;
alter table release.seal add constraint seal_kind_check
check (kind in ('release', 'delivery', 'checks', 'build', 'formulas', 'guard'));
comment on table release.seal is
'Hashes of what a release was made of: its own row, each delivery and its check results, each build up to its own with the formulas '
'that it was the first to compute with and what the guard found in it';
