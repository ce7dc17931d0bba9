{{ config(materialized='table') }}

{#- Texts of models/indicators/*.yml, one row an indicator and method version. -#}

select * from (values -- noqa: AM04
{%- if execute %}
{%- for i in indicators() %}
    (
        '{{ i.indicator }}', '{{ i.method_version }}', {{ quoted(i.name.zh) }}, {{ quoted(i.name.en) }},
        {{ quoted(i.definition.zh) }}, {{ quoted(i.definition.en) }}, {{ quoted(i.meaning.zh) }}, {{ quoted(i.meaning.en) }},
        {{ quoted(i.unit.zh) }}, {{ quoted(i.unit.en) }}, {{ i.scale }}::numeric, {{ text_list(i.periods) }},
        {{ text_list(['total'] + i.breakdowns) }}, {{ text_list(i.needs) }},
        {{ quoted(i.source_of_definition.zh) }}, {{ quoted(i.source_of_definition.en) }}, {{ i.own_reading }},
        {{ quoted(formula_text(i)) }},
        {{ quoted(i.caveat.zh) if i.caveat is defined else 'null' }}, {{ quoted(i.caveat.en) if i.caveat is defined else 'null' }}
    ){{ ',' if not loop.last }}
{%- endfor %}
{%- endif %}
) as c ( -- noqa: AL05
    indicator, method_version, name_zh, name_en, definition_zh, definition_en, meaning_zh, meaning_en, unit_zh, unit_en,
    scale, period_grains, breakdown_types, sources, definition_source_zh, definition_source_en, own_reading,
    formula, caveat_zh, caveat_en
)
