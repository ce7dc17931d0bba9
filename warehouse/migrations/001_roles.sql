-- Group roles. They are cluster-wide: another bureau database of the same server may have made them, or be making them now.
do $$
declare
    name text;
begin
    foreach name in array array[
        'bureau_owner', 'bureau_loader', 'bureau_transformer', 'bureau_analyst', 'bureau_evaluator', 'bureau_steward'
    ] loop
        begin
            if not exists (select from pg_roles where rolname = name) then
                execute format('create role %I nologin', name);
            end if;
        exception when duplicate_object or unique_violation then
            null;  -- made by another session meanwhile
        end;
    end loop;
end
$$;

-- The service login takes these roles with SET ROLE. What an evaluator reads includes the analyst's, a steward's the evaluator's.
do $$
declare
    pair text[];
begin
    foreach pair slice 1 in array array[
        ['bureau_owner', current_user], ['bureau_loader', current_user], ['bureau_transformer', current_user],
        ['bureau_analyst', current_user], ['bureau_evaluator', current_user], ['bureau_steward', current_user],
        ['bureau_analyst', 'bureau_evaluator'], ['bureau_evaluator', 'bureau_steward']
    ] loop
        if not exists (
            select from pg_auth_members
            where roleid = pair[1]::regrole and member = pair[2]::regrole
                -- PostgreSQL 16 splits membership; only one that may SET ROLE counts (the column does not exist before)
                and coalesce((to_jsonb(pg_auth_members) ->> 'set_option')::boolean, true)
        ) and pair[1] <> pair[2] then
            execute format('grant %I to %I', pair[1], pair[2]);
        end if;
    end loop;
end
$$;

-- The database: nobody else connects; who builds may make scratch schemas (the proof recomputes into one).
do $$
begin
    execute format('revoke all on database %I from public', current_database());
    execute format(
        'grant connect, temporary on database %I to bureau_owner, bureau_loader, bureau_transformer, bureau_analyst',
        current_database()
    );
    execute format('grant create on database %I to bureau_owner, bureau_transformer', current_database());
end
$$;

create schema ledger authorization bureau_owner;
set local role bureau_owner;

create table ledger.migration (
    number integer primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default now()
);
comment on table ledger.migration is 'The SQL files that made this database';
comment on column ledger.migration.sha256 is 'Of the file as it was applied: an applied file never changes';
