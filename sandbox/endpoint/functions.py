"""The Trino functions the embedded engine knows, each with the DuckDB expression that means the same.

A function that is not in these tables does not exist here: a query that uses it fails as one that Athena does not have.
Columns: names (several share a row) · number of arguments · result type · DuckDB expression, `{0}` … being the arguments
and `{*}` all of them; left out where DuckDB has the function under the same name. A type of `=0` is that of the first
argument, `?` unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

_SCALAR = r"""
lower upper reverse       | 1   | =0      |
length                    | 1   | bigint  | t_length({0})
ltrim rtrim trim          | 1   | varchar | {f}({0}, ' ')
strpos                    | 2   | bigint  |
substr substring          | 2-3 | varchar | t_substr({*})
replace                   | 2   | varchar | replace({0}, {1}, '')
replace                   | 3   | varchar |
translate                 | 3   | varchar |
lpad rpad                 | 3   | varchar |
split                     | 2   | array(varchar) |
split_part                | 3   | varchar | list_extract(split({0}, {1}), {2})
concat                    | 2+  | =0      | ({||})
concat_ws                 | 2+  | varchar |
starts_with               | 2   | boolean |
chr                       | 1   | varchar |
codepoint                 | 1   | integer | unicode({0})
levenshtein_distance      | 2   | bigint  | levenshtein({*})
hamming_distance          | 2   | bigint  | hamming({*})
to_utf8                   | 1   | varbinary | encode({0})
from_utf8                 | 1   | varchar | decode({0})
url_decode                | 1   | varchar | t_url_decode({0})
url_encode                | 1   | varchar | t_url_encode({0})
url_extract_protocol url_extract_host url_extract_path url_extract_query | 1 | varchar | t_{f}({0})
url_extract_parameter     | 2   | varchar | t_url_extract_parameter({*})
regexp_like               | 2   | boolean | regexp_matches({*})
regexp_extract            | 2-3 | varchar | t_regexp_extract({*})
regexp_extract_all        | 2-3 | array(varchar) |
regexp_replace            | 2   | varchar | regexp_replace({0}, {1}, '', 'g')
regexp_replace            | 3   | varchar | regexp_replace({*}, 'g')
regexp_split              | 2   | array(varchar) | regexp_split_to_array({*})
regexp_count              | 2   | bigint  | len(regexp_extract_all({*}))
md5 sha1 sha256           | 1   | varbinary | unhex({f}({0}))
to_hex                    | 1   | varchar | hex({0})
from_hex                  | 1   | varbinary | unhex({0})
to_base64                 | 1   | varchar | base64({0})
from_base64               | 1   | varbinary |
json_extract_scalar       | 2   | varchar | t_json_scalar({*})
json_extract              | 2   | json    | t_json_extract({*})
json_parse                | 1   | json    | json({0})
json_format               | 1   | varchar | cast({0} as varchar)
json_array_length         | 1   | bigint  | t_json_array_length({0})
json_size                 | 2   | bigint  | t_json_size({*})
abs                       | 1   | =0      |
ceil ceiling floor        | 1   | =0      | t_{f}({0})
round                     | 1-2 | =0      |
truncate                  | 1   | =0      | trunc({0})
mod                       | 2   | =0      | ({0} % {1})
sign                      | 1   | =0      |
sqrt cbrt exp ln log2 log10 degrees radians sin cos tan asin acos atan | 1 | double |
log                       | 2   | double  |
atan2                     | 2   | double  |
power pow                 | 2   | double  |
pi                        | 0   | double  |
e                         | 0   | double  | exp(1)
nan                       | 0   | double  | cast('nan' as double)
infinity                  | 0   | double  | cast('infinity' as double)
is_nan                    | 1   | boolean | isnan({0})
is_finite                 | 1   | boolean | isfinite({0})
random rand               | 0   | double  | random()
bitwise_and               | 2   | bigint  | ({0} & {1})
bitwise_or                | 2   | bigint  | ({0} | {1})
bitwise_xor               | 2   | bigint  | xor({*})
coalesce                  | 2+  | =0      |
nullif                    | 2   | =0      |
greatest least            | 2+  | =0      | case when {any_null} then null else {f}({*}) end
try                       | 1   | =0      |
typeof                    | 1   | varchar | t_typeof({0})
now                       | 0   | timestamp with time zone |
date                      | 1   | date    | cast({0} as date)
from_unixtime             | 1   | timestamp with time zone | to_timestamp({0})
to_unixtime               | 1   | double  | epoch({0})
to_milliseconds           | 1   | bigint  | epoch_ms({0})
from_iso8601_timestamp    | 1   | timestamp with time zone | t_from_iso8601_timestamp({0})
from_iso8601_date         | 1   | date    | cast({0} as date)
with_timezone at_timezone | 2   | timestamp with time zone | t_at_utc({*})
last_day_of_month         | 1   | date    | last_day({0})
year month quarter day hour minute | 1 | bigint |
second                    | 1   | bigint  | cast(second({0}) as bigint)
millisecond               | 1   | bigint  | (millisecond({0}) % 1000)
day_of_month              | 1   | bigint  | day({0})
day_of_week dow           | 1   | bigint  | isodow({0})
day_of_year doy           | 1   | bigint  | dayofyear({0})
week week_of_year         | 1   | bigint  | week({0})
year_of_week yow          | 1   | bigint  | isoyear({0})
date_diff                 | 3   | bigint  | date_sub({0}, {1}, {2})
cardinality               | 1   | bigint  | cardinality({0})
contains                  | 2   | boolean | t_contains({*})
array_position            | 2   | bigint  | coalesce(list_position({*}), 0)
array_distinct            | 1   | =0      | t_array_distinct({0})
array_sort                | 1   | =0      | list_sort({0}, 'ASC', 'NULLS LAST')
array_join                | 2   | varchar | t_array_join({*})
array_join                | 3   | varchar | t_array_join(list_transform({0}, lambda x: coalesce(cast(x as varchar), {2})), {1})
array_max                 | 1   | ?       | t_array_max({0})
array_min                 | 1   | ?       | t_array_min({0})
array_remove              | 2   | =0      | list_filter({0}, lambda x: x <> {1})
arrays_overlap            | 2   | boolean | list_has_any({*})
flatten                   | 1   | ?       |
slice                     | 3   | =0      | t_slice({*})
repeat                    | 2   | ?       | list_transform(range({1}), lambda x: {0})
filter                    | 2   | =0      | list_filter({*})
transform                 | 2   | ?       | list_transform({*})
any_match                 | 2   | boolean | t_any(list_transform({*}))
all_match                 | 2   | boolean | t_all(list_transform({*}))
none_match                | 2   | boolean | not t_any(list_transform({*}))
map                       | 0   | ?       | map()
map                       | 2   | ?       | map({*})
map_keys map_values map_entries map_from_entries | 1 | ? |
map_concat                | 2+  | =0      |
row                       | 1+  | ?       |
grouping                  | 1+  | bigint  |
"""

_AGGREGATE = """
count                     | 0-1 | bigint  |
count_if                  | 1   | bigint  |
sum                       | 1   | =sum    |
avg                       | 1   | =avg    |
min max                   | 1   | =0      |
min max                   | 2   | ?       |
bool_and bool_or          | 1   | boolean |
every                     | 1   | boolean | bool_and
arbitrary any_value       | 1   | =0      | any_value
array_agg                 | 1   | =array  | list
approx_distinct           | 1   | bigint  | count
approx_percentile         | 2   | =0      | quantile_disc
max_by                    | 2   | =0      | arg_max_null
min_by                    | 2   | =0      | arg_min_null
stddev stddev_samp stddev_pop variance var_samp var_pop kurtosis skewness | 1 | double |
corr covar_samp covar_pop regr_slope regr_intercept | 2 | double |
bitwise_and_agg           | 1   | bigint  | bit_and
bitwise_or_agg            | 1   | bigint  | bit_or
histogram                 | 1   | ?       |
map_agg                   | 2   | ?       | t_map_agg
"""

_WINDOW = """
row_number rank dense_rank | 0  | bigint  |
percent_rank cume_dist    | 0   | double  |
ntile                     | 1   | bigint  |
lag lead                  | 1-3 | =0      |
first_value last_value    | 1   | =0      |
nth_value                 | 2   | =0      |
"""

MACROS = r"""
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
create macro t_fdiv(a, b) as case when b <> 0 then a / b when a > 0 then 'infinity'::double when a < 0 then '-infinity'::double
  when a is null or b is null then null else 'nan'::double end;
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
create macro t_array_join(a, d) as array_to_string(list_filter(list_transform(a, lambda v: cast(v as varchar)), lambda v: v is not null), d);
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
"""


@dataclass(frozen=True)
class Function:
    """What a Trino function takes and gives, and how DuckDB says it."""

    least: int
    most: int
    type: str
    template: str
    aggregate: bool = False
    window: bool = False


def _table(text: str, aggregate: bool = False, window: bool = False) -> dict[str, list[Function]]:
    found: dict[str, list[Function]] = {}
    for line in text.strip().splitlines():
        names, arity, returns, template = (part.strip() for part in line.split(" | ", 3)) if line.count(" | ") > 2 else (
            part.strip() for part in [*line.rstrip("| ").split(" | "), ""])
        low, _, high = arity.replace("+", "-99").partition("-")
        for name in names.split():
            default = name if aggregate or window else name + "({*})"
            made = Function(int(low), int(high or low), returns, template.replace("{f}", name) or default, aggregate, window)
            found.setdefault(name, []).append(made)
    return found


FUNCTIONS: dict[str, list[Function]] = {
    **_table(_SCALAR),
    **_table(_AGGREGATE, aggregate=True),
    **_table(_WINDOW, window=True),
}
