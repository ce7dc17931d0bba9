{#- Where accounts are gathered: a new account is one line here. -#}
{% set accounts = [
    ref('evi_entity__birth'),
    ref('evi_entity__birth_company'),
    ref('evi_entity__exit'),
    ref('evi_entity__purge'),
    ref('evi_entity__migration'),
    ref('evi_survival__exit'),
    ref('evi_activity'),
    ref('evi_tax__paid'),
    ref('evi_tax__relief'),
    ref('evi_founder__present'),
    ref('evi_job__new'),
    ref('evi_job__new_by_startups'),
    ref('evi_job__ended'),
    ref('evi_job__young'),
    ref('evi_job__young_worker'),
    ref('evi_founder__young'),
    ref('evi_survey__satisfaction'),
    ref('evi_survey__answered'),
    ref('evi_survey__activity'),
    ref('evi_loan__event'),
    ref('evi_loan__due'),
    ref('evi_training__class'),
    ref('evi_training__venture'),
    ref('evi_population__count'),
] %}
{{ config(materialized='append_only',
          pre_hook=["{{ bulk_work() }}", "{{ ensure_accounts() }}"],
          post_hook=["{{ accounts_are_posted() }}", "{{ analyse_postings() }}"]) }}

-- The ledger: what the touched units should stand at, less what stands for them, is appended. While an account is not
-- posted in full, or nothing is published, all units are touched. Where nothing stands at all, what should stand is the
-- difference.
with desired as (
    {% for account in accounts %}
    select {{ posting_identity() }}, weight from {{ account }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

touched as (
    select * from {{ ref('touched') }}
),
{% if ledger_is_empty() %}
difference as (
    select * from desired
    where weight <> 0
),
{% else %}
standing as (
    select {{ posting_identity('p') }}, -p.weight as weight
    from {{ source('evidence', 'posting') }} as p
    inner join touched as t on p.unit_type = t.unit_type and p.unit_id = t.unit_id
),

difference as (
    select {{ posting_identity() }}, sum(weight) as weight
    from (select * from desired union all select * from standing) as both_sides
    group by {{ posting_identity() }}
    having sum(weight) <> 0
),
{% endif %}
final as (
    select
        d.account, d.effective_date, d.until_date, d.period_grain, d.geography, d.geo_scope, d.applies_to, d.sector, d.industry,
        d.founder_groups, d.sex, d.birth_year, d.psu, d.unit_type, d.unit_id, d.weight, d.source_rows,
        {{ this_build() }} as build_id,
        {% if nothing_is_published() -%}
        case
            when cardinality(d.source_rows) = 1 then array[(d.source_rows[1] >> 32)::integer]
            else array(select distinct (r.row_id >> 32)::integer from unnest(d.source_rows) as r (row_id) order by 1)
        end as caused_by
    from difference as d
        {%- else -%}
        coalesce(t.caused_by, array[]::integer []) as caused_by
    from difference as d
    left join touched as t on d.unit_type = t.unit_type and d.unit_id = t.unit_id
        {%- endif %}
)

select * from final
