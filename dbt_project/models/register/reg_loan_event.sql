{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='unit_key',
          indexes=[{'columns': ['unit_key'], 'unique': true}, {'columns': ['contract_id']}, {'columns': ['regno']}],
          post_hook='{{ analyse_this(kept=true) }}') }}
-- depends_on: {{ ref('touched_before') }} (it reads this table as it was)

-- Events of loan contracts as known at K; a borrower without an id is one person of the contract's own.
with versions as (
    select * from {{ ref('fold_loans') }}
    where row_id is not null
    {% if is_incremental() %} and build_id > {{ published_build() }}{% endif %}
),

final as (
    select
        v.unit_key,
        v.alive,
        v.row_id,
        v.delivery_id,
        c.unit_id as contract_id,
        v.event_no,
        v.event,
        v.event_date,
        v.amount_cny,
        v.due_date,
        b.unit_id as borrower_id,
        v.borrower_sex,
        v.borrower_birth_year,
        v.founder_groups,
        v.regno,
        v.loan_kind,
        v.annual_rate_pct
    from versions as v
    inner join {{ ref('unit') }} as c on c.unit_type = 'contract' and v.contract_no = c.unit_key
    inner join {{ ref('unit') }} as b
        on b.unit_type = 'person' and b.unit_key = coalesce(v.borrower_pseudonym, 'contract:' || v.contract_no)
)

select * from final
