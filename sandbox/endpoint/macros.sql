-- Trino's functions that DuckDB has no equal for. The embedded engine creates them at start.
create macro t_fail(message) as cast(cast(message as integer) as varchar);
create macro t_substr(s, i) as case when i = 0 or i < -length(s) then '' else substr(s, i) end,
  (s, i, n) as case when i = 0 or i < -length(s) then '' else substr(s, i, greatest(n, 0)) end;
create macro t_length(x) as length(x);
create macro t_regexp_extract(s, p) as case when regexp_matches(s, p) then regexp_extract(s, p) end,
  (s, p, g) as case when regexp_matches(s, p) then regexp_extract(s, p, g) end;
create macro t_url_decode(u) as case when regexp_matches(u, '%([^0-9A-Fa-f]|.[^0-9A-Fa-f]|.?$)')
  then t_fail('INVALID_FUNCTION_ARGUMENT: URLDecoder: Illegal hex characters in escape (%) pattern: ' || u)
  else url_decode(replace(u, '+', ' ')) end;
create macro t_url_encode(u) as replace(replace(replace(url_encode(u), '%20', '+'), '%2A', '*'), '~', '%7E');
create macro t_url_extract_protocol(u) as nullif(regexp_extract(u, '^([a-zA-Z][a-zA-Z0-9+.-]*):', 1), '');
create macro t_url_extract_host(u) as nullif(regexp_extract(u, '^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]*)', 1), '');
create macro t_url_extract_path(u) as regexp_extract(u, '^(?:[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*)?([^?#]*)', 1);
create macro t_url_extract_query(u) as nullif(regexp_extract(u, '\?([^#]*)', 1), '');
create macro t_url_extract_parameter(u, n) as
  list_extract(list_filter(split(coalesce(regexp_extract(u, '\?([^#]*)', 1), ''), '&'), lambda p: starts_with(p, n || '=')), 1)[length(n) + 2:];
create macro t_json_extract(j, p) as try(json_extract(j, p));
create macro t_json_scalar(j, p) as case when try(json_type(j, p)) not in ('OBJECT', 'ARRAY') then json_extract_string(j, p) end;
create macro t_json_array_length(j) as case when try(json_type(j)) = 'ARRAY' then cast(json_array_length(j) as bigint) end;
create macro t_json_size(j, p) as case when try(json_type(j, p)) is not null then
  case json_type(j, p) when 'ARRAY' then json_array_length(j, p) when 'OBJECT' then len(json_keys(j, p)) else 0 end end;
create macro t_ceil(x) as cast(ceil(x) as double);
create macro t_ceiling(x) as cast(ceil(x) as double);
create macro t_floor(x) as cast(floor(x) as double);
create macro t_fdiv(a, b) as case when a is null or b is null then null when b <> 0 then a / b
  when a > 0 then 'infinity'::double when a < 0 then '-infinity'::double else 'nan'::double end;
create macro t_from_iso8601_timestamp(s) as case
  when regexp_full_match(s, '\d{4}(-\d{2}(-\d{2}(T\d{2}(:\d{2}(:\d{2}([.,]\d{1,9})?)?)?(Z|[+-]\d{2}(:?\d{2})?)?)?)?)?')
  then date_trunc('millisecond', cast(case length(s) when 4 then s || '-01-01' when 7 then s || '-01'
    when 13 then s || ':00' else replace(s, ',', '.') end as timestamptz))
  when s is not null then cast(t_fail('INVALID_FUNCTION_ARGUMENT: Invalid format: "' || s || '"') as timestamptz) end;
create macro t_at_utc(t, z) as case when upper(z) in ('UTC', 'Z', 'GMT', '+00:00') then cast(t as timestamptz)
  else error('NOT_SUPPORTED: the sandbox''s embedded engine knows the time zone UTC only, not ' || z) end;
create macro t_timestamp_text(t) as strftime(t, '%Y-%m-%d %H:%M:%S.%g');
create macro t_is_int(s) as regexp_full_match(s, '[+-]?[0-9]+');
create macro t_is_date(s) as regexp_full_match(s, '\s*\d{4}-\d{1,2}-\d{1,2}\s*');
create macro t_is_time(s) as regexp_full_match(s, '\s*\d{4}-\d{1,2}-\d{1,2}( \d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?)?( ?[A-Za-z][A-Za-z_/+-]*| ?[+-]\d{2}:\d{2})?\s*');
create macro t_int(s) as case when s is null or t_is_int(s) then s else t_fail('INVALID_CAST_ARGUMENT: Cannot cast ''' || s || ''' to BIGINT') end;
create macro t_date(s) as case when s is null or t_is_date(s) then s else t_fail('INVALID_CAST_ARGUMENT: Value cannot be cast to date: ' || s) end;
create macro t_time(s) as case when s is null or t_is_time(s) then s else t_fail('INVALID_CAST_ARGUMENT: Value cannot be cast to timestamp: ' || s) end;
create macro t_try_int(s) as case when t_is_int(s) then s end;
create macro t_try_date(s) as case when t_is_date(s) then s end;
create macro t_try_time(s) as case when t_is_time(s) then s end;
create macro t_contains(a, x) as case when list_contains(a, x) then true when len(list_filter(a, lambda v: v is null)) > 0 then null
  else list_contains(a, x) end;
create macro t_array_distinct(a) as list_filter(a, lambda x, i:
  i = list_position(a, x) or (x is null and i = list_position(list_transform(a, lambda v: v is null), true)));
create macro t_array_join(a, d) as array_to_string(list_filter(list_transform(a, lambda v: cast(v as varchar)), lambda v: v is not null), d),
  (a, d, n) as array_to_string(list_transform(a, lambda v: coalesce(cast(v as varchar), n)), d);
create macro t_array_max(a) as case when len(list_filter(a, lambda v: v is null)) = 0 then list_max(a) end;
create macro t_array_min(a) as case when len(list_filter(a, lambda v: v is null)) = 0 then list_min(a) end;
create macro t_slice(a, s, n) as list_slice(a, case when s > 0 then s when s < 0 then len(a) + s + 1
  else cast('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1' as integer) end, case when s > 0 then s + n - 1 else len(a) + s + n end);
create macro t_any(a) as case when list_contains(a, true) then true when len(list_filter(a, lambda v: v is null)) > 0 then null
  when a is not null then false end;
create macro t_all(a) as case when list_contains(a, false) then false when len(list_filter(a, lambda v: v is null)) > 0 then null
  when a is not null then true end;
create macro t_subscript(a, i) as a[case when i > len(a) then
  cast('INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: ' || i || ' > ' || len(a) as integer)
  when i < 1 then cast('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1' as integer) else i end];
create macro t_map_subscript(m, k) as map_extract(m, k)[case when m is null or k is null or map_contains(m, k) then 1
  else cast('INVALID_FUNCTION_ARGUMENT: Key not present in map: ' || cast(k as varchar) as integer) end];
create macro t_map_agg(k, v) as map_from_entries(list(row(k, v)) filter (where k is not null));
create macro t_typeof(x) as lower(typeof(x));
