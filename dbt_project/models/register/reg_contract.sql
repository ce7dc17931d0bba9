{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='contract_id',
          indexes=[{'columns': ['contract_id'], 'unique': true}, {'columns': ['entity_id']}],
          post_hook=['{{ drop_dead_contracts() }}', '{{ analyse_this(kept=true) }}']) }}

-- Contracts with an accepted 放款, under the attributes of its first one: the entity that it names, and the day
-- when the loan is due. A contract without a 放款 has no row: its events are not counted.
with recursive changed as (
    select unit_id as contract_id from {{ ref('touched') }}
    where unit_type = 'contract'
),

events as (
    select e.* from {{ ref('reg_loan_event') }} as e
    where e.alive {% if is_incremental() %} and e.contract_id in (select contract_id from changed){% endif %}
),

disbursed as (
    select distinct on (contract_id) *
    from events
    where event = '放款'
    order by contract_id, event_date, event_no
),

lent as (
    select contract_id, coalesce(sum(amount_cny) filter (where event_date is not null), 0) as principal_cny from events
    where event = '放款'
    group by contract_id
),

linked as (
    {{ linked_entities('disbursed', 'contract_id', 'regno', 'event_date') }}
),

extension as (
    select
        contract_id, event_date, due_date, row_id,
        row_number() over (partition by contract_id order by event_date, event_no) as number
    from events
    where event = '展期' and due_date is not null and event_date is not null
),

-- Each extension made on or before the day then in force replaces it, one after the other.
term as (
    select contract_id, 0::bigint as number, due_date, null::bigint as extension_row_id, 0 as extensions
    from disbursed
    union all
    select
        t.contract_id,
        x.number,
        case when x.event_date <= t.due_date then x.due_date else t.due_date end,
        case when x.event_date <= t.due_date then x.row_id else t.extension_row_id end,
        t.extensions + (x.event_date <= t.due_date)::integer
    from term as t
    inner join extension as x on t.contract_id = x.contract_id and x.number = t.number + 1
),

due as (
    select distinct on (contract_id) * from term
    order by contract_id, number desc
),

final as (
    select
        d.contract_id,
        d.row_id,
        d.delivery_id,
        d.event_date as disbursed_date,
        l.principal_cny,
        d.due_date as first_due_date,
        t.due_date,
        t.extension_row_id,
        coalesce(t.extensions, 0) as extensions,
        d.borrower_id,
        d.borrower_sex as sex,
        d.borrower_birth_year as birth_year,
        d.founder_groups,
        d.regno,
        k.entity_id,
        coalesce(k.link_method, case when d.regno is null then 'none_given' else 'not_found' end) as link_method,
        coalesce(k.town, {{ this_build('region') }} || '999') as town
    from disbursed as d
    inner join lent as l on d.contract_id = l.contract_id
    inner join due as t on d.contract_id = t.contract_id
    left join linked as k on d.contract_id = k.contract_id
)

select * from final
