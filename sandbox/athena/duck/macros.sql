-- Trino's functions that DuckDB has no equal for. The embedded engine creates them at start.
-- A macro writes its argument out wherever it names it. One that does so often takes it through a lambda, once: nested
-- calls would be larger by that factor at each level, and take seconds to plan.
create macro t_fail(message) as cast(cast(message as integer) as varchar);
create macro t_refuse(what) as t_fail('NOT_SUPPORTED: the sandbox''s embedded engine refuses ' || what || ': it could not be sure to answer as Athena does');
create macro t_now() as date_trunc('millisecond', now());
-- numbers: there are no NaN and no infinities here, so that comparisons are those of Trino
create macro t_divided(a, b) as case when b = 0 and a is not null then cast(t_refuse('a double divided by zero' || left(cast(b as varchar), 0)) as double) else a / b end;
create macro t_remainder(a, b) as case when b = 0 and a is not null then cast(t_refuse('a double divided by zero' || left(cast(b as varchar), 0)) as double) else a % b end;
create macro t_finite(x) as list_transform([x], lambda sandbox__v: case when isfinite(sandbox__v) then sandbox__v
  when sandbox__v is not null then cast(t_refuse('the number ' || cast(sandbox__v as varchar)) as double) end)[1];
create macro t_rounded(x, n) as t_round_decimal(cast(x as varchar), n);
-- text
create macro t_blanks() as chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(28) || chr(29) || chr(30) || chr(31) || ' ' || chr(5760)
  || chr(8192) || chr(8193) || chr(8194) || chr(8195) || chr(8196) || chr(8197) || chr(8198) || chr(8200) || chr(8201) || chr(8202)
  || chr(8232) || chr(8233) || chr(8287) || chr(12288);
-- letters whose other case is younger than one of the two engines, or is two letters
create macro t_old(s, more) as case when regexp_matches(s, '[\x{1c89}\x{1c8a}\x{a7cb}-\x{a7dc}\x{10d50}-\x{10d85}' || more || ']') then t_refuse('the other case of a letter in ' || s) else s end;
create macro t_substr(s, i) as case when s is null then null when i = 0 or i > length(s) or i < -length(s) then '' else substr(s, i) end,
  (s, i, n) as case when s is null or n is null then null when i = 0 or i > length(s) or i < -length(s) then ''
  else substr(s, i, greatest(least(n, 2147483647), 0)) end;
create macro t_replace(s, a, b) as case when a = '' then t_refuse('to replace empty text') else replace(s, a, b) end;
create macro t_split(s, d) as case when s is not null and d is not null then split(s, case when d = '' then t_fail('INVALID_FUNCTION_ARGUMENT: The delimiter may not be the empty string' || d) else d end) end;
create macro t_split_part(s, d, i) as list_extract(split(s, case when d = '' then t_refuse('to split at nothing' || d) else d end), case when s is null or d is null then null when i < 1 then
  cast('INVALID_FUNCTION_ARGUMENT: Index must be greater than zero: ' || i as bigint) else i end);
create macro t_chr(i) as case when i between 0 and 55295 or i between 57344 and 1114111 then chr(cast(i as integer))
  when i is not null then t_fail('INVALID_FUNCTION_ARGUMENT: Not a valid Unicode code point: ' || i) end;
create macro t_url_decode(u) as list_transform([u], lambda sandbox__v: t_url_decoded(sandbox__v))[1];
create macro t_url_decoded(u) as case when regexp_matches(u, '%([^0-9A-Fa-f]|.[^0-9A-Fa-f]|.?$)')
  then t_fail('INVALID_FUNCTION_ARGUMENT: URLDecoder: Illegal hex characters in escape (%) pattern: ' || u)
  when regexp_matches(u, '%[89A-Fa-f]') then t_unquote(u) else url_decode(replace(u, '+', ' ')) end;
create macro t_no_last_newline(s) as case when ends_with(s, chr(10)) then t_refuse('$ in a regular expression over text that ends in a line feed') else s end;
-- Athena gives a number as it is written, DuckDB one of its spellings: they are the same for plain decimals only. Of a
-- name that the document holds once, the text is taken.
create macro t_json_named(j, name) as case when name <> '' and len(regexp_extract_all(j, '"' || name || '"\s*:')) = 1
  then regexp_extract(j, '"' || name || '"\s*:\s*(-?[0-9][0-9.eE+-]*)', 1) else t_refuse('numbers as in ' || j) end;
create macro t_json_number(j, p) as t_json_named(j, regexp_extract(p, '^\$\."?([A-Za-z0-9_-]+)"?$', 1));
create macro t_json_cell(j, p) as case when json_extract_string(j, p) = '0' and contains(j, '-0') then t_refuse('the number -0 in JSON')
  when json_type(j, p) in ('VARCHAR', 'BOOLEAN', 'BIGINT', 'UBIGINT') then json_extract_string(j, p)
  when json_type(j, p) in ('DOUBLE', 'HUGEINT', 'UHUGEINT')
    and regexp_matches(j, '(^|[:,\[])\s*-?([0-9.]+[eE]|[0-9]+\.[0-9]+0([^0-9]|$)|[0-9.]{17})') then t_json_number(j, p)
  when json_type(j, p) = 'DOUBLE' then case when contains(json_extract_string(j, p), 'e') then t_json_number(j, p)
    else json_extract_string(j, p) end end;
create macro t_json_scalar(j, p) as list_transform([j], lambda sandbox__v: t_json_one(sandbox__v, p))[1];
create macro t_json_one(j, p) as t_json_cell(case when j is null or (json_valid(j)
  and not regexp_matches(j, '(?i)(^|[:,\[])\s*-?(nan|inf(inity)?)\s*($|[],}])')) then j
  -- the first token fails, or is a value without members: NULL. Of a broken document Trino may have read enough.
  when p <> '$' and not regexp_matches(j, '^[ \t\r\n]*[\[{]') then null else t_refuse('text that is not JSON') end, p);
create macro t_one_page(s) as case when strlen(s) > 1048576 then t_fail('INVALID_FUNCTION_ARGUMENT: Concatenated string is too large' || left(s, 0)) else s end;
create macro t_concat_ws(d, a) as case when len(a) > 254 then t_fail('NOT_SUPPORTED: Too many arguments for string concatenation' || left(d, 0))
  when d is null or a is null then null when len(list_filter(a, lambda sandbox__v: sandbox__v is not null)) = 0 then ''
  else list_reduce(list_filter(a, lambda sandbox__v: sandbox__v is not null), lambda sandbox__x, sandbox__v: sandbox__x || d || sandbox__v) end;
-- casts of text: a text that certainly fits goes on, one that certainly does not fails (or is NULL), the rest is refused
create macro t_guard(s, safe, kind, fits, may) as list_transform([s], lambda sandbox__v: t_guarded(sandbox__v, safe, kind, fits, may))[1];
create macro t_guarded(s, safe, kind, fits, may) as case when regexp_full_match(s, fits) then s
  when regexp_full_match(s, may) then t_refuse('to read ' || s || ' as ' || kind)
  when safe = '' then t_fail('INVALID_CAST_ARGUMENT: Cannot cast ''' || s || ''' to ' || upper(kind)) end;
create macro t_guard_int(s, safe, kind) as t_guard(s, safe, kind, '[+-]?[0-9]+', '[+-]?\pN+|\s*[+-]?[0-9]+\s*');
create macro t_guard_double(s, safe, kind) as t_guard(s, safe, kind, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?',
  '\s*[+-]?(NaN|Infinity|0[xX].*|[0-9.]+([eE][+-]?[0-9]+)?[dDfF]?)\s*');
create macro t_guard_decimal(s, safe, kind) as t_guard(s, safe, kind, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)', '[+-]?[\pN.]+([eE].*)?');
create macro t_guard_boolean(s, safe, kind) as case when lower(s) = 't' then 'true' when lower(s) = 'f' then 'false'
  else t_guard(s, safe, kind, '(?i)true|false|1|0', '') end;
create macro t_guard_word(s, safe, kind) as t_guard(s, safe, kind, '(?i)true|false', '(?i)\s*(true|false)\s*');
create macro t_guard_date(s, safe, kind) as t_guard(s, safe, kind, '[1-9]\d{3}-\d\d-\d\d', '\s*[+-]?\d+-\d+-\d+\s*');
create macro t_guard_time(s, safe, kind) as t_guard(s, safe, kind, '[1-9]\d{3}-\d\d-\d\d( ([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?)?', '\s*[+-]?\d{4,}-\d{1,2}-\d{1,2}(\s.*)?');
create macro t_fitting(s, n) as case when length(rtrim(s, ' ')) > n then t_fail('INVALID_CAST_ARGUMENT: Cannot truncate non-space characters when casting to varchar(' || n || ') on INSERT')
  else left(s, n) end;
-- Hive takes the 30th of February for the second of March
create macro t_no_day(s) as case when regexp_full_match(s, '\d{4}-\d\d-\d\d') then t_refuse('to read ' || s || ' as date') end;
-- JSON of a table's objects
create macro t_no_json_value(s) as case when s is not null then t_refuse('JSON that does not fit a column of its table: ' || s) end;
create macro t_json_value(j, fits) as case when j is null or json_type(j) = 'NULL' then null when regexp_full_match(json_type(j), fits) then json_extract_string(j, '$')
  else t_no_json_value(cast(j as varchar)) end;
-- times: milliseconds, and no zone but UTC
create macro t_timestamp_text(t) as strftime(t, '%Y-%m-%d %H:%M:%S.%g');
create macro t_from_iso8601_timestamp(s) as list_transform([s], lambda sandbox__v: t_from_iso8601(sandbox__v))[1];
create macro t_from_iso8601(s) as case
  when regexp_full_match(s, '[1-9]\d{3}-\d\d-\d\d(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3}0{0,3})?)?(Z|[+-]00:?00)?)?') then
    coalesce(try_cast(s as timestamptz), cast(t_fail('INVALID_FUNCTION_ARGUMENT: Cannot parse "' || s || '"') as timestamptz))
  when regexp_full_match(s, '\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3}0{0,3})?)?Z') then
    cast(t_fail('INVALID_FUNCTION_ARGUMENT: Cannot parse "' || s || '"') as timestamptz)
  when regexp_full_match(s, '[+-]?[0-9][0-9W.,:+-]*([Tt][0-9.,:]*([zZ]|[+-][0-9:]+)?)?') then cast(t_refuse('the time ' || s || ' (UTC to milliseconds only)') as timestamptz)
  when s is not null then cast(t_fail('INVALID_FUNCTION_ARGUMENT: Invalid format: "' || s || '"') as timestamptz) end;
create macro t_from_unix(s, zone) as make_timestamp(t_from_unixtime(cast(s as double), zone)) at time zone 'UTC';
create macro t_date_parse(s, format, fits, may, safe) as list_transform([s], lambda sandbox__v: t_date_parsed(sandbox__v, format, fits, may, safe))[1];
create macro t_date_parsed(s, format, fits, may, safe) as case when regexp_full_match(s, fits) then
    coalesce(try_strptime(s, format), case when not safe then cast(t_fail('INVALID_FUNCTION_ARGUMENT: Cannot parse "' || s || '"') as timestamp) end)
  when regexp_full_match(s, may) then cast(t_refuse('to read the time ' || s) as timestamp)
  when not safe then cast(t_fail('INVALID_FUNCTION_ARGUMENT: Invalid format: "' || s || '"') as timestamp) end;
-- arrays and maps (a query's own names must not be those of a lambda here: see OWN)
create macro t_element_at(a, i) as a[case when a is null then null when i not between -2147483647 and 2147483647 then
  cast(t_refuse('the element ' || i) as bigint) when i = 0 then cast('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1: ' || i as bigint) else i end];
create macro t_contains(a, x) as case when x is null then null when list_contains(a, x) then true when len(list_filter(a, lambda sandbox__v: sandbox__v is null)) > 0 then null
  else list_contains(a, x) end;
create macro t_array_position(a, x) as case when a is not null and x is not null then cast(coalesce(list_position(a, x), 0) as bigint) end;
create macro t_array_distinct(a) as list_filter(a, lambda sandbox__x, sandbox__i:
  sandbox__i = list_position(a, sandbox__x) or (sandbox__x is null and sandbox__i = list_position(list_transform(a, lambda sandbox__v: sandbox__v is null), true)));
create macro t_array_join(a, d) as case when d is not null then array_to_string(list_filter(list_transform(a, lambda sandbox__v: cast(sandbox__v as varchar)), lambda sandbox__v: sandbox__v is not null), d) end,
  (a, d, n) as case when d is not null and n is not null then array_to_string(list_transform(a, lambda sandbox__v: coalesce(cast(sandbox__v as varchar), n)), d) end;
create macro t_array_max(a) as case when len(list_filter(a, lambda sandbox__v: sandbox__v is null)) = 0 then list_max(a) end;
create macro t_array_min(a) as case when len(list_filter(a, lambda sandbox__v: sandbox__v is null)) = 0 then list_min(a) end;
create macro t_slice(a, s, n) as list_slice(a, case when a is null or s is null or n is null then null when s > 0 then s when s < -len(a) then 1
  when s < 0 then len(a) + s + 1 else cast('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1: ' || s as integer) end,
  case when a is null or s is null or n is null then null
  when n < 0 then cast('INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0: ' || n as integer)
  when s < -len(a) or s > len(a) then 0
  -- Trino adds the two in a long, which begins again at the other end
  when n > 9223372036854775807 - case when s > 0 then s else len(a) + s + 1 end then 0 when s > 0 then s + least(n, len(a)) - 1 else len(a) + s + least(n, len(a)) end);
create macro t_any(a) as case when list_contains(a, true) then true when len(list_filter(a, lambda sandbox__v: sandbox__v is null)) > 0 then null
  when a is not null then false end;
create macro t_all(a) as case when list_contains(a, false) then false when len(list_filter(a, lambda sandbox__v: sandbox__v is null)) > 0 then null
  when a is not null then true end;
create macro t_subscript(a, i) as a[case when a is null then null when i > len(a) then
  cast('INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: ' || i || ' > ' || len(a) as integer)
  when i = 0 then cast('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1: ' || i as integer)
  when i < 0 then cast('INVALID_FUNCTION_ARGUMENT: Array subscript is negative: ' || i as integer) else i end];
create macro t_map_subscript(m, k) as map_extract(m, k)[case when m is null or k is null or map_contains(m, k) then 1
  else cast('INVALID_FUNCTION_ARGUMENT: Key not present in map: ' || cast(k as varchar) as integer) end];
create macro t_few(n) as case when n < 10000 then n when n is not null then
  cast(t_fail('INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries') as bigint) end;
create macro t_sequence(a, b) as generate_series(a, case when a <= b then a + t_few(b - a) else a - t_few(a - b) end, case when a <= b then 1 else -1 end);
create macro t_date_sequence(a, b) as cast(generate_series(cast(a as timestamp),
  cast(case when a <= b then a + cast(t_few(date_diff('day', a, b)) as integer) else a - cast(t_few(date_diff('day', b, a)) as integer) end as timestamp), to_days(case when a <= b then 1 else -1 end)) as date[]);
create macro t_offset(i) as case when i >= 0 then i else cast('INVALID_FUNCTION_ARGUMENT: Offset must ' ||
  case when i is null then 'not be null' else 'be at least 0' end as bigint) end;
-- Trino keeps the values as doubles
create macro t_percentile(x, q) as list_sort(list(case when x between -9007199254740992 and 9007199254740992 then x
  else cast(t_refuse('approx_percentile of ' || x) as bigint) end) filter (where x is not null))[
  cast(least(floor(any_value(case when q between 0 and 1 or x is null then q else cast(t_fail('INVALID_FUNCTION_ARGUMENT: Percentile must be between 0 and 1') as double) end) * count(x)) + 1, count(x)) as bigint)];
