-- What the coders of ingest/coding say of delivered rows: codes and the dictionary's own words, never a row's text.
set local role bureau_owner;

create table register.coding (
    source text not null,
    row_id bigint not null,
    unit_key text not null,
    region text,
    town text,
    town_by text,
    town_said_by text,
    section text,
    section_by text,
    section_said_by text,
    enttype text,
    capital numeric(18, 4),
    currency text,
    version text not null,
    build_id integer not null references ledger.build (build_id),
    primary key (source, row_id)
);
create index on register.coding (source, build_id);
comment on table register.coding is 'Town, section, legal form and capital coded from the texts of a row';
comment on column register.coding.region is 'County that the address names, or whose authority registered the row; null: not known';
comment on column register.coding.town_by is 'Name of the gazetteer that decided';
comment on column register.coding.town_said_by is 'address or name';
comment on column register.coding.section_by is 'Term of the dictionary that decided';
comment on column register.coding.section_said_by is 'scope or name';
comment on column register.coding.capital is 'In 10,000 (万) of the currency';
comment on column register.coding.currency is 'ISO 4217 numeric';
comment on column register.coding.version is 'Of the coders and their data files';
comment on column register.coding.build_id is 'Build that first said it so';

grant select, insert, update, delete on register.coding to bureau_transformer;
