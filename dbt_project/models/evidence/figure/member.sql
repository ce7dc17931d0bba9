{{ config(materialized='view') }}

-- The members of every breakdown: all have a row in every figure, `unknown` too.
select 'total' as breakdown_type, 'total' as breakdown
union all
select 'sector', unnest(array['private', 'individual', 'cooperative'])
union all
select distinct 'industry', section from {{ ref('industry_section') }} where standard = '2017'
union all
select 'industry', 'unknown'
union all
select 'founder_group', code from {{ ref('code_list') }} where list = 'founder_group'
union all
select 'sex', unnest(array['1', '2', 'unknown'])
union all
select 'age_band', unnest(array['16-24', '25-34', '35-44', '45-54', '55+', 'unknown'])
