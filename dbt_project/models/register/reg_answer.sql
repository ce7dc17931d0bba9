{{ config(materialized='view') }}

-- Answers of the citizens' survey as known at K, with the mean of the answered satisfaction questions mapped
-- from 1...5 to 0...100 (half-up to 12 decimals; null where none was answered).
with versions as (
    select * from {{ ref('fold_survey') }}
    where alive
),

final as (
    select
        u.unit_id as respondent_id,
        v.row_id,
        v.delivery_id,
        v.wave,
        replace(v.stratum, '/', chr(31)) || '/' || v.psu as psu, -- what stands before the first '/' is the stratum
        v.stratum,
        v.weight,
        {{ town_in_force('v.town') }} as town,
        v.age_years,
        v.wave - v.age_years as birth_year,
        v.sex,
        v.founder_groups,
        v.status,
        v.motive,
        (
            select round(avg((a.answer - 1) * 25), 12)
            from unnest(array[v.s1, v.s2, v.s3]) as a (answer)
        ) as satisfaction,
        num_nonnulls(v.s1, v.s2, v.s3) as answers,
        (
            select count(*)::integer from unnest(array[v.s1, v.s2, v.s3]) as a (answer) where a.answer >= 4
        ) as content_answers,
        v.s1,
        v.s2,
        v.s3
    from versions as v
    inner join {{ ref('unit') }} as u on u.unit_type = 'respondent' and v.unit_key = u.unit_key
    {{ towns_in_force('v.town') }}
)

select * from final
