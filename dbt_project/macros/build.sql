{#- The build at work: one row, read by every model instead of variables. -#}
{% macro this_build(column='build_id') -%}
    (select {{ column }} from {{ source('ledger', 'current_build') }})
{%- endmacro %}

{#- What a statement gives right now, one number, written into the model as a literal: the planner then knows how few rows came
    since. Not for views, which keep what they were made with; a unit test has builds of its own, and asks for them. -#}
{% macro known_now(statement, otherwise) -%}
    {%- if execute and model.resource_type != 'unit_test' -%}
        {%- set found = run_query(statement).rows -%}
        {%- if found and found[0][0] is not none -%}{{ return(found[0][0] | int) }}{%- endif -%}
    {%- endif -%}
    {{ return(otherwise) }}
{%- endmacro %}

{#- The published build before this one; 0 where there is none. -#}
{% macro published_build() -%}
    {{ return(known_now('select previous_build_id from ' ~ source('ledger', 'current_build'), this_build('previous_build_id'))) }}
{%- endmacro %}

{#- Whether this is a warehouse's first build, or a proof, which computes all anew. -#}
{% macro nothing_is_published() -%}
    {{ return(known_now('select (previous_build_id = 0)::integer from ' ~ source('ledger', 'current_build'), 0) == 1) }}
{%- endmacro %}

{#- A relation as the last run left it, without a place in this run's order; none on a new warehouse. -#}
{% macro as_left(schema, identifier) -%}
    {%- if execute -%}
        {{ return(adapter.get_relation(target.database, generate_schema_name(schema, none) | trim, identifier)) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{#- Empty a table of tonight's work before it is filled: dropping it, as a table model does, would take its views along. -#}
{% macro empty_this() -%}
    {%- if is_incremental() -%}truncate {{ this }}{%- endif -%}
{%- endmacro %}

{#- Of what is kept until a build is published: forget what the published one has done. -#}
{% macro forget_published() -%}
    {%- if is_incremental() -%}delete from {{ this }} where build_id <= {{ published_build() }}{%- endif -%}
{%- endmacro %}

{#- After filling: what comes next is planned by what is there. A table that is kept is looked at when it was made, and when
    tonight's work was no small part of it; between these the server's own vacuum does it. -#}
{% macro analyse_this(kept=false) -%}
    {%- if not kept or not is_incremental() or not is_small_part('changed_key') -%}analyze {{ this }}{%- endif -%}
{%- endmacro %}

{#- Whether tonight's list (changed_key, touched) is so small a part of all units that these are found through indices. -#}
{% macro is_small_part(list) -%}
    {%- set listed, units = as_left('register', list), as_left('register', 'unit') -%}
    {%- if not (listed and units) -%}{{ return(false) }}{%- endif -%}
    {{ return(known_now(
        "select (max(reltuples) filter (where oid = '" ~ listed ~ "'::regclass) * 20 "
        ~ "< max(reltuples) filter (where oid = '" ~ units ~ "'::regclass))::integer from pg_class "
        ~ "where oid in ('" ~ listed ~ "'::regclass, '" ~ units ~ "'::regclass)", 0
    ) == 1) }}
{%- endmacro %}

{#- For a statement over whole tables that are not analysed yet: hashing, and memory to do it in. A small night has an analysed
    list of the units that it works out, and reaches the rest through indices; `always`: it reads no less on a small night. -#}
{% macro bulk_work(always=false) -%}
    {%- if always or not is_small_part('touched') -%}
    set local enable_nestloop = off; set local enable_mergejoin = off; set local enable_sort = off; set local jit = off; set local work_mem = '128MB'
    {%- endif -%}
{%- endmacro %}
