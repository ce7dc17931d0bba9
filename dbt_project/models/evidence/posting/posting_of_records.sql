{{ config(materialized='append_only', into='posting', pre_hook='{{ bulk_work() }}') }}

-- Everything else: loans, training, the survey, the population.
{{ gathered([
    'evi_loan__event',
    'evi_loan__due',
    'evi_training__class',
    'evi_training__venture',
    'evi_survey__satisfaction',
    'evi_survey__answered',
    'evi_survey__activity',
    'evi_population__count',
]) }}
