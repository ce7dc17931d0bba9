-- Schemas and who may do what in them. The matrix in words is in docs/builders/architecture.md; a test walks it.
create schema raw authorization bureau_owner;
create schema quarantine authorization bureau_owner;
create schema staging authorization bureau_owner;
create schema register authorization bureau_owner;
create schema evidence authorization bureau_owner;
create schema mart authorization bureau_owner;
create schema release authorization bureau_owner;

set local role bureau_owner;

comment on schema raw is 'Delivered rows, normalised and pseudonymised, one partition a delivery';
comment on schema quarantine is 'Rows that were not accepted: row id, key, reasons; never cells';
comment on schema ledger is 'Deliveries, checks, builds';
comment on schema staging is 'Types and names: a view a source';
comment on schema register is 'Entities, persons, spells, contracts as they are known now';
comment on schema evidence is 'What each unit contributes to each indicator';
comment on schema mart is 'Tables for people';
comment on schema release is 'What was published, frozen';

grant usage on schema ledger to bureau_loader, bureau_transformer, bureau_evaluator;
grant select on ledger.migration to bureau_loader, bureau_transformer, bureau_evaluator;
grant usage, create on schema raw, quarantine to bureau_loader;
grant usage on schema raw, quarantine to bureau_transformer;
grant usage, create on schema staging, register, evidence, mart to bureau_transformer;
grant usage on schema release to bureau_transformer;
grant usage on schema mart, release to bureau_analyst;
grant usage on schema raw, register, evidence to bureau_evaluator;
grant usage on schema quarantine to bureau_steward;

set local role none;  -- default privileges of several roles: only the login is a member of all

-- Tables made later, whoever of the two makes them. In raw and quarantine only the loader gets them by default: a partition of
-- a delivery that is not accepted yet is for nobody else. ledger.grant_source opens the parents.
alter default privileges for role bureau_owner, bureau_loader in schema raw, quarantine
    grant select, insert, update, delete, truncate on tables to bureau_loader;
alter default privileges for role bureau_owner, bureau_loader in schema quarantine
    grant select on tables to bureau_steward;
alter default privileges for role bureau_owner, bureau_transformer in schema staging
    grant select on tables to bureau_transformer;
alter default privileges for role bureau_owner, bureau_transformer in schema register, evidence
    grant select on tables to bureau_transformer, bureau_evaluator;
alter default privileges for role bureau_owner, bureau_transformer in schema mart
    grant select on tables to bureau_transformer, bureau_analyst;
alter default privileges for role bureau_owner in schema release
    grant select on tables to bureau_transformer, bureau_analyst;
alter default privileges for role bureau_owner in schema ledger
    grant select on tables to bureau_loader, bureau_transformer, bureau_evaluator;
alter default privileges for role bureau_owner in schema ledger
    grant usage on sequences to bureau_loader, bureau_transformer;
alter default privileges for role bureau_owner, bureau_loader, bureau_transformer
    revoke execute on functions from public;
