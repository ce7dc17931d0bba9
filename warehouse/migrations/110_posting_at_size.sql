-- A build that posts ten million rows: no question of the builds' table for each of them, and a digest made of the rows' hashes.

-- A build is never deleted (what it used refers to it), and dbt writes the number of the one at work.
alter table evidence.posting drop constraint posting_build_id_fkey;

alter table ledger.build add column digest_method smallint;
update ledger.build set digest_method = 1 where digest is not null;
comment on column ledger.build.digest_method is
'1: over the postings'' lines, in the order of the lines; 2: over the sha256 of each line, in the order of these';

-- What few touched units join with the ledger is planned by the whole ledger's statistics, which the server never makes by itself
-- for a partitioned table. Runs as its owner.
create function evidence.analyse_postings() returns void
language plpgsql security definer set search_path = pg_catalog set default_statistics_target = 20 as $$
begin
    analyze evidence.posting (unit_type, unit_id, build_id, account);
end $$;

alter function evidence.analyse_postings() owner to bureau_owner;
revoke all on function evidence.analyse_postings() from public;
grant execute on function evidence.analyse_postings() to bureau_transformer;
