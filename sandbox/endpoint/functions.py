"""The Trino functions the embedded engine knows, each with the DuckDB expression that means the
same.

A function that is not in these tables does not exist here: a query that uses it fails as one that
Athena does not have.
Columns: names (several share a row) · number of arguments · result type · DuckDB expression,
`{0}` … being the arguments
and `{*}` all of them; left out where DuckDB has the function under the same name. A type of `=0`
is that of the first
argument, `?` unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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
array_join                | 3   | varchar | t_array_join({*})
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

MACROS = (Path(__file__).parent / "macros.sql").read_text()


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
        names, arity, returns, template = (
            (part.strip() for part in line.split(" | ", 3))
            if line.count(" | ") > 2
            else (part.strip() for part in [*line.rstrip("| ").split(" | "), ""])
        )
        low, _, high = arity.replace("+", "-99").partition("-")
        for name in names.split():
            default = name if aggregate or window else name + "({*})"
            made = Function(
                int(low),
                int(high or low),
                returns,
                template.replace("{f}", name) or default,
                aggregate,
                window,
            )
            found.setdefault(name, []).append(made)
    return found


FUNCTIONS: dict[str, list[Function]] = {
    **_table(_SCALAR),
    **_table(_AGGREGATE, aggregate=True),
    **_table(_WINDOW, window=True),
}
