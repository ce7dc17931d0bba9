{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='unit_key',
          indexes=[{'columns': ['unit_key'], 'unique': true}, {'columns': ['person_id']}, {'columns': ['regno']}],
          post_hook='{{ analyse_this(kept=true) }}') }}
-- depends_on: {{ ref('touched_before') }} (it reads this table as it was)

-- Participations in the training for founders as known at K.
with versions as (
    select * from {{ ref('fold_training') }}
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
        v.class_no,
        v.provider,
        v.course,
        v.start_date,
        v.end_date,
        v.result,
        v.subsidy_cny,
        v.venture_date,
        v.regno,
        v.jobs_created,
        v.founder_groups,
        v.sex,
        v.birth_year,
        {{ town_in_force('v.town') }} as town
    from versions as v
    inner join {{ ref('unit') }} as p on p.unit_type = 'person' and v.person_pseudonym = p.unit_key
    {{ towns_in_force('v.town') }}
)

select * from final
