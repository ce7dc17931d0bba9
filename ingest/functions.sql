-- What the predicates of the source specs and the generated row rules may use. Every function is NULL for NULL, never raises,
-- whatever the text, and holds in PostgreSQL 15. Installed by ingest/ddl.py, re-runnable.

-- A real calendar date written YYYY-MM-DD, the form that reading gives to every real date.
create or replace function raw.is_date(value text) returns boolean language sql immutable parallel safe as $$
    select case
        when value is null then null
        -- a pattern would take three times as long, and every row has dates
        when
            translate(value, '123456789', '000000000') <> '0000-00-00' or value < '0001'
            or substr(value, 6, 2) not between '01' and '12' then false
        else substr(value, 9, 2) between '01' and case substr(value, 6, 2)
            when '04' then '30' when '06' then '30' when '09' then '30' when '11' then '30'
            when '02' then case
                when substr(value, 1, 4)::integer % 4 = 0
                     and (substr(value, 1, 4)::integer % 100 <> 0 or substr(value, 1, 4)::integer % 400 = 0) then '29'
                else '28' end
            else '31' end
    end
$$;

-- The date, NULL when the text is none.
create or replace function raw.as_date(value text) returns date language sql immutable parallel safe as $$
    select case when raw.is_date(value) then
        make_date(substr(value, 1, 4)::integer, substr(value, 6, 2)::integer, substr(value, 9, 2)::integer) end
$$;

-- At most `precision` digits, at most `scale` of them behind the point; a sign is allowed, an exponent is not.
create or replace function raw.is_decimal(value text, "precision" integer, scale integer)
returns boolean language sql immutable parallel safe as $$
    select value ~ '^[+-]?[0-9]+([.][0-9]+)?$'
           and length(ltrim(split_part(ltrim(value, '+-'), '.', 1), '0')) <= "precision" - scale
           and length(split_part(value, '.', 2)) <= scale
$$;

create or replace function raw.is_integer(value text) returns boolean language sql immutable parallel safe as $$
    select case
        when value !~ '^[+-]?[0-9]+$' then false
        when length(value) <= 9 then true
        when length(value) > 80 then false
        else value::numeric between -2147483648 and 2147483647 -- what the warehouse's columns hold
    end
$$;

-- The number, NULL when the text is none (80 characters are more than any column allows and spare a careless sender's megabyte).
create or replace function raw.as_decimal(value text) returns numeric language sql immutable parallel safe as $$
    select case when length(value) <= 80 and value ~ '^[+-]?[0-9]+([.][0-9]+)?$' then value::numeric end
$$;

-- An amount of money: a blank is 0 (ruling 12), a text that is no number is NULL.
create or replace function raw.amount(value text) returns numeric language sql immutable parallel safe as $$
    select case when value is null then 0 else raw.as_decimal(value) end
$$;

-- One step of ISO 7064 MOD 11,10: p is the state before, d the digit.
create or replace function raw.regno_step(p integer, d integer) returns integer language sql immutable parallel safe as $$
    select (2 * ((p + d + 9) % 10 + 1)) % 11
$$;

-- GS15-2006 numbers have 15 digits, older ones 13; a cooperative's contains NA.
create or replace function raw.regno_shape(value text) returns boolean language sql immutable parallel safe as $$
    select (length(value) in (13, 15) and value ~ '^[0-9]+$') or strpos(value, 'NA') > 0
$$;

-- The check digit of a 15-digit number; every other text has none and is not judged.
create or replace function raw.regno_ok(value text) returns boolean language sql immutable parallel safe as $$
    select case
        when value is null then null
        when length(value) <> 15 or value !~ '^[0-9]+$' then true
        else (11 - raw.regno_step(raw.regno_step(raw.regno_step(raw.regno_step(raw.regno_step(raw.regno_step(raw.regno_step(raw.regno_step(raw.regno_step(raw.regno_step(raw.regno_step(raw.regno_step(raw.regno_step(raw.regno_step(10, substr(value, 1, 1)::integer), substr(value, 2, 1)::integer), substr(value, 3, 1)::integer), substr(value, 4, 1)::integer), substr(value, 5, 1)::integer), substr(value, 6, 1)::integer), substr(value, 7, 1)::integer), substr(value, 8, 1)::integer), substr(value, 9, 1)::integer), substr(value, 10, 1)::integer), substr(value, 11, 1)::integer), substr(value, 12, 1)::integer), substr(value, 13, 1)::integer), substr(value, 14, 1)::integer)) % 10
             = substr(value, 15, 1)::integer
    end
$$;

-- GB 32100-2015: 18 characters, the last one a check character modulo 31.
create or replace function raw.uscc_ok(value text) returns boolean language sql immutable parallel safe as $$
    select case
        when value is null then null
        when length(value) <> 18 or value !~ '^[0-9]+[0-9A-HJ-NPQRTUWXY]*$'
             or substr(value, 1, 8) !~ '^[0-9]+$' then false
        else substr('0123456789ABCDEFGHJKLMNPQRTUWXY', (31 - (
               1 * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(value, 1, 1)) - 1) + 3 * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(value, 2, 1)) - 1) + 9 * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(value, 3, 1)) - 1) +
               27 * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(value, 4, 1)) - 1) + 19 * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(value, 5, 1)) - 1) + 26 * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(value, 6, 1)) - 1) +
               16 * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(value, 7, 1)) - 1) + 17 * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(value, 8, 1)) - 1) + 20 * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(value, 9, 1)) - 1) +
               29 * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(value, 10, 1)) - 1) + 25 * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(value, 11, 1)) - 1) + 13 * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(value, 12, 1)) - 1) +
               8 * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(value, 13, 1)) - 1) + 24 * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(value, 14, 1)) - 1) + 10 * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(value, 15, 1)) - 1) +
               30 * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(value, 16, 1)) - 1) + 28 * (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(value, 17, 1)) - 1)
             ) % 31) % 31 + 1, 1) = substr(value, 18, 1)
    end
$$;
