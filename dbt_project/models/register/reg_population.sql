{{ config(materialized='view') }}

-- Population counts as known at K, one row a year and geography.
select
    u.unit_id as population_id,
    v.row_id,
    v.delivery_id,
    v.year,
    {{ town_in_force('v.geography') }} as geography,
    v.urban_labour,
    v.age_15_64,
    v.age_15_60
from {{ ref('fold_population') }} as v
inner join {{ ref('unit') }} as u on u.unit_type = 'population' and v.unit_key = u.unit_key
{{ towns_in_force('v.geography') }}
where v.alive
