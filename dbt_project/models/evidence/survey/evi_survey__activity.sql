{{ config(materialized='view', tags=['account'],
          meta={'accounts': [
              'survey.adults_16_64', 'survey.venturing_16_64', 'survey.intending_16_64', 'survey.adults_18_64',
              'survey.early_18_64', 'survey.motivated_16_64', 'survey.opportunity_16_64', 'survey.prospective',
              'survey.answers', 'survey.content_answers',
          ]}) }}

-- Weights of the respondents of a wave, at the end of its year, by what they do and say. Who gave no age is in none of the
-- accounts with one. Answers count once each of the three questions.
with respondent as (
    select * from {{ ref('reg_answer') }}
    where {{ is_touched('respondent', 'respondent_id') }}
),

contribution as (
    select
        c.account,
        r.respondent_id as unit_id,
        r.town as geography,
        r.founder_groups,
        r.sex,
        r.birth_year,
        r.psu,
        make_date(r.wave, 12, 31) as day,
        r.weight * c.times as amount,
        array[r.row_id] as source_rows
    from respondent as r
    cross join lateral (
        values
        ('survey.adults_16_64', (r.age_years between 16 and 64)::integer),
        ('survey.venturing_16_64', (r.age_years between 16 and 64 and r.status in ('2', '3', '4'))::integer),
        ('survey.intending_16_64', (r.age_years between 16 and 64 and r.status = '1')::integer),
        ('survey.adults_18_64', (r.age_years between 18 and 64)::integer),
        ('survey.early_18_64', (r.age_years between 18 and 64 and r.status in ('2', '3'))::integer),
        ('survey.motivated_16_64', (r.age_years between 16 and 64 and r.motive is not null)::integer),
        ('survey.opportunity_16_64', (r.age_years between 16 and 64 and r.motive = '2')::integer),
        ('survey.prospective', (r.status in ('1', '2'))::integer),
        ('survey.answers', r.answers),
        ('survey.content_answers', r.content_answers)
    ) as c (account, times)
    where c.times > 0
)

{{ summed_postings('contribution', 'respondent', psu='r.psu') }}
