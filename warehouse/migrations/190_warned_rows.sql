-- Which rows a delivery is warned of: they are accepted, and the department should look at them.

set local role bureau_owner;
create table quarantine.warned (
    row_id bigint not null,
    rule text not null,
    delivery_id integer not null,
    primary key (row_id, rule)
);
create index on quarantine.warned (delivery_id);
comment on table quarantine.warned is 'Accepted rows that break a rule which only warns: number and rule, never cells';
comment on column quarantine.warned.delivery_id is
'Delivery whose checks found it: the row''s own, or a later one (a number is asked when it has had time to come)';
grant select, insert on quarantine.warned to bureau_loader;
grant select on quarantine.warned to bureau_steward;
