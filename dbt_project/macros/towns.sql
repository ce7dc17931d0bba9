{#- Join and column: the town of the list in force at K in which a unit is counted whose record says the town of column `said`. -#}
{% macro towns_in_force(said, alias='w') -%}
    left join {{ ref('town_in_force') }} as {{ alias }}
        on {{ said }} = {{ alias }}.town and {{ alias }}.build_id = (select max(l.build_id) from {{ ref('town_in_force') }} as l)
{%- endmacro %}

{% macro town_in_force(said, alias='w') -%}
    coalesce({{ alias }}.counted_as, {{ said }})
{%- endmacro %}

{#- Whether the register may hold units under other towns than this build counts them in: the map is not the published build's, or
    not that of a build since, which failed. A published build of before there was a map counted every town as itself. -#}
{% macro towns_have_changed() -%}
    {{ return(known_now(
        'select coalesce(bool_or(m.counted > 1 or (not m.was_published and m.is_moved and not p.has_one)), false)::integer from ('
        ~ 'select town, count(distinct counted_as) as counted, bool_or(build_id = ' ~ published_build() ~ ') as was_published, '
        ~ 'bool_or(town <> counted_as and not is_to_come) as is_moved from ' ~ ref('town_in_force') ~ ' where build_id >= ' ~ published_build()
        ~ ' group by town) as m cross join (select exists (select 1 from ' ~ ref('town_in_force') ~ ' where build_id = '
        ~ published_build() ~ ') as has_one) as p', 0
    ) == 1) }}
{%- endmacro %}

{#- Lists of towns are kept from the published build on. -#}
{% macro forget_older_lists() -%}
    {%- if is_incremental() -%}delete from {{ this }} where build_id < {{ published_build() }}{%- endif -%}
{%- endmacro %}
