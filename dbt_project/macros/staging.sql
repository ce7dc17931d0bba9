{#- The parts of a source's key as one text; a blank part is a value of its own (rulings on blank AAB001). -#}
{% macro fold_key(columns) -%}
    {%- for column in columns -%}
        coalesce({{ column }}, ''){{ " || chr(31) || " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- Codes joined by ';' as an array; blank means 07 (other). -#}
{% macro founder_groups(column) -%}
    array(select distinct g from unnest(string_to_array(coalesce({{ column }}, '07'), ';')) as g order by g)
{%- endmacro %}

