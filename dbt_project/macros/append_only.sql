{#- A table that a migration made and a build adds to, its own or that of another model (`into`): rows go there straight away, and
    are written once. -#}
{% materialization append_only, adapter='postgres' -%}
    {%- set target_relation = api.Relation.create(
        database=this.database, schema=this.schema, identifier=config.get('into') or this.identifier, type='table'
    ) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- set columns = adapter.get_columns_in_relation(target_relation) | map(attribute='quoted') | join(', ') -%}
    {% call statement('main') -%}
    insert into {{ target_relation }} ({{ columns }})
    select {{ columns }}
    from (
        {{ sql }}
    ) as added
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{%- endmaterialization %}
