"""Tables: text formats decoded as Hive does, partitions, pruning, writing, views, workgroups."""

from __future__ import annotations

import gzip
import itertools
import json
import threading
import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.athena.moto_fixes import s3 as bulk

TEXT = "org.apache.hadoop.mapred.TextInputFormat"
SYMLINKS = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat"
OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
REGEX = "org.apache.hadoop.hive.serde2.RegexSerDe"
_numbers = itertools.count()


def regex_table(
    lake: Any, pattern: str, columns: dict[str, str], keys: tuple[str, ...] = (), inputs: str = TEXT
) -> tuple[str, str]:
    """A RegexSerDe table at a place of its own: its name and its prefix."""
    name = f"regex_{next(_numbers)}"
    storage = {
        "Columns": [{"Name": n, "Type": t} for n, t in columns.items()],
        "Location": f"s3://{lake.bucket}/{name}/",
        "InputFormat": inputs,
        "OutputFormat": OUTPUT,
        "SerdeInfo": {"SerializationLibrary": REGEX, "Parameters": {"input.regex": pattern}},
    }
    table = {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": storage,
        "PartitionKeys": [{"Name": k, "Type": "string"} for k in keys],
    }
    lake.glue.create_table(DatabaseName=lake.database, TableInput=table)
    return name, f"{name}/"


LINE = r"^(?:((\w+) (\d+)(?: (\w*))?)|(.*))$"
FIELDS = {
    "parsed": "string",
    "word": "string",
    "number": "bigint",
    "maybe": "string",
    "unparsed": "string",
}


def test_a_regex_table_tells_absent_from_empty(lake: Any) -> None:
    name, prefix = regex_table(lake, LINE, FIELDS)
    lake.put(prefix + "a", "ab 1 x\nab 2\nab 3 \nbad line\n\n")
    assert sorted(lake.rows(f"select * from {name}"), key=str) == sorted(
        [
            ["ab 1 x", "ab", "1", "x", None],
            ["ab 2", "ab", "2", None, None],
            ["ab 3 ", "ab", "3", "", None],
            [None, None, None, None, "bad line"],
            [None, None, None, None, ""],
        ],
        key=str,
    )


@pytest.mark.parametrize("pattern", [r"(\w*)?", r"(?:(\w*)x|y(.*))", r"a(\w*?)*"])
def test_a_group_that_may_be_empty_or_absent_is_refused(lake: Any, pattern: str) -> None:
    columns = {f"c{n}": "string" for n in range(pattern.replace("(?:", "").count("("))}
    name, prefix = regex_table(lake, pattern, columns)
    lake.put(prefix + "a", "x\n")
    assert "NOT_SUPPORTED: " in lake.reason(f"select * from {name}")


def test_a_line_that_does_not_match_is_null_in_every_column(lake: Any) -> None:
    name, prefix = regex_table(lake, r"(\S+) (\d*)", {"a": "string", "b": "int"})
    lake.put(prefix + "a", "x 12\nnope\ny \n")
    assert sorted(lake.rows(f"select * from {name}"), key=str) == sorted(
        [["x", "12"], [None, None], ["y", None]], key=str
    )


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b"a\nb", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\rb\n", ["a", "b"]),
        (b"\n", [""]),
        ("é ü\n".encode(), ["é ü"]),
        (b"a\xff\xfeb\n", ["a��b"]),
        (b"a\x00b\n", ["a\x00b"]),
        (b' "x" ,\t\\n \n', [' "x" ,\t\\n ']),
        (b"x" * 3_000_000 + b"\ny", ["x" * 3_000_000, "y"]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", ["a", "\ufeffb"]),
    ],
    ids=[
        "no_final_lf",
        "crlf",
        "cr",
        "empty_line",
        "utf8",
        "invalid_utf8",
        "nul",
        "quotes",
        "long",
        "byte_order_mark",
    ],
)
def test_lines_are_kept_as_hive_reads_them(lake: Any, body: bytes, lines: list[str]) -> None:
    name, prefix = regex_table(lake, "(.*)", {"line": "string"})
    lake.put(prefix + "a", body)
    assert [r[0] for r in lake.rows(f"select line from {name}")] == lines


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n")), min_size=1, max_size=5
    )
)
def test_any_line_survives(lake: Any, lines: list[str]) -> None:
    name, prefix = regex_table(lake, "(.*)", {"line": "string"})
    body = "".join(f"{line}\n" for line in lines).encode()
    lake.put(prefix + "a", body)
    found = lake.rows(f"select line, length(to_utf8(line)) + 1 from {name}")
    assert sorted(r[0] for r in found) == sorted(lines)
    assert sum(int(r[1]) for r in found) == len(body)


def test_gzipped_text_is_unpacked_and_charged_packed(lake: Any) -> None:
    name, prefix = regex_table(lake, "(.*)", {"line": "string"})
    packed = gzip.compress(b"a\nb\n")
    lake.put(prefix + "a.gz", packed)
    assert len(lake.rows(f"select line from {name}")) == 2
    assert lake.scanned(f"select line from {name}") == len(packed)


def test_hidden_and_empty_objects_are_no_data(lake: Any) -> None:
    name, prefix = regex_table(lake, "(.*)", {"line": "string"})
    for key in ("_SUCCESS", ".hidden", "data"):
        lake.put(prefix + key, "x\n")
    lake.put(prefix + "empty", "")
    assert lake.rows(f"select count(*) from {name}") == [["1"]]


def test_look_around_and_a_wrong_group_count_fail(lake: Any) -> None:
    name, prefix = regex_table(lake, "(?=a)(.*)", {"line": "string"})
    lake.put(prefix + "a", "a\n")
    assert "look-around" in lake.reason(f"select * from {name}")
    name, _ = regex_table(lake, "(a)(b)", {"line": "string"})
    assert "Number of matching groups" in lake.reason(f"select * from {name}")


@pytest.fixture(scope="module")
def days(lake: Any) -> str:
    """A table of three partitions, two objects of ten bytes in each."""
    name, prefix = regex_table(lake, "(.*)", {"line": "string"}, ("day",))
    for day in ("2026-01-01", "2026-01-02", "2026-01-03"):
        for part in "ab":
            lake.put(f"{prefix}day={day}/{part}", "123456789\n")
    lake.rows(f"msck repair table {name}")
    return name


@pytest.mark.parametrize(
    ("where", "objects"),
    [
        ("true", 6),
        ("day = '2026-01-02'", 2),
        ("day between '2026-01-02' and '2026-01-03'", 4),
        ("cast(day as date) >= date '2026-01-03'", 2),
        ("day in ('2026-01-01', '2026-01-03') and line like '1%'", 4),
        ("day = '2026-01-01' or \"$path\" like '%2026-01-02/a'", 3),
        ("substr(\"$path\", -1) = 'a'", 3),
        ("day = '1999-01-01'", 0),
        ("line = 'x'", 6),
        ('"$file_size" > 10', 0),
    ],
)
def test_only_objects_that_can_match_are_read(
    lake: Any, days: str, where: str, objects: int
) -> None:
    assert lake.scanned(f"select count(line) from {days} where {where}") == objects * 10


def test_pruning_reaches_through_views_ctes_and_joins(lake: Any, days: str) -> None:
    lake.rows(f"create or replace view pruned as select line, cast(day as date) as d from {days}")
    assert (
        lake.scanned(
            "with x as (select * from pruned) select count(line) from x where d = date '2026-01-01'"
        )
        == 20
    )
    joined = (
        f"select count(a.line) from {days} a join {days} b on a.day = b.day where a.day = "
        "'2026-01-01'"
    )
    assert lake.scanned(joined) <= 40
    windowed = (
        f"select * from (select line, row_number() over () as n, day from {days}) where day = "
        "'2026-01-01'"
    )
    assert lake.scanned(windowed) == 60
    outer = (
        f"select count(*) from {days} a left join {days} b on a.line = b.line and b.day = "
        "'2026-01-01' and a.day = '2026-01-01'"
    )
    assert lake.rows(outer) == [["8"]]


def test_an_alias_that_looks_like_a_partition_column_misleads_nobody(lake: Any, days: str) -> None:
    sql = (
        f"select count(*) from (select line as day, day as x from {days}) where day = "
        "'123456789' or x = 'none'"
    )
    assert lake.rows(sql) == [["6"]]
    assert lake.rows(
        f"select count(*) from (select line as day from {days}) where day = '2026-01-01'"
    ) == [["0"]]


def test_a_name_given_to_a_data_column_chooses_no_partitions(lake: Any) -> None:
    lake.rows(
        "create table renamed with (partitioned_by=array['k']) as select * from "
        "(values (3, 1), (1, 3), (5, 5)) as v(a, k)"
    )
    for source in (
        "(select a as k, k as z from renamed) as q",
        "renamed as q(k, z)",
        "(select a, k from renamed) as q(k, z)",
        "(select a as k from renamed union all select a from renamed where k = 3) as q",
    ):
        assert lake.rows(f"select q.k from {source} where q.k / (q.k - 2) = 3") == [["3"]]
    lake.rows("create or replace view renaming as select a as k, k as z from renamed")
    assert lake.rows("select z from renaming where k / (k - 2) = 3") == [["1"]]


def test_a_column_is_read_whatever_duckdb_means_by_its_name(lake: Any) -> None:
    names = ("user", "current_date", "rowid", "_no", "_p0", "_raw", "_local", "__path", "x", "x0")
    picks = ", ".join(f'{i} as "{name}"' for i, name in enumerate(names))
    for form in ("parquet", "json", "textfile"):
        table = f"odd_{form}"
        lake.rows(
            f"create table {table} with (format='{form}', partitioned_by=array['_p1', "
            f"'session_user']) as select {picks}, 'a' as _p1, 'b' as \"session_user\""
        )
        assert lake.rows(f"select * from {table}") == [[*map(str, range(len(names))), "a", "b"]]
        for i, name in enumerate(names):
            sql = f'select "{name}" from {table} where "{name}" = {i} and "session_user" = \'b\''
            assert lake.rows(sql) == [[str(i)]]
        assert lake.rows(f"select count(*) from {table} where \"session_user\" = 'c'") == [["0"]]
        path = f'select "$path" like \'s3://%\', "__path" from {table}'
        assert lake.rows(path) == [["true", "7"]]


def test_a_table_with_the_engines_own_names_is_refused(lake: Any) -> None:
    for number, name in enumerate(("lacuna__path", "$file_size")):
        lake.rows(f'create table own_{number} as select 1 as "{name}"')
        assert lake.reason(f"select * from own_{number}").startswith("NOT_SUPPORTED")


def test_a_star_leaves_the_pseudo_columns_out(lake: Any, days: str) -> None:
    row = lake.rows(
        f'select *, "$path" as p, "$file_size" from {days} where "$path" like \'%01-01/a\''
    )[0]
    assert row == ["123456789", "2026-01-01", f"s3://{lake.bucket}/{days}/day=2026-01-01/a", "10"]


def test_partitions_are_a_table_of_their_own(lake: Any, days: str) -> None:
    listed = [[f"2026-01-0{n}"] for n in range(1, 4)]
    assert lake.rows(f'select * from "{days}$partitions" order by 1') == listed
    full = f'"{lake.database}"."{days}$partitions"'
    assert lake.rows(f"select max(p.day) from {full} p where day < '2026-01-03'") == [listed[1]]
    lake.rows(
        f"create table keyed with (external_location='s3://{lake.bucket}/keyed/', "
        "partitioned_by=array['n', 'd']) as select 1 as x, 7 as n, date '2026-01-02' as d "
        "union all select 2, cast(null as integer), date '2026-01-03'"
    )
    assert lake.rows("select n + 1, d + interval '1' day from \"keyed$partitions\" order by d") == [
        ["8", "2026-01-03"],
        [None, "2026-01-04"],
    ]
    lake.rows("create table plain as select 1 as x")
    for name in ("plain$partitions", "nothing$partitions", "keyed$other"):
        reason = f"Table 'awsdatacatalog.{lake.database}.{name}' does not exist"
        assert reason in lake.reason(f'select * from "{name}"')


def test_symlink_manifests_name_the_data(lake: Any) -> None:
    name, prefix = regex_table(lake, "(.*)", {"line": "string"}, ("day",), SYMLINKS)
    urls = [lake.put(f"elsewhere-{name}/{part}", f"{part}\n") for part in "abc"]
    lake.put(f"{prefix}day=1/manifest", "\n".join(urls[:2]) + "\n")
    lake.put(f"{prefix}day=2/manifest", urls[2])
    lake.rows(f"msck repair table {name}")
    assert sorted(lake.rows(f'select line, "$path", day from {name}')) == [
        ["a", urls[0], "1"],
        ["b", urls[1], "1"],
        ["c", urls[2], "2"],
    ]
    assert lake.scanned(f"select count(line) from {name} where \"$path\" = '{urls[2]}'") == 2
    lake.put(f"{prefix}day=2/manifest", f"s3://{lake.bucket}/gone")
    assert lake.reason(f"select * from {name}").startswith("HIVE_CANNOT_OPEN_SPLIT")


CLOUDTRAIL = """create external table {name} (
    eventversion string, useridentity
    struct<type:string,arn:string,sessioncontext:struct<attributes:struct<mfaauthenticated:string>
    >>,
    requestparameters string, additionaleventdata string, readonly string, resources
    array<struct<arn:string,accountid:string,type:string>>
) row format serde 'org.apache.hive.hcatalog.data.JsonSerDe'
stored as inputformat 'com.amazon.emr.cloudtrail.CloudTrailInputFormat' outputformat '{output}'
location '{location}'"""
EVENT = {
    "eventVersion": "1.11",
    "userIdentity": {
        "type": "AssumedRole",
        "arn": "arn:u",
        "sessionContext": {"attributes": {"mfaAuthenticated": "false"}},
    },
    "requestParameters": {"bucketName": "b", "Key": "a b", "n": 1.0},
    "additionalEventData": None,
    "readOnly": True,
    "resources": [{"type": "AWS::S3::Object", "ARN": "arn:o"}, {"accountId": "1", "ARN": "arn:b"}],
}


@pytest.fixture
def trail(lake: Any) -> str:
    name = f"trail_{next(_numbers)}"
    lake.rows(CLOUDTRAIL.format(name=name, output=OUTPUT, location=f"s3://{lake.bucket}/{name}/"))
    return name


def records(*events: dict[str, Any]) -> bytes:
    return gzip.compress(json.dumps({"Records": events}).encode())


def test_cloudtrail_files_become_events(lake: Any, trail: str) -> None:
    lake.put(f"{trail}/1.json.gz", records(EVENT, {"eventVersion": "1.0"}))
    assert lake.rows(
        "select eventversion, useridentity.arn, "
        "useridentity.sessioncontext.attributes.mfaauthenticated, requestparameters,"
        " additionaleventdata, readonly, resources[1].arn, resources[2].accountid from "
        f"{trail} where readonly is not null"
    ) == [
        [
            "1.11",
            "arn:u",
            "false",
            '{"bucketName":"b","Key":"a b","n":1.0}',
            None,
            "true",
            "arn:o",
            "1",
        ]
    ]
    assert lake.rows(f"select count(*) from {trail} where useridentity is null") == [["1"]]


def test_keys_match_whatever_their_case_even_within_one_file(lake: Any, trail: str) -> None:
    lake.put(
        f"{trail}/1.json.gz",
        records(
            {"EVENTVERSION": "1", "useridentity": {"ARN": "x"}},
            {"eventVersion": "2", "userIdentity": {"arn": "y"}},
        ),
    )
    found = lake.rows(f"select eventversion, useridentity.arn from {trail} order by 1")
    assert found == [["1", "x"], ["2", "y"]]


def test_arrays_of_rows_unnest(lake: Any, trail: str) -> None:
    lake.put(f"{trail}/1.json.gz", records(EVENT))
    found = lake.rows(
        f"select u.a, u.t from {trail} cross join unnest(resources) as u(a, i, t) order by 1"
    )
    assert found == [["arn:b", None], ["arn:o", "AWS::S3::Object"]]


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b'{"Records": [{}]}' * 50)[:-10],
        gzip.compress(b'{"Records": [{"a": }]}'),
        b"not gzip",
    ],
    ids=["truncated", "not JSON", "not gzip"],
)
def test_a_broken_file_fails_the_query_and_is_named(lake: Any, trail: str, body: bytes) -> None:
    lake.put(f"{trail}/1.json.gz", records(EVENT))
    lake.put(f"{trail}/bad.json.gz", body)
    reason = lake.reason(f"select * from {trail}")
    assert reason.startswith("HIVE_")
    assert f"s3://{lake.bucket}/{trail}/bad.json.gz" in reason


def test_json_lines_are_rows(lake: Any) -> None:
    lake.rows(
        "create external table jl (id bigint, tags array<string>, m map<string,string>, raw "
        "string) row format serde "
        f"'org.openx.data.jsonserde.JsonSerDe' location 's3://{lake.bucket}/jl/'"
    )
    lake.put("jl/a", '{"ID": 1, "tags": ["x"], "m": {"K": "v"}, "raw": {"a": 1}}\n\n{"id": 2}\n')
    assert lake.rows("select * from jl order by id") == [
        ["1", "[x]", "{K=v}", '{"a":1}'],
        ["2", None, None, None],
    ]


def test_delimited_text_is_split_as_its_serde_says(lake: Any) -> None:
    lake.rows(
        "create external table lazy (a string, b int) row format delimited fields terminated "
        f"by '|' location 's3://{lake.bucket}/lazy/'"
    )
    lake.put("lazy/a", "x|1\n\\N|y\n")
    assert sorted(lake.rows("select * from lazy"), key=str) == sorted(
        [["x", "1"], [None, None]], key=str
    )
    lake.rows(
        "create external table opencsv (a string, b string) row format serde "
        "'org.apache.hadoop.hive.serde2.OpenCSVSerde' "
        f"location 's3://{lake.bucket}/opencsv/' tblproperties ('skip.header.line.count'='1')"
    )
    lake.put("opencsv/a", 'h,i\n"x, ""y""",z\np,\n')
    assert sorted(lake.rows("select * from opencsv")) == [["p", ""], ['x, "y"', "z"]]


def test_partition_projection_finds_objects_without_partitions(lake: Any) -> None:
    lake.rows(
        "create external table projected (line string) partitioned by (`day` string, kind "
        f"string) row format serde '{REGEX}' "
        f"with serdeproperties ('input.regex'='(.*)') location 's3://{lake.bucket}/proj/' "
        "tblproperties ("
        "'projection.enabled'='true', 'projection.day.type'='date', "
        "'projection.day.format'='yyyy/MM/dd', "
        "'projection.day.range'='2026/01/01,NOW', 'projection.kind.type'='enum', "
        "'projection.kind.values'='a,b', "
        f"'storage.location.template'='s3://{lake.bucket}/proj/${{kind}}/${{day}}')"
    )
    for key in ("a/2026/01/01/x", "b/2026/01/02/x", "c/2026/01/02/x", "a/2025/12/31/x"):
        lake.put(f"proj/{key}", f"{key}\n")
    assert sorted(lake.rows("select day, kind from projected")) == [
        ["2026/01/01", "a"],
        ["2026/01/02", "b"],
    ]
    assert lake.scanned("select count(line) from projected where kind = 'a'") == len(
        "a/2026/01/01/x\n"
    )


# -- writing ---------------------------------------------------------------------------------------


def test_ctas_writes_partitions_with_their_types(lake: Any) -> None:
    lake.rows(
        f"create table made with (external_location='s3://{lake.bucket}/made/', "
        "format='PARQUET', partitioned_by=array['day']) as "
        "select 1 as i, cast(2 as bigint) as b, 1.5e0 as d, cast('1.25' as decimal(10,2)) as c, "
        "'x' as s, true as t, array['a'] as l, "
        "map(array['k'], array[1]) as m, cast(row(1) as row(f integer)) as r, timestamp "
        "'2026-01-01 00:00:00.123' as ts, date '2026-01-02' as day"
    )
    columns = lake.glue.get_table(DatabaseName=lake.database, Name="made")["Table"]
    types = {
        c["Name"]: c["Type"]
        for c in columns["StorageDescriptor"]["Columns"] + columns["PartitionKeys"]
    }
    assert types == {
        "i": "int",
        "b": "bigint",
        "d": "double",
        "c": "decimal(10,2)",
        "s": "string",
        "t": "boolean",
        "l": "array<string>",
        "m": "map<string,int>",
        "r": "struct<f:int>",
        "ts": "timestamp",
        "day": "date",
    }
    assert lake.rows("select * from made") == [
        [
            "1",
            "2",
            "1.5",
            "1.25",
            "x",
            "true",
            "[a]",
            "{k=1}",
            "{f=1}",
            "2026-01-01 00:00:00.123",
            "2026-01-02",
        ]
    ]


def test_insert_adds_partitions_and_null_ones(lake: Any) -> None:
    lake.rows(
        "create external table grown (a bigint) partitioned by (p string) stored as parquet "
        f"location 's3://{lake.bucket}/grown/'"
    )
    assert (
        lake.rows("insert into grown select 1, 'x y/z' union all select 2, cast(null as varchar)")
        == []
    )
    assert lake.rows("select a, p from grown order by a") == [["1", "x y/z"], ["2", None]]
    assert lake.rows("insert into grown (p, a) values ('q', 3)") == []
    assert lake.rows("select a from grown where p = 'q'") == [["3"]]
    assert lake.rows("insert into grown values (decimal '4', 'q')") == []
    assert lake.rows("select a from grown where p = 'q' order by a") == [["3"], ["4"]]
    assert "NOT_SUPPORTED" in lake.reason("insert into grown values (1.5, 'q')")
    assert "TYPE_MISMATCH" in lake.reason("insert into grown values ('x', 'y')")
    mismatched = "Table: [bigint, varchar], Query: [integer]"
    assert mismatched in lake.reason("insert into grown select 1")
    assert "DUPLICATE_COLUMN_NAME" in lake.reason("insert into grown (a, a) values (1, 2)")


def test_partition_values_are_what_hive_can_keep(lake: Any) -> None:
    lake.rows(
        "create table kept with (partitioned_by=array['k']) as select * from "
        "(values (1, ''), (2, null), (3, 'a b'), (4, '%41/=')) as v(a, k)"
    )
    everything = [["1", None], ["2", None], ["3", "a b"], ["4", "%41/="]]
    assert lake.rows("select a, k from kept order by a") == everything
    assert lake.rows("select a from kept where k = ''") == []
    assert lake.rows("select count(*) from kept where k is null") == [["2"]]
    for value, shown in (("é", "C3 A9"), ("a\tb", "61 09 62")):
        assert lake.reason(f"insert into kept select 5, '{value}'") == (
            "HIVE_INVALID_PARTITION_VALUE: Hive partition keys can only contain printable ASCII "
            f"characters (0x20 - 0x7E). Invalid value: {shown}"
        )
    assert lake.rows("select count(*) from kept") == [["4"]]


def test_more_than_a_hundred_partitions_are_too_many(lake: Any) -> None:
    sql = (
        f"create table many with (external_location='s3://{lake.bucket}/many/', "
        f"partitioned_by=array['p']) as select 1 as a, p from unnest(sequence(1, {{}})) as u(p)"
    )
    assert lake.reason(sql.format(101)).startswith(
        "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers"
    )
    assert lake.rows(sql.format(100)) == []


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            "create table x as select 1",
            "MISSING_COLUMN_NAME: line 1:1: Column name not specified at position 1",
        ),
        ("create table x as select 1 as a, 2 as a", "DUPLICATE_COLUMN_NAME"),
        (
            "create table x with (partitioned_by=array['a']) as select 1 as a, 2 as b",
            "HIVE_COLUMN_ORDER_MISMATCH",
        ),
        ("create table x with (table_type='ICEBERG') as select 1 as a", "NOT_SUPPORTED"),
        ("create table x with (nonsense='1') as select 1 as a", "INVALID_TABLE_PROPERTY"),
        ("create table x as select now() as a", "NOT_SUPPORTED: Unsupported Hive type"),
        ("create table no_such_db.x as select 1 as a", "NOT_FOUND: Schema no_such_db not found"),
        ("merge into t using s on a = b when matched then delete", "NOT_SUPPORTED"),
        ("unload (select 1 as x) to 's3://x/' with (format='ORC')", "NOT_SUPPORTED"),
    ],
)
def test_a_table_that_athena_would_not_make_is_refused(lake: Any, sql: str, reason: str) -> None:
    assert reason in lake.reason(sql)


def test_parquet_is_charged_by_the_columns_read(lake: Any) -> None:
    lake.rows(
        f"create table wide with (external_location='s3://{lake.bucket}/wide/') as "
        "select i, to_hex(sha256(to_utf8(cast(i as varchar)))) as h from unnest(sequence(1, "
        "10000)) as u(i)"
    )
    one, both = (
        lake.scanned("select sum(i) from wide"),
        lake.scanned("select sum(i), max(h) from wide"),
    )
    assert 0 < one < both / 3


def test_a_type_the_file_does_not_have_is_bad_data(lake: Any) -> None:
    lake.rows(
        f"create table typed with (external_location='s3://{lake.bucket}/typed/') as select "
        "'x' as a"
    )
    lake.rows(
        f"create external table mistyped (a bigint, b string) stored as parquet location 's3://{lake.bucket}/typed/'"
    )
    assert lake.reason("select * from mistyped").startswith(
        "HIVE_BAD_DATA: Field a's type STRING in parquet file s3://"
    )
    assert lake.rows("select b from mistyped") == [[None]]


# -- catalogue statements --------------------------------------------------------------------------


def test_ddl_shows_what_it_made(lake: Any) -> None:
    db = lake.database
    lake.rows(
        "create external table shown (a int comment 'n', b string) partitioned by (p date) "
        f"stored as parquet location 's3://{lake.bucket}/shown/' tblproperties ('k'='v')"
    )
    lake.rows(
        "alter table shown add if not exists partition (p='2026-01-01') location 's3://x/y/' "
        "partition (p='2026-01-02')"
    )
    assert lake.rows("show partitions shown") == [["p=2026-01-01"], ["p=2026-01-02"]]
    lake.rows("alter table shown drop if exists partition (p='2026-01-01')")
    lake.rows("alter table shown add columns (c bigint)")
    assert [str(r[0]).split()[0] for r in lake.rows("describe shown")[:4]] == ["a", "b", "c", "p"]
    assert ["shown"] in lake.rows(f"show tables in {db}")
    assert lake.rows("show tables 'sho*'") == [["shown"]]
    assert ["k\tv"] in lake.rows("show tblproperties shown")
    assert lake.rows("show create table shown")[0] == [f"CREATE EXTERNAL TABLE `{db}.shown`("]
    assert "Table shown already exists" in lake.reason(
        f"create external table shown (a int) location 's3://{lake.bucket}/shown/'"
    )
    lake.rows("drop table shown")
    lake.rows("drop table if exists shown")
    assert "Table not found" in lake.reason("drop table shown")


def test_views_answer_and_describe_themselves(lake: Any) -> None:
    lake.rows("create view v1 as select 1 as a, 'x' as b")
    lake.rows("create or replace view v1 as select cast(2 as bigint) as a, 'y' as b")
    lake.rows("create view v2 as select a + 1 as c from v1")
    assert lake.rows("select * from v2") == [["3"]]
    assert lake.rows(
        "select column_name, data_type from information_schema.columns where table_name = 'v1' "
        "order by 1"
    ) == [["a", "bigint"], ["b", "varchar"]]
    assert "View already exists" in lake.reason("create view v1 as select 1 as a")
    lake.rows("drop view v1")
    assert "TABLE_NOT_FOUND" in lake.reason("select * from v2")


# -- the API ---------------------------------------------------------------------------------------


def test_results_page_with_one_header(lake: Any) -> None:
    run = lake.execution("select i from unnest(sequence(1, 2500)) as u(i)")
    pages = list(
        lake.athena.get_paginator("get_query_results").paginate(
            QueryExecutionId=run["QueryExecutionId"]
        )
    )
    assert [len(p["ResultSet"]["Rows"]) for p in pages] == [1000, 1000, 501]
    assert pages[0]["ResultSet"]["Rows"][0] == {"Data": [{"VarCharValue": "i"}]}
    with pytest.raises(ClientError, match="MaxResults"):
        lake.athena.get_query_results(QueryExecutionId=run["QueryExecutionId"], MaxResults=1001)


def test_a_result_is_a_csv_in_the_output_location(lake: Any) -> None:
    run = lake.execution("select 'a,\"b' as x, cast(null as varchar) as y")
    key = run["ResultConfiguration"]["OutputLocation"].partition(f"{lake.bucket}/")[2]
    assert lake.s3.get_object(Bucket=lake.bucket, Key=key)["Body"].read() == b'"x","y"\n"a,""b",\n'


def test_the_same_token_is_the_same_query(lake: Any) -> None:
    token = "t" * 32
    first, second = (
        lake.execution("select 1", ClientRequestToken=token)["QueryExecutionId"] for _ in range(2)
    )
    assert first == second
    with pytest.raises(ClientError, match="Idempotent"):
        lake.execution("select 2", ClientRequestToken=token)


def test_parameters_fill_the_question_marks(lake: Any) -> None:
    assert lake.rows("select ? + 1, ?", ExecutionParameters=["41", "'it''s'"]) == [["42", "it's"]]
    assert "Incorrect number of parameters" in lake.reason("select ?")


def test_a_workgroup_decides_place_and_limit(lake: Any) -> None:
    name = f"wg-{lake.database}"
    place = f"s3://{lake.bucket}/forced/"
    lake.athena.create_work_group(
        Name=name,
        Configuration={
            "ResultConfiguration": {"OutputLocation": place},
            "EnforceWorkGroupConfiguration": True,
            "BytesScannedCutoffPerQuery": 10_000_000,
        },
    )
    assert lake.execution("select 1", WorkGroup=name)["ResultConfiguration"][
        "OutputLocation"
    ].startswith(place)
    table, prefix = regex_table(lake, "(.*)", {"line": "string"})
    bulk.put_objects(
        lake.bucket, ((f"{prefix}{i}", b"x" * 999_999 + b"\n", None, None) for i in range(11))
    )
    stopped = lake.execution(f"select count(line) from {table}", WorkGroup=name)
    assert stopped["Status"]["State"] == "CANCELLED"
    assert stopped["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
    fine = lake.execution(
        f"select count(line) from {table} where \"$path\" like '%/1'", WorkGroup=name
    )
    assert fine["Status"]["State"] == "SUCCEEDED"
    assert (
        lake.athena.list_query_executions(WorkGroup=name)["QueryExecutionIds"][0]
        == fine["QueryExecutionId"]
    )


def test_no_place_for_results_is_refused(lake: Any) -> None:
    with pytest.raises(ClientError, match="No output location provided"):
        lake.athena.start_query_execution(QueryString="select 1")


def test_a_place_that_does_not_exist_is_refused(lake: Any) -> None:
    with pytest.raises(ClientError, match=r"Unable to verify/create output bucket no-such-bucket$"):
        lake.athena.start_query_execution(
            QueryString="select 1", ResultConfiguration={"OutputLocation": "s3://no-such-bucket/x/"}
        )


def test_a_workgroup_that_does_not_exist_is_refused(lake: Any) -> None:
    for ask in (
        lambda: lake.execution("select 1", WorkGroup="nobodys"),
        lambda: lake.athena.get_work_group(WorkGroup="nobodys"),
    ):
        with pytest.raises(ClientError, match=r"WorkGroup is not found\.$") as failed:
            ask()
        assert failed.value.response["Error"]["Code"] == "InvalidRequestException"
    assert lake.athena.get_work_group(WorkGroup="primary")["WorkGroup"]["State"] == "ENABLED"


def test_there_is_one_catalog(lake: Any, days: str) -> None:
    for name in (
        f"awsdatacatalog.{lake.database}.{days}",
        f'"AwsDataCatalog"."{lake.database}"."{days}"',
    ):
        assert lake.rows(f"select count(*) from {name}") == [["6"]]
    full = f"AwsDataCatalog.{lake.database}.{days}"
    assert lake.rows(f"select max({full}.day) from {full}") == [["2026-01-03"]]
    lake.rows(f"create table awsdatacatalog.{lake.database}.copied as select line from {days}")
    assert lake.rows("describe awsdatacatalog." + lake.database + ".copied")
    for sql in ("select * from {}", "create table {} as select 1 as x", "describe {}"):
        reason = lake.reason(sql.format(f"other.{lake.database}.{days}"))
        assert reason.startswith("CATALOG_NOT_FOUND: line 1:")
        assert reason.endswith(": Catalog 'other' does not exist")
    context = {"Catalog": "other", "Database": lake.database}
    started = lake.athena.start_query_execution(
        QueryString=f"select * from {days}",
        QueryExecutionContext=context,
        ResultConfiguration={"OutputLocation": f"s3://{lake.bucket}/out/"},
    )
    found = lake.athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])
    reason = found["QueryExecution"]["Status"]["StateChangeReason"]
    assert reason == "CATALOG_NOT_FOUND: line 1:1: Catalog 'other' does not exist"


def test_a_running_query_stops_when_asked(lake: Any) -> None:
    slow = (
        "select count(*) from unnest(sequence(1, 10000)) as a(x) cross join unnest(sequence(1, 10000)) "
        "as b(y) cross join unnest(sequence(1, 10000)) as c(z) where x * y % 7 = z"
    )
    started: dict[str, str] = {}

    def start() -> None:
        started.update(
            boto3.client("athena").start_query_execution(
                QueryString=slow, ResultConfiguration={"OutputLocation": f"s3://{lake.bucket}/out/"}
            )
        )

    before = set(lake.athena.list_query_executions()["QueryExecutionIds"])
    thread = threading.Thread(target=start)
    thread.start()
    running: set[str] = set()
    while not running:
        running = set(lake.athena.list_query_executions()["QueryExecutionIds"]) - before
    query = running.pop()
    time.sleep(0.3)
    assert (
        lake.athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"]
        == "RUNNING"
    )
    assert lake.rows("select 1") == [["1"]]  # other requests are answered meanwhile
    began = time.time()
    lake.athena.stop_query_execution(QueryExecutionId=query)
    thread.join(timeout=10)
    assert time.time() - began < 5
    assert lake.ended(query)["Status"]["State"] == "CANCELLED"
    with pytest.raises(ClientError, match="Final query state: CANCELLED"):
        lake.athena.get_query_results(QueryExecutionId=query)


def test_a_subquery_may_call_a_column_path(lake: Any) -> None:
    assert lake.rows("""with t as (select 's3://b/k' as "$path") select "$path" from t""") == [
        ["s3://b/k"]
    ]


def test_names_for_the_columns_of_a_table_hide_its_path(lake: Any, days: str) -> None:
    assert lake.rows(f'select count("$path") from {days} as t') == [["6"]]
    sql = f'select "$path" from {days} as t(line, day)'
    assert lake.reason(sql).startswith("COLUMN_NOT_FOUND")


def test_no_query_of_with_is_taken_for_a_table(lake: Any) -> None:
    database = lake.database
    lake.rows("create table one as select 1 as a")
    lake.rows("create view shown as select a from one")
    for name in (f"{database}.one", "one", "raw_0", "files", "temp", "main"):
        of_it = f'with "{name}" as (select 99 as a) select a from'
        assert lake.rows(f"{of_it} {database}.one") == [["1"]]
        assert lake.rows(f"{of_it} shown") == [["1"]]
        assert lake.rows(f'{of_it} "{name}"') == [["99"]]


def test_a_text_column_of_many_values_is_refused_and_the_others_are_read(lake: Any) -> None:
    lake.put("nested/x.txt", "7\t1\x022\tMTIz\n")
    lake.rows(
        "create external table nested (n int, many array<int>, bytes binary) row format delimited "
        f"fields terminated by '\t' location 's3://{lake.bucket}/nested/'"
    )
    assert lake.rows("select n from nested") == [["7"]]
    assert lake.reason("select many from nested").startswith("NOT_SUPPORTED")
    assert lake.reason("select bytes from nested").startswith("NOT_SUPPORTED")


def test_a_float_is_written_as_short_as_it_is(lake: Any) -> None:
    lake.put("floats/x.txt", "1.2345\n0.1\n")
    lake.rows(f"create external table floats (f float) location 's3://{lake.bucket}/floats/'")
    assert sorted(lake.rows("select f from floats")) == [["0.1"], ["1.2345"]]


def test_the_metadata_of_a_table_is_athenas(lake: Any) -> None:
    lake.rows(
        "create external table described (a string) row format serde "
        "'org.apache.hadoop.hive.serde2.OpenCSVSerde' with serdeproperties ('separatorChar' = ';') "
        f"location 's3://{lake.bucket}/described/'"
    )
    found = lake.athena.get_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName=lake.database, TableName="described"
    )["TableMetadata"]["Parameters"]
    assert found["serde.param.separatorChar"] == ";"
    assert found["location"] == f"s3://{lake.bucket}/described"


@pytest.mark.parametrize(
    ("sql", "heading"),
    [("show tables", "tab_name"), ("show columns in described", "field"), ("show databases", "database_name")],
)  # fmt: skip
def test_the_catalogue_is_listed_under_hives_headings(lake: Any, sql: str, heading: str) -> None:
    query = lake.execution(sql)["QueryExecutionId"]
    found = lake.athena.get_query_results(QueryExecutionId=query)["ResultSet"]
    assert [c["Name"] for c in found["ResultSetMetadata"]["ColumnInfo"]] == [heading]


def test_delimiters_are_kept_and_an_escape_character_is_refused(lake: Any) -> None:
    lake.rows(
        "create external table escaped (a string) row format delimited fields terminated by ',' "
        f"escaped by '\\\\' lines terminated by '\\n' location 's3://{lake.bucket}/escaped/'"
    )
    table = lake.glue.get_table(DatabaseName=lake.database, Name="escaped")["Table"]
    assert table["StorageDescriptor"]["SerdeInfo"]["Parameters"] == {
        "field.delim": ",",
        "serialization.format": ",",
        "escape.delim": "\\",
        "line.delim": "\n",
    }
    assert lake.reason("select a from escaped").startswith("NOT_SUPPORTED")


# ---- what text, JSON and lengths of text hold --------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("varchar(3)", "abcdef", "abc"),
        ("int", "12", "12"),
        ("int", "x", None),
        ("boolean", "TRUE", "true"),
        ("boolean", "1", None),
        ("date", "2026-01-01", "2026-01-01"),
        ("timestamp", "2026-01-01T00:00:00", None),
    ],
)
def test_a_text_cell_is_read_as_hive_reads_it(lake: Any, kind: str, text: str, value: Any) -> None:
    assert lake.rows(f"select c from {text_table(lake, kind, text)}") == [[value]]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", " 1"),
        ("boolean", " true"),
        ("date", "2026-02-30"),
        ("date", "2026-1-1"),
        ("timestamp", "2026-01-01 00:00:00.123456"),
    ],
)
def test_a_text_cell_that_hive_reads_in_its_own_way_is_refused(
    lake: Any, kind: str, text: str
) -> None:
    assert lake.reason(f"select c from {text_table(lake, kind, text)}").startswith(
        "NOT_SUPPORTED: "
    )


def text_table(lake: Any, kind: str, text: str) -> str:
    name = f"text_{next(_numbers)}"
    location = lake.put(f"{name}/x", f"{text}\n").removesuffix("x")
    lake.rows(
        f"create external table {name} (c {kind}) row format delimited fields terminated by '|' "
        f"location '{location}'"
    )
    return name


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("int", "1", "1"),
        ("int", "null", None),
        ("double", "1.5", "1.5"),
        ("boolean", "true", "true"),
        ("array<int>", "[1, null]", "[1, null]"),
        ("map<string,int>", '{"k": 1}', "{k=1}"),
        ("timestamp", '"2026-01-01 00:00:00"', "2026-01-01 00:00:00.000"),
        ("varchar(2)", '"abc"', "ab"),
    ],
)
def test_a_value_of_json_is_one_of_its_columns_type(
    lake: Any, kind: str, written: str, value: Any
) -> None:
    assert lake.rows(f"select c from {json_table(lake, kind, written)}") == [[value]]


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("int", "1.7"),
        ("int", '"1"'),
        ("int", "true"),
        ("int", "3000000000"),
        ("boolean", '"true"'),
        ("array<int>", '["1"]'),
        ("map<string,int>", '{"k": "1"}'),
    ],
)
def test_a_value_of_json_that_is_of_another_type_is_refused(
    lake: Any, kind: str, written: str
) -> None:
    """The SerDes read these in ways of their own."""
    reason = lake.reason(f"select c from {json_table(lake, kind, written)}")
    assert reason.startswith("NOT_SUPPORTED: ")
    assert "JSON that does not fit" in reason


def json_table(lake: Any, kind: str, written: str) -> str:
    name = f"json_{next(_numbers)}"
    location = lake.put(f"{name}/x", f'{{"c": {written}}}\n').removesuffix("x")
    lake.rows(
        f"create external table {name} (c {kind}) row format serde "
        f"'org.openx.data.jsonserde.JsonSerDe' location '{location}'"
    )
    return name


def test_what_is_inserted_is_brought_to_the_column_or_too_long_for_it(lake: Any) -> None:
    lake.rows(
        "create external table short (c varchar(3), d date) stored as parquet "
        f"location 's3://{lake.bucket}/short/'"
    )
    lake.rows("insert into short values ('ab  ', timestamp '2026-01-02 03:04:05')")
    assert lake.rows("select c || '.', d from short") == [["ab .", "2026-01-02"]]
    reason = lake.reason("insert into short values ('abcd', null)")
    assert reason.startswith("INVALID_CAST_ARGUMENT: Cannot truncate non-space characters")
    assert lake.reason("insert into short values ('a', 'b')").startswith("TYPE_MISMATCH")


def test_a_table_may_be_made_without_rows_and_with_a_comment(lake: Any) -> None:
    lake.rows("create table no_rows comment 'none' as select 1 as a with no data")
    assert lake.rows("select a from no_rows") == []
    table = lake.glue.get_table(DatabaseName=lake.database, Name="no_rows")["Table"]
    assert table["Parameters"]["comment"] == "none"
