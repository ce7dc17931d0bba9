{{ config(materialized='view') }}

-- The formulas as rows, for who opens a figure in SQL (mart.trace_figure): one row an indicator, part and account.
with formula as (
    {{ formula_rows() }}
),

indicator as (
    {{ indicator_rows() }}
),

final as (
    select
        f.indicator,
        f.method_version,
        f.part,
        f.account,
        f.sign,
        f.accumulation,
        f.only_sectors,
        f.lag_years,
        case when f.part = 'denominator' and cardinality(i.undivided) > 0 then i.undivided end as undivided
    from formula as f
    inner join indicator as i on f.indicator = i.indicator and f.method_version = i.method_version
    where f.part in ('numerator', 'denominator')
)

select * from final
