{#- Join and column: the town of the list in force at K in which a unit is counted whose record says `town`. -#}
{% macro towns_in_force(record) -%}
    left join {{ ref('town_in_force') }} as w
        on {{ record }}.town = w.town and w.build_id = (select max(l.build_id) from {{ ref('town_in_force') }} as l)
{%- endmacro %}

{% macro town_in_force(record) -%}
    coalesce(w.counted_as, {{ record }}.town)
{%- endmacro %}

{#- Whether units are counted in other towns than in the published build: then all of them are looked at. -#}
{% macro towns_have_changed() -%}
    {{ return(known_now(
        'select (count(*) > 0)::integer from (select town, counted_as from ' ~ ref('town_in_force')
        ~ ' where build_id >= ' ~ published_build() ~ ' group by town, counted_as having count(*) <> 2) as moved', 0
    ) == 1) }}
{%- endmacro %}

{#- Of the lists of towns only the published build's is kept. -#}
{% macro forget_other_lists() -%}
    {%- if is_incremental() -%}delete from {{ this }} where build_id <> {{ published_build() }}{%- endif -%}
{%- endmacro %}
