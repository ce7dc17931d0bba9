{{ config(materialized='view', tags=['account'], meta={'account': 'survey.satisfaction'}) }}

-- Weight times satisfaction (0...100) of a respondent who answered any of the three questions.
with records as (
    select
        respondent_id as unit_id, town as geography, founder_groups, sex, birth_year, psu, weight, satisfaction,
        make_date(wave, 12, 31) as day, row_id
    from {{ ref('reg_answer') }}
    where satisfaction is not null and {{ is_touched('respondent', 'respondent_id') }}
)

{{ record_postings('survey.satisfaction', 'respondent', 'records', 'r.day', 'r.weight * r.satisfaction', psu='r.psu') }}
where r.satisfaction <> 0
