{#- The accounts that a model says: one (`account`), or a family of them (`accounts`). -#}
{% macro accounts_of(node) -%}
    {{ return(node.config.meta.accounts if node.config.meta.accounts is defined else [node.config.meta.account]) }}
{%- endmacro %}

{#- All accounts of the project. -#}
{% macro all_accounts() -%}
    {%- set found = [] -%}
    {%- for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') if 'account' in node.tags -%}
        {%- do found.extend(accounts_of(node)) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- Whether an account is not posted in full yet (a new warehouse, a new account): then every unit is worked out. -#}
{% macro some_account_is_new() -%}
    {%- if not execute or model.resource_type == 'unit_test' -%}{{ return(false) }}{%- endif -%}
    {{ return(known_now(
        'select count(*) from unnest(' ~ text_list(all_accounts()) ~ ') as a (account) where account not in (select account from '
        ~ source('evidence', 'account') ~ ')', 0
    ) > 0) }}
{%- endmacro %}

{#- Whether nothing was ever posted in these accounts. -#}
{% macro nothing_stands(accounts) -%}
    {{ return(known_now(
        'select (not exists (select 1 from ' ~ source('evidence', 'posting') ~ ' where account = any(' ~ text_list(accounts) ~ ')))::integer', 0
    ) == 1) }}
{%- endmacro %}

{#- A partition of the ledger for every account: made before those write who write at the same time. -#}
{% macro ensure_accounts() -%}
    {%- if execute -%}
    select
        {%- for account in all_accounts() %}
        {{ ', ' if not loop.first }}evidence.ensure_account('{{ account }}')
        {%- endfor %}
    {%- endif -%}
{%- endmacro %}

{#- After a build that posted much: the nights to come are planned by it. -#}
{% macro analyse_postings() -%}
    {%- if not is_small_part('touched') -%}select evidence.analyse_postings(){%- endif -%}
{%- endmacro %}

{#- After posting, in the same transaction: every account stands in full. -#}
{% macro accounts_are_posted() -%}
    {%- if execute -%}
    insert into {{ source('evidence', 'account') }} (account, build_id)
    select a.account, {{ this_build() }} from unnest({{ text_list(all_accounts()) }}) as a (account)
    on conflict (account) do nothing
    {%- endif -%}
{%- endmacro %}
