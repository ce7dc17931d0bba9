-- How published values were revised from release to release (a revision triangle: periods by vintages), and by how much on
-- average.

set local role bureau_owner;

create view mart.revision_triangle as
with stated as (
    select
        f.indicator, f.method_version, f.period, f.period_grain, f.geography, f.breakdown_type, f.breakdown, f.release_id,
        r.business_date, r.published_at, f.status, f.value,
        row_number() over series as vintage,
        lag(f.value) over series as previous_value,
        first_value(f.value) over series as first_value
    from release.published_figure as f
    inner join release.published as r on f.release_id = r.release_id
    where f.value is not null
    window series as (
        partition by
            f.indicator, f.method_version, f.period, f.period_grain, f.geography, f.breakdown_type, f.breakdown
        order by f.release_id
    )
)

select
    s.indicator, s.method_version, s.period, s.period_grain, s.geography, s.breakdown_type, s.breakdown, s.release_id,
    s.business_date, s.published_at, s.status, s.vintage, s.value,
    s.value - s.previous_value as revision,
    s.value - s.first_value as revision_since_first
from stated as s;

comment on view mart.revision_triangle is 'A published value in each release that has it, and its revisions';
comment on column mart.revision_triangle.business_date is 'K, the knowledge day of the release';
comment on column mart.revision_triangle.vintage is '1: the first release with a value of this figure, 2: the next one…';
comment on column mart.revision_triangle.revision is 'value less that of the release before; null: there is none';
comment on column mart.revision_triangle.revision_since_first is 'value less that of the first release';

-- Measures as in the OECD's revisions analysis: from the first to the latest published value of each period.
create view mart.mean_revision as
with latest as (
    select distinct on (t.indicator, t.method_version, t.period, t.geography, t.breakdown_type, t.breakdown) t.*
    from mart.revision_triangle as t
    order by t.indicator, t.method_version, t.period, t.geography, t.breakdown_type, t.breakdown, t.release_id desc
)

select
    l.indicator, l.method_version, l.period_grain, l.geography, l.breakdown_type, l.breakdown,
    count(*) as periods,
    count(*) filter (where l.revision_since_first <> 0) as revised,
    round(avg(l.revision_since_first), 12) as mean_revision,
    round(avg(abs(l.revision_since_first)), 12) as mean_absolute_revision,
    round(sum(abs(l.revision_since_first)) / nullif(sum(abs(l.value)), 0), 12) as relative_mean_absolute_revision,
    max(abs(l.revision_since_first)) as largest_revision
from latest as l
where l.vintage > 1
group by l.indicator, l.method_version, l.period_grain, l.geography, l.breakdown_type, l.breakdown;

comment on view mart.mean_revision is 'Revisions of an indicator from the first to the latest release, over its periods of a grain';
comment on column mart.mean_revision.periods is 'Periods that stand in two releases or more';
comment on column mart.mean_revision.revised is 'Those whose value changed';
comment on column mart.mean_revision.relative_mean_absolute_revision is 'Sum of absolute revisions over that of absolute latest values';
