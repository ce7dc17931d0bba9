{#- The build at work: one row, read by every model instead of variables. -#}
{% macro this_build(column='build_id') -%}
    (select {{ column }} from {{ source('ledger', 'current_build') }})
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
    {%- if is_incremental() -%}delete from {{ this }} where build_id <= {{ this_build('previous_build_id') }}{%- endif -%}
{%- endmacro %}

{#- For a statement over whole tables that are not analysed yet: hashing, and memory to do it in. -#}
{% macro bulk_work() -%}
    set local enable_nestloop = off; set local enable_mergejoin = off; set local enable_sort = off; set local jit = off; set local work_mem = '128MB'
{%- endmacro %}
