-- What accepted deliveries usually look like: later ones are held against it.
create table ledger.delivery_measure (
    delivery_id integer not null references ledger.delivery on delete cascade,
    measure text not null,
    value numeric not null,
    primary key (delivery_id, measure)
);
comment on table ledger.delivery_measure is 'Counts, shares and sums of each checked delivery: what the usual ranges are learned from';
comment on column ledger.delivery_measure.measure is
    'rows, age_days, <column>.blank (share), <column>=<agreed code> (share), <column>.sum; never a cell';
alter table ledger.delivery_measure owner to bureau_owner;
grant select, insert, update, delete on ledger.delivery_measure to bureau_loader;
grant select on ledger.delivery_measure to bureau_transformer, bureau_evaluator, bureau_steward;
