{#- The first day of a period: '2010', '2010-Q2' or '2010-05'. -#}
{% macro first_day_of(period) -%}
    case
        when {{ period }} ~ 'Q' then make_date(left({{ period }}, 4)::integer, 3 * right({{ period }}, 1)::integer - 2, 1)
        when length({{ period }}) = 7 then ({{ period }} || '-01')::date
        else make_date({{ period }}::integer, 1, 1)
    end
{%- endmacro %}

{#- How many months the periods of a grain have. -#}
{% macro months_of(grain) -%}
    case {{ grain }} when 'M' then 1 when 'Q' then 3 else 12 end
{%- endmacro %}

{#- How many periods of so many months lie between one, by its first day, and the end of a target's period `c`. -#}
{% macro periods_between(first_day, c, months) -%}
    (
        (extract(year from {{ c }}.first_day)::integer - extract(year from {{ first_day }})::integer) * 12
        + extract(month from {{ c }}.first_day)::integer - extract(month from {{ first_day }})::integer + {{ c }}.months
    ) / {{ months }} - 1
{%- endmacro %}
