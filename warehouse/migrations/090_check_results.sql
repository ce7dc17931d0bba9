-- A check that could not be made is ours; a judgement from history says what it held the delivery against.
alter table ledger.check_result
    add column error text,
    add column judged boolean not null default true,
    add column observed numeric,
    add column lower numeric,
    add column upper numeric,
    add column detail text,
    add constraint check_result_error_is_no_finding check (error is null or not judged);

comment on column ledger.check_result.error is 'Type of the exception that ended the check: our error, not a finding about the delivery';
comment on column ledger.check_result.judged is 'false: nothing was said of the delivery (an error, or too little to compare with)';
comment on column ledger.check_result.observed is 'What was measured, of a rule that compares with history';
comment on column ledger.check_result.lower is 'Lowest usual value, learned from accepted deliveries';
comment on column ledger.check_result.upper is 'Highest usual value, learned from accepted deliveries';
comment on column ledger.check_result.detail is 'Which measure of the column observed, lower and upper are: the one farthest out; never a cell';
