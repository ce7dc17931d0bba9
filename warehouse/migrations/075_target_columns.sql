-- Targets have a score and a baseline of their own; dbt fills a standing seed and does not alter it.
alter table if exists register.target
    add column if not exists base_score numeric,
    add column if not exists baseline_period text;
