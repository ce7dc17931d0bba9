{{ config(materialized='view', tags=['account'], meta={'account': 'survey.answered'}) }}

-- Weight of a respondent who answered any of the three questions.
with records as (
    select
        respondent_id as unit_id, town as geography, founder_groups, sex, birth_year, psu, weight,
        make_date(wave, 12, 31) as day, row_id
    from {{ ref('reg_answer') }}
    where satisfaction is not null and {{ is_touched('respondent', 'respondent_id') }}
)

{{ record_postings('survey.answered', 'respondent', 'records', 'r.day', 'r.weight', psu='r.psu') }}
