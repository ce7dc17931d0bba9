{{ config(materialized='view') }}

-- Standard error of a ratio of the survey by Taylor linearisation, ultimate clusters with replacement:
-- z = sum of w (s - ratio) / sum of w, times the scale of the indicator, over a sampling unit's members of the cell,
-- variance = sum over strata of n / (n - 1) * sum of (z - mean z)^2 over all n sampling units of the wave in the
-- stratum, those without a member of the cell with z = 0. A stratum of one unit adds nothing.
with design as (
    select wave, split_part(psu, '/', 1) as stratum, count(distinct psu) as units
    from {{ ref('reg_answer') }}
    group by wave, split_part(psu, '/', 1)
),

formula as (
    select f.indicator, f.method_version, f.part, f.account, f.sign, f.breakdown_types, i.scale
    from ({{ formula_rows() }}) as f
    inner join ({{ indicator_rows() }}) as i
        on f.indicator = i.indicator and f.method_version = i.method_version and i.has_standard_error
),

cluster as (
    select
        f.indicator,
        f.method_version,
        place.cell_geography as geography,
        member.breakdown_type,
        {{ age_band_of_flow('member', 'p.effective_date') }} as breakdown,
        extract(year from p.effective_date)::integer as wave,
        split_part(p.psu, '/', 1) as stratum,
        p.psu,
        f.scale,
        coalesce(sum(f.sign * p.weight) filter (where f.part = 'numerator'), 0) as weighted_answers,
        coalesce(sum(f.sign * p.weight) filter (where f.part = 'denominator'), 0) as weights
    from formula as f
    inner join {{ ref('posting') }} as p on f.account = p.account
    {{ cells_of('p') }}
    where
        p.account = any({{ text_list(accounts_with_standard_error() if execute else []) }}) -- no other partition is read
        and {{ cell_counts('p', 'f.breakdown_types') }}
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
),

linearised as (
    select
        c.*,
        (c.weighted_answers - c.weights * t.weighted_answers / t.weights)::double precision
        / t.weights::double precision * c.scale::double precision as z
    from cluster as c
    inner join (
        select
            indicator, method_version, geography, breakdown_type, breakdown, wave,
            sum(weighted_answers) as weighted_answers, sum(weights) as weights
        from cluster
        group by indicator, method_version, geography, breakdown_type, breakdown, wave
    ) as t using (indicator, method_version, geography, breakdown_type, breakdown, wave)
    where t.weights <> 0
),

stratum as (
    select
        l.indicator, l.method_version, l.geography, l.breakdown_type, l.breakdown, l.wave,
        case
            when d.units > 1
                then d.units::double precision / (d.units - 1) * greatest(sum(l.z * l.z) - sum(l.z) ^ 2 / d.units, 0)
            else 0
        end as variance
    from linearised as l
    inner join design as d on l.wave = d.wave and l.stratum = d.stratum
    group by l.indicator, l.method_version, l.geography, l.breakdown_type, l.breakdown, l.wave, l.stratum, d.units
),

final as (
    select
        indicator, method_version, geography, breakdown_type, breakdown, wave::text as period,
        sqrt(sum(variance))::numeric as standard_error
    from stratum
    group by indicator, method_version, geography, breakdown_type, breakdown, wave
)

select * from final
