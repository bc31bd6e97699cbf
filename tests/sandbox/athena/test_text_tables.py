"""Rows of text: lines, delimited text and JSON, decoded as Hive does."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.athena.tables import line_table, numbers


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
    name, prefix = line_table(lake)
    lake.put(prefix + "a", body)
    assert [r[0] for r in lake.rows(f"select line from {name}")] == lines


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n")), min_size=1, max_size=5
    )
)
def test_any_line_survives(lake: Any, lines: list[str]) -> None:
    name, prefix = line_table(lake)
    body = "".join(f"{line}\n" for line in lines).encode()
    lake.put(prefix + "a", body)
    rows = lake.rows(f"select line, length(to_utf8(line)) + 1 from {name}")
    assert sorted(r[0] for r in rows) == sorted(lines)
    assert sum(int(r[1]) for r in rows) == len(body)


def test_gzipped_text_is_unpacked_and_charged_packed(lake: Any) -> None:
    name, prefix = line_table(lake)
    packed = gzip.compress(b"a\nb\n")
    lake.put(prefix + "a.gz", packed)
    assert len(lake.rows(f"select line from {name}")) == 2
    assert lake.scanned(f"select line from {name}") == len(packed)


def test_hidden_and_empty_objects_are_no_data(lake: Any) -> None:
    name, prefix = line_table(lake)
    for key in ("_SUCCESS", ".hidden", "data"):
        lake.put(prefix + key, "x\n")
    lake.put(prefix + "empty", "")
    assert lake.rows(f"select count(*) from {name}") == [["1"]]


def test_a_regex_that_takes_a_line_apart_is_refused(lake: Any) -> None:
    name, _ = line_table(lake, pattern=r"(\S+) (\d*)", columns=("a", "b"))
    reason = lake.reason(f"select a from {name}")
    assert reason.startswith("NOT_SUPPORTED: ")
    assert "input.regex is not the whole line" in reason
    name, _ = line_table(lake, columns=("a", "b"))
    assert "Number of matching groups" in lake.reason(f"select a from {name}")


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
    name = f"text_{next(numbers)}"
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
    name = f"json_{next(numbers)}"
    location = lake.put(f"{name}/x", f'{{"c": {written}}}\n').removesuffix("x")
    lake.rows(
        f"create external table {name} (c {kind}) row format serde "
        f"'org.openx.data.jsonserde.JsonSerDe' location '{location}'"
    )
    return name
