{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='unit_key',
          indexes=[{'columns': ['unit_key'], 'unique': true}, {'columns': ['person_id']},
                   {'columns': ['employer_regno']}],
          post_hook='{{ analyse_this(kept=true) }}') }}
-- depends_on: {{ ref('touched_before') }} (it reads this table as it was)

-- Employment spells as known at K; a spell without an id of a person is one person of its own.
with versions as (
    select * from {{ ref('fold_employment') }}
    where row_id is not null
    {% if is_incremental() and not towns_have_changed() %} and build_id > {{ published_build() }}{% endif %}
),

final as (
    select
        v.unit_key,
        v.alive,
        v.row_id,
        v.delivery_id,
        p.unit_id as person_id,
        v.employer_regno,
        v.start_date,
        v.end_date,
        v.employment_form,
        v.is_new_urban,
        v.end_reason,
        v.founder_groups,
        v.sex,
        v.birth_year,
        {{ town_in_force('v.town') }} as town
    from versions as v
    inner join {{ ref('unit') }} as p
        on p.unit_type = 'person' and p.unit_key = coalesce(v.person_pseudonym, 'spell:' || v.unit_key)
    {{ towns_in_force('v.town') }}
)

select * from final
