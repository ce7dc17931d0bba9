-- Which geographies a build shows figures of, and the towns that took the place of others; dbt fills a standing seed and does not
-- alter it.
alter table if exists register.geography add column if not exists successor text;

set local role bureau_owner;
alter table ledger.build add column geographies text [];
comment on column ledger.build.geographies is
'City and towns of the list in force at K, of which the build shows figures; null: a build of before this was written down, which shows all';
alter table release.seal drop constraint seal_kind_check;
alter table release.seal add constraint seal_kind_check
check (kind in ('release', 'delivery', 'checks', 'build', 'formulas', 'guard', 'towns'));
