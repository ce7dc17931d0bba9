{#- Whether an entity is young on a day: under 36 months from its establishment; 36 months after 29 February is 28 February. -#}
{% macro is_young(established, day) -%}
    coalesce({{ day }} >= {{ established }} and {{ day }} < ({{ established }} + interval '36 months')::date, false)
{%- endmacro %}

{#- In which year of its life an entity exits: the first has all days up to the first anniversary, the day of birth and the
    anniversary included; the anniversary of 29 February is 28 February. -#}
{% macro year_of_life(established, day) -%}
    case
        when {{ day }} <= ({{ established }} + make_interval(years => {{ years_between(established, day) }}))::date
            then greatest({{ years_between(established, day) }}, 1)
        else {{ years_between(established, day) }} + 1
    end
{%- endmacro %}

{% macro years_between(first, last) -%}
    (extract(year from {{ last }})::integer - extract(year from {{ first }})::integer)
{%- endmacro %}
