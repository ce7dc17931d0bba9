-- The functions that open figures and rows are installed from warehouse/functions, anew whenever they change.

set local role bureau_owner;

drop function mart.trace_figure(text, text, text, text, text, bigint, bigint, boolean, integer);
drop function mart.trace_total(text, text, text, text, text, integer);
drop function mart.trace_row(bigint);
drop function ledger.put_aside(integer);
drop function evidence.counted_postings(text, text, text, text, text, text, integer);
drop function evidence.newest_build();
