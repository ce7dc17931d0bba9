-- Stocks that end: one posting from its day until before another, instead of two. And which accounts are posted in full.

alter table evidence.posting
    add column until_date date,
    add constraint posting_lasts check (until_date > effective_date);

comment on column evidence.posting.until_date is 'day from which it does not count in a stock any longer; null: it counts for ever';

-- An account that is not here is worked out for every unit and set against what stands: a new one, or one to be posted anew.
create table evidence.account (
    account text primary key,
    build_id integer not null references ledger.build
);

comment on table evidence.account is 'accounts that are posted in full: a night works out touched units alone';
comment on column evidence.account.build_id is 'build that posted it in full';
alter table evidence.account owner to bureau_owner;
grant select, insert, delete on evidence.account to bureau_transformer;
grant select on evidence.account to bureau_evaluator;

-- Founders in stock are posted anew, as intervals.
insert into evidence.account (account, build_id)
select account, max(build_id) from evidence.posting
where account <> 'founder.present'
group by account;
