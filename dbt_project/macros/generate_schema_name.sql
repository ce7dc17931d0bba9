{#- Schemas are named as in the promise to users: no target prefix. A proof fills schemas of its own beside them. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ env_var('BUREAU_SCHEMA_PREFIX', '') }}{{ custom_schema_name or target.schema }}
{%- endmacro %}
