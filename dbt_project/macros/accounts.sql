{#- A partition of the ledger for every account model of the project. -#}
{% macro ensure_accounts() -%}
    {%- if execute -%}
    select
        {%- for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') if 'account' in node.tags %}
        {{ ', ' if not loop.first }}evidence.ensure_account('{{ node.config.meta.account }}')
        {%- endfor %}
    {%- endif -%}
{%- endmacro %}
