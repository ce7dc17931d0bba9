{{ config(materialized='view') }}

-- Answers of the citizens' survey, with what variance estimation needs: weight, stratum and sampling unit.
select
    respondent_id,
    wave,
    stratum,
    psu,
    weight,
    town,
    age_years,
    sex,
    founder_groups,
    status,
    motive,
    s1,
    s2,
    s3,
    satisfaction
from {{ ref('reg_answer') }}
