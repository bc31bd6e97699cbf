"""The Trino functions that the embedded engine carries: signatures, and what each is in DuckDB.

A signature that is not in these tables is refused: with FUNCTION_NOT_FOUND if Trino has no function
of that name, else with NOT_SUPPORTED.

The columns of a row are: names (several share a row), types of the arguments, type of the result,
DuckDB expression. In the expression, `{0}` … are the arguments, `{*}` all of them, `{f}` the name
and `{gives}` the type of the result. It is left out if DuckDB has the function under the same name.

`T` and `V` are any type, `S` and `K` a type that has an order, `N` a number, `I` a whole number, `D`
a decimal (`rounded` and `whole` are what it becomes), `?` any argument. `moment` takes dates and
timestamps, `...` repeats the last argument, `T -> V` is a lambda. An argument is brought to the
type of the signature, as Trino does it. A result of `=2` is the type of argument 2. An expression
that begins with `!` refuses some values while it runs, and `try` must not hide that. FILTER and
OVER of an aggregate go to `{over}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sandbox.athena.types import INTEGERS, TIMES, TIMESTAMP, Type, common, rounded

_SCALAR = r"""
lower                     | varchar                   | varchar | lower(t_old({0}, ''))
upper                     | varchar                   | varchar | upper(t_old({0}, 'ßƛɤ'))
length                    | varchar                   | bigint  |
length                    | varbinary                 | bigint  | octet_length({0})
ltrim rtrim trim          | varchar                   | varchar | {f}({0}, t_blanks())
strpos                    | varchar, varchar          | bigint  |
substr substring          | varchar, bigint           | varchar | t_substr({*})
substr substring          | varchar, bigint, bigint   | varchar | t_substr({*})
replace                   | varchar, varchar          | varchar | t_replace({*}, '')
replace                   | varchar, varchar, varchar | varchar | t_replace({*})
split                     | varchar, varchar          | array(varchar) | t_split({*})
split_part                | varchar, varchar, bigint  | varchar | t_split_part({*})
concat                    | varchar, varchar...       | varchar | ({||})
concat_ws                 | varchar, varchar...       | varchar | t_one_page(concat_ws({*}))
concat_ws                 | varchar, array(varchar)   | varchar | t_one_page(t_concat_ws({*}))
format                    | varchar, ?...             | varchar | !t_format
starts_with               | varchar, varchar          | boolean |
chr                       | bigint                    | varchar | t_chr({0})
to_utf8                   | varchar                   | varbinary | encode({0})
md5 sha1 sha256           | varbinary                 | varbinary | unhex({f}({0}))
to_hex                    | varbinary                 | varchar | hex({0})
to_base64                 | varbinary                 | varchar | base64({0})
url_decode                | varchar                   | varchar | t_url_decode({0})
regexp_like               | varchar, varchar          | boolean |
regexp_extract            | varchar, varchar          | varchar |
regexp_extract            | varchar, varchar, bigint  | varchar |
regexp_replace            | varchar, varchar          | varchar |
regexp_replace            | varchar, varchar, varchar | varchar |
json_extract_scalar       | varchar, varchar          | varchar | !t_json_scalar({*})
abs                       | N                         | N       |
ceil ceiling floor round  | I                         | I       | {0}
ceil ceiling floor        | double                    | double  | {f}({0})
round                     | double                    | double  | case when {0} = 0 then 0e0 else round({0}) end
sqrt                      | double                    | double  | case when {0} < 0 then 'nan'::double else sqrt({0}) end
round                     | I, integer                | I       | cast(t_round_whole({*}) as {gives})
round                     | double, integer           | double  | t_round_double({*})
round                     | D                         | whole   | cast(t_rounded({0}, 0) as {gives})
round                     | D, integer                | rounded | !cast(t_rounded({*}) as {gives})
mod                       | I, I                      | I       | ({0} % {1})
now                       |                           | timestamp with time zone | t_now()
date                      | moment                    | date    | cast({0} as date)
date                      | varchar                   | date    | !cast(t_guard_date({0}, '', 'date') as date)
from_iso8601_timestamp    | varchar                   | timestamp with time zone | !t_from_iso8601_timestamp({0})
year month quarter day    | moment                    | bigint  |
hour minute               | moment                    | bigint  |
second                    | moment                    | bigint  | cast(second({0}) as bigint)
millisecond               | moment                    | bigint  | cast(millisecond({0}) % 1000 as bigint)
day_of_month              | moment                    | bigint  | day({0})
day_of_week dow           | moment                    | bigint  | isodow({0})
day_of_year doy           | moment                    | bigint  | dayofyear({0})
week week_of_year         | moment                    | bigint  | week({0})
last_day_of_month         | moment                    | date    | cast(last_day({0}) as date)
date_trunc                | varchar, date             | date    | cast(date_trunc({0}, {1}) as date)
date_trunc                | varchar, timestamp        | =1      |
date_trunc                | varchar, timestamp with time zone | =1 |
date_add                  | varchar, bigint, date     | date    | cast({2} + to_{unit}s({1}) as date)
date_add                  | varchar, bigint, timestamp | =2     | ({2} + to_{unit}s({1}))
date_add                  | varchar, bigint, timestamp with time zone | =2 | ({2} + to_{unit}s({1}))
date_diff                 | varchar, date, date       | bigint  | date_sub({*})
date_diff                 | varchar, timestamp, timestamp | bigint | date_sub({*})
date_diff                 | varchar, timestamp with time zone, timestamp with time zone | bigint | date_sub({*})
date_parse                | varchar, varchar          | timestamp | !strptime({*})
date_format               | moment, varchar           | varchar | strftime({*})
to_iso8601                | date                      | varchar | strftime({0}, '%Y-%m-%d')
to_iso8601                | timestamp                 | varchar |
to_iso8601                | timestamp with time zone  | varchar |
from_unixtime             | double                    | timestamp with time zone | !t_from_unix({0}, 'UTC')
from_unixtime             | D                         | timestamp with time zone | !t_from_unix({0}, 'UTC')
from_unixtime             | double, varchar           | timestamp with time zone | !t_from_unix({*})
from_unixtime             | D, varchar                | timestamp with time zone | !t_from_unix({*})
format_datetime           | timestamp, varchar        | varchar | !t_format_datetime(epoch_us({0}), {1}, false)
format_datetime           | timestamp with time zone, varchar | varchar | !t_format_datetime(epoch_us({0}), {1}, true)
cardinality               | array(T)                  | bigint  | len({0})
cardinality               | map(K, V)                 | bigint  | cast(cardinality({0}) as bigint)
element_at                | array(T), bigint          | T       | t_element_at({*})
element_at                | map(K, V), K              | V       | ({0})[{1}]
contains                  | array(S), S               | boolean | t_contains({*})
array_position            | array(S), S               | bigint  | t_array_position({*})
array_distinct            | array(S)                  | array(S) | t_array_distinct({0})
array_sort                | array(S)                  | array(S) | list_sort({0}, 'ASC', 'NULLS LAST')
array_join                | array(varchar), varchar   | varchar | t_array_join({*})
array_join                | array(bigint), varchar    | varchar | t_array_join({*})
array_join                | array(varchar), varchar, varchar | varchar | t_array_join({*})
array_max array_min       | array(S)                  | S       | t_{f}({0})
flatten                   | array(array(T))           | array(T) |
slice                     | array(T), bigint, bigint  | array(T) | t_slice({*})
filter                    | array(T), T -> boolean    | array(T) | list_filter({*})
transform                 | array(T), T -> V          | array(V) | list_transform({*})
any_match                 | array(T), T -> boolean    | boolean | t_any(list_transform({*}))
all_match                 | array(T), T -> boolean    | boolean | t_all(list_transform({*}))
none_match                | array(T), T -> boolean    | boolean | not t_any(list_transform({*}))
sequence                  | bigint, bigint            | array(bigint) | t_sequence({*})
sequence                  | date, date                | array(date) | t_date_sequence({*})
map                       | array(K), array(V)        | map(K, V) |
map_keys                  | map(K, V)                 | array(K) |
map_values                | map(K, V)                 | array(V) |
coalesce                  | T, T...                   | T       |
nullif                    | S, S                      | =0      |
greatest least            | S...                      | S       | case when {any_null} then null else {f}({*}) end
try                       | T                         | T       |
row                       | ?...                      | row     |
grouping                  | ?...                      | integer | cast(grouping({*}) as integer)
"""

_AGGREGATE = """
count                     |                   | bigint  | count(*){over}
count                     | ?                 | bigint  |
count_if                  | boolean           | bigint  | count(case when {0} then 1 end){over}
sum                       | bigint            | bigint  | cast(sum({*}){over} as bigint)
sum                       | double            | double  | t_finite(sum({*}){over})
avg                       | bigint            | double  |
avg                       | double            | double  | t_finite(avg({*}){over})
min max                   | S                 | S       |
arbitrary any_value       | T                 | T       | any_value({*}){over}
bool_and bool_or          | boolean           | boolean |
every                     | boolean           | boolean | bool_and({*}){over}
array_agg                 | T                 | array(T) | list({*}){over}
approx_distinct           | S                 | bigint  | count(distinct {*}){over}
approx_percentile         | bigint, double    | bigint  | t_percentile({*})
max_by                    | T, S              | T       | arg_max_null({*}){over}
listagg                   | varchar, varchar  | varchar |
min_by                    | T, S              | T       | arg_min_null({*}){over}
checksum                  | K                 | varbinary |
"""

_WINDOW = """
row_number rank dense_rank |                  | bigint  |
lag lead                  | T                 | T       |
lag lead                  | T, bigint         | T       | {f}({0}, t_offset({1})){over}
lag lead                  | T, bigint, T      | T       | {f}({0}, t_offset({1}), {2}){over}
first_value last_value    | T                 | T       |
"""

# What Trino takes besides, for the words of a refusal; a double is no way round a decimal.
_REFUSED = """
abs ceil ceiling floor round      | R
round                             | R, integer
checksum                          | T
mod                               | R, R
sum avg                           | R
sum avg                           | interval day to second
approx_percentile                 | R, R
approx_percentile                 | R, array(double)
approx_distinct min max           | T
max_by min_by                     | T, V
array_distinct array_sort array_max array_min | array(T)
array_position contains           | array(T), T
array_join                        | array(T), varchar
array_join                        | array(T), varchar, varchar
concat                            | array(T), array(T)...
concat                            | varbinary, varbinary...
nullif                            | T, T
greatest least                    | T, T...
map                               | array(T), array(V)
substr                            | varbinary, bigint
substr                            | varbinary, bigint, bigint
day day_of_month hour minute second millisecond | interval day to second
"""

# Every function of Trino (SHOW FUNCTIONS), for the words of a refusal.
_TRINO = """
abs acos all_match any_match any_value approx_distinct approx_most_frequent approx_percentile
approx_set arbitrary array_agg array_distinct array_except array_first array_histogram
array_intersect array_join array_last array_max array_min array_position array_remove array_sort
array_union arrays_overlap asin at_timezone atan atan2 avg beta_cdf bit_count bitwise_and
bitwise_and_agg bitwise_left_shift bitwise_not bitwise_or bitwise_or_agg bitwise_right_shift
bitwise_right_shift_arithmetic bitwise_xor bitwise_xor_agg bool_and bool_or cardinality cast cbrt
ceil ceiling checksum chr coalesce codepoint combinations concat concat_ws contains
contains_sequence corr cos cosh cosine_distance cosine_similarity count count_if covar_pop
covar_samp crc32 create_hll cume_dist current_date current_groups current_time current_timestamp
current_timezone current_user date date_add date_diff date_format date_parse date_trunc day
day_of_month day_of_week day_of_year degrees dense_rank dot_product dow doy e element_at
empty_approx_set ends_with euclidean_distance every exp fail filter first_value flatten floor
format format_datetime format_number from_base from_base32 from_base64 from_base64url
from_big_endian_32 from_big_endian_64 from_hex from_ieee754_32 from_ieee754_64 from_iso8601_date
from_iso8601_timestamp from_iso8601_timestamp_nanos from_unixtime from_unixtime_nanos from_utf8
geometric_mean greatest grouping hamming_distance hash_counts histogram hmac_md5 hmac_sha1
hmac_sha256 hmac_sha512 hour human_readable_seconds infinity intersection_cardinality
inverse_beta_cdf inverse_normal_cdf is_finite is_infinite is_json_scalar is_nan jaccard_index
json_array json_array_contains json_array_get json_array_length json_exists json_extract
json_extract_scalar json_format json_object json_parse json_query json_size json_value kurtosis lag
last_day_of_month last_value lead least length levenshtein_distance listagg ln localtime
localtimestamp log log10 log2 lower lpad ltrim luhn_check make_set_digest map map_agg map_concat
map_entries map_filter map_from_entries map_keys map_union map_values map_zip_with max max_by md5
merge merge_set_digest millisecond min min_by minute mod month multimap_agg multimap_from_entries
murmur3 nan ngrams none_match normal_cdf normalize now nth_value ntile nullif numeric_histogram
parse_data_size parse_datetime parse_duration percent_rank pi pow power qdigest_agg
quantile_at_value quarter radians rand random rank reduce reduce_agg regexp_count regexp_extract
regexp_extract_all regexp_like regexp_position regexp_replace regexp_split regr_intercept
regr_slope render repeat replace reverse rgb round row row_number rpad rtrim second sequence sha1
sha256 sha512 shuffle sign sin sinh skewness slice soundex split split_part split_to_map
split_to_multimap spooky_hash_v2_32 spooky_hash_v2_64 sqrt starts_with stddev stddev_pop
stddev_samp strpos substr substring sum t_cdf t_pdf tan tanh tdigest_agg timezone timezone_hour
timezone_minute title_case to_base to_base32 to_base64 to_base64url to_big_endian_32
to_big_endian_64 to_hex to_ieee754_32 to_ieee754_64 to_iso8601 to_milliseconds to_unixtime to_utf8
transform transform_keys transform_values translate trim trim_array truncate try try_cast typeof
upper url_decode url_encode url_extract_fragment url_extract_host url_extract_parameter
url_extract_path url_extract_port url_extract_protocol url_extract_query uuid value_at_quantile
values_at_quantiles var_pop var_samp variance variant_is_null week week_of_year width_bucket
wilson_interval_lower wilson_interval_upper with_timezone word_stem xxhash64 year year_of_week yow
zip zip_with
"""
# Functions of the tables that Trino also has with other numbers of arguments.
_ALSO = """
approx_distinct/2 approx_percentile/3 approx_percentile/4 array_sort/2 listagg/5 ltrim/2 map/0
from_unixtime/3 max/2 max_by/3 min/2 min_by/3 rtrim/2 sequence/3 split/3 strpos/3 trim/2
"""
TRINO = frozenset(_TRINO.split() + _ALSO.split())

MACROS = (Path(__file__).parent / "macros.sql").read_text()


@dataclass(frozen=True)
class Function:
    """One signature: what a Trino function takes and gives, and how DuckDB says it."""

    takes: tuple[Type, ...]
    gives: Type
    template: str
    repeats: bool = False
    kind: str = "scalar"

    @property
    def may_refuse(self) -> bool:
        return self.template.startswith("!")


class Unfit(Exception):
    """The arguments are not those of the signature."""


def pattern(text: str) -> Type:
    """Parse a type of a signature. Variables are types too, and a lambda is a type of two."""
    left, arrow, right = text.partition(" -> ")
    if arrow:
        return Type("lambda", (pattern(left), pattern(right)))
    name, _, inner = text.partition("(")
    return Type(name.strip(), tuple(map(pattern, _parts(inner.removesuffix(")")))))


def _parts(text: str) -> list[str]:
    return [p.strip() for p in re.findall(r"(?:[^,()]|\([^()]*(?:\([^()]*\))?[^()]*\))+", text)]


VARIABLES: dict[str, tuple[str, ...]] = {
    "T": (),
    "K": (*INTEGERS, *TIMES, "decimal", "double", "varchar", "varbinary", "boolean", "unknown"),
    "V": (),
    "S": (*INTEGERS, *TIMES, "decimal", "double", "varchar", "varbinary", "boolean", "unknown"),
    "N": (*INTEGERS, "decimal", "double"),
    "R": (*INTEGERS, "decimal", "double", "real"),
    "I": INTEGERS,
    "D": ("decimal",),
}


def fit(takes: Type, given: Type, bound: dict[str, Type]) -> None:
    """Bind the variables of a signature's type so that the given type can be brought to it."""
    if takes.name in VARIABLES:
        wider = common(bound.get(takes.name, given), given)
        if wider is None or wider.name not in (VARIABLES[takes.name] or (wider.name,)):
            raise Unfit
        bound[takes.name] = wider
    elif takes.name == given.name and len(takes.of) == len(given.of):
        for inner, of in zip(takes.of, given.of, strict=True):
            fit(inner, of, bound)
    elif takes.name == "?" or (given.name == "unknown" and takes.of):
        return
    elif takes.name == "moment":
        if given.name not in (*TIMES, "unknown"):
            raise Unfit
    elif {takes.name, given.name} & {"decimal", "real"} or common(takes, given) != takes:
        raise Unfit


def filled(takes: Type, given: Type, bound: dict[str, Type]) -> Type:
    """A signature's type with its variables replaced."""
    if takes.name in VARIABLES:
        return bound.get(takes.name, Type("unknown"))
    if takes.name == "moment":
        return TIMESTAMP
    if takes.name in ("rounded", "whole"):
        return rounded(bound["D"], whole=takes.name == "whole")
    if takes.of:
        return Type(takes.name, tuple(filled(t, t, bound) for t in takes.of))
    return given if takes.name in ("?", given.name) else takes


def signatures(name: str, count: int) -> Sequence[Function]:
    """The signatures of a function for that many arguments, `...` written out."""
    fitting = []
    for function in FUNCTIONS.get(name, ()):
        takes = function.takes
        if function.repeats:
            takes += takes[-1:] * (count - len(takes))
        if len(takes) == count:
            fitting.append(replace(function, takes=takes))
    return fitting


def _rows(text: str, kind: str) -> Iterator[tuple[str, Function]]:
    for line in text.strip().splitlines():
        names, takes, gives, template = (p.strip() for p in (*line.split("|", 3), "", "")[:4])
        default = "{f}({*})" + "{over}" * (kind != "scalar")
        for name in names.split():
            yield (
                name,
                Function(
                    tuple(map(pattern, _parts(takes.removesuffix("...")))),
                    pattern(gives),
                    (template or default).replace("{f}", name),
                    takes.endswith("..."),
                    kind,
                ),
            )


FUNCTIONS: dict[str, list[Function]] = {}
for _text, _kind in (
    *((_SCALAR, "scalar"), (_AGGREGATE, "aggregate"), (_WINDOW, "window"), (_REFUSED, "refused")),
):
    for _name, _function in _rows(_text, _kind):
        FUNCTIONS.setdefault(_name, []).append(_function)
