"""What of the engine trino needs no Java: translation, cells, CloudTrail files as lines, finding a JDK."""

import gzip
import json
from pathlib import Path

import pytest

from sandbox.athena.catalog import Catalog
from sandbox.athena.engine import Statement
from sandbox.athena.errors import AthenaError
from sandbox.athena.trino.coordinator import SOURCE, NoCoordinator, jdk
from sandbox.athena.trino.dialect import translated
from sandbox.athena.trino.engine import cell, column
from sandbox.athena.trino.view import as_lines
from tests.unit.test_compose import LOOK, services


def translate(sql: str, *parameters: str) -> tuple[str, dict[str, str]]:
    catalog = Catalog("123456789012", "us-east-1")
    return translated(Statement(sql, "default", "s3://lake/results/", catalog, parameters))


def test_a_query_is_left_as_it_is():
    sql = 'select "$path", \'a;b\' -- ?\nfrom "AwsDataCatalog".x.y'
    assert translate(sql) == (sql, {})


def test_athenas_properties_become_trinos():
    sql, session = translate(
        "create table if not exists a.b with (table_type='hive', is_external=true, "
        "external_location='s3://lake/a,b/', partitioned_by=ARRAY['x', 'y'], format='parquet', "
        "write_compression='snappy') as with q as (select 1) select * from q"
    )
    assert sql == (
        "create table if not exists a.b with (external_location = 's3://lake/a,b/', "
        "format = 'PARQUET', partitioned_by = array['x', 'y']) as with q as (select 1) "
        "select * from q"
    )
    assert session == {"awsdatacatalog.compression_codec": "SNAPPY"}


def test_a_table_without_properties_is_parquet_below_the_results():
    sql, _ = translate("create table t as select '(' as x")
    assert sql.startswith("create table t with (external_location = 's3://lake/results/tables/")
    assert sql.endswith("format = 'PARQUET') as select '(' as x")


def test_parameters_take_the_places_of_the_question_marks():
    assert translate("select ?, '?'", "'it''s'")[0] == "select 'it''s', '?'"


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("set session x = 1", "SYNTAX_ERROR: line 1:1: mismatched input 'set'"),
        ("call system.runtime.kill_query('x')", "SYNTAX_ERROR"),
        ("create catalog x using memory", "SYNTAX_ERROR"),
        ("create table t (a int)", "SYNTAX_ERROR"),
        ("create table t with (colour='red') as select 1 x", "INVALID_TABLE_PROPERTY: line 1:1: "),
        ("create table t with (table_type='iceberg') as select 1 x", "NOT_SUPPORTED: table_type"),
    ],
)
def test_what_trino_would_run_and_athena_does_not_is_refused(sql, reason):
    with pytest.raises(AthenaError, match=reason):
        translate(sql)


def kind(name: str, *arguments: object) -> dict:
    return {"rawType": name, "arguments": [{"kind": "TYPE", "value": a} for a in arguments]}


@pytest.mark.parametrize(
    ("value", "signature", "text"),
    [
        (None, kind("bigint"), None),
        ("NaN", kind("double"), "NaN"),
        (1e-5, kind("double"), "1.0E-5"),
        (True, kind("boolean"), "true"),
        ("Af8=", kind("varbinary"), "01 ff"),
        ("2026-01-01 00:00:00", kind("timestamp"), "2026-01-01 00:00:00.000"),
        ("2026-01-01 00:00:00.5 UTC", kind("timestamp with time zone"), "2026-01-01 00:00:00.500 UTC"),
        ("2026-01-01 02:00:00.500 +02:00", kind("timestamp with time zone"), "2026-01-01 02:00:00.500 +02:00"),
        ("2026-01-01 00:00:00.123456", kind("timestamp"), "2026-01-01 00:00:00.123456"),
        ([1, None], kind("array", kind("bigint")), "[1, null]"),
        ({"a": 1.5}, kind("map", kind("varchar"), kind("double")), "{a=1.5}"),
        (
            [1, "x"],
            kind(
                "row",
                {"fieldName": {"name": "n"}, "typeSignature": kind("integer")},
                {"typeSignature": kind("varchar")},
            ),
            "{n=1, field1=x}",
        ),
    ],
)  # fmt: skip
def test_a_cell_is_athenas_text(value, signature, text):
    assert cell(value, signature) == text


RECORDS = [{"eventID": str(n), "requestParameters": {"key": "é\n"}} for n in range(50)]


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("records", [RECORDS, []])
def test_a_cloudtrail_file_is_lines_in_as_many_bytes(packed, indent, records):
    text = json.dumps({"Records": records}, indent=indent).encode()
    data = gzip.compress(text, mtime=0) if packed else text
    lines = as_lines(data, packed)
    assert len(lines) == len(data)
    read = gzip.decompress(lines) if packed else lines
    assert [json.loads(line) for line in read.splitlines() if line.strip()] == records


@pytest.mark.parametrize(
    "data", [b'{"Records": [{"a": 1}', b"not gzip", gzip.compress(b"x", mtime=0)[:-3]]
)
def test_what_cannot_be_read_is_shown_as_it_is(data):
    assert as_lines(data, data[:1] != b"{") == data


def fake_jdk(folder: Path, version: str, *, compiler: bool = True) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    if compiler:
        (folder / "bin" / "javac").touch()
    return folder


def test_a_jdk_is_found_by_java_home_first(tmp_path):
    named, usual = fake_jdk(tmp_path / "named", "24"), fake_jdk(tmp_path / "usual" / "a", "25.0.1")
    assert jdk({"JAVA_HOME": str(named)}, usual.parent) == named


def test_an_old_jdk_and_a_runtime_without_a_compiler_are_passed_over(tmp_path):
    old = fake_jdk(tmp_path / "old", "17.0.2")
    fake_jdk(tmp_path / "usual" / "a-runtime", "25", compiler=False)
    good = fake_jdk(tmp_path / "usual" / "b", "25.0.1")
    assert jdk({"JAVA_HOME": str(old)}, good.parent) == good


def test_without_a_jdk_the_message_says_what_to_install(tmp_path):
    with pytest.raises(NoCoordinator, match=r"JDK 24 or newer.*Temurin 25.*TRINO_URL"):
        jdk({}, tmp_path)


def test_compose_has_a_coordinator_for_who_asks_for_it():
    found = services(LOOK, ENGINE="trino", COMPOSE_PROFILES="trino")
    trino, sandbox = found["trino"], found["sandbox"]
    assert trino["network_mode"] == "service:sandbox"  # Glue and S3 are shown on loopback only
    assert sandbox["environment"]["ENGINE"] == "trino"
    port = sandbox["environment"]["TRINO_URL"].rpartition(":")[2]
    assert f"http-server.http.port={port}\n" in (SOURCE / "config.properties").read_text()


def test_compose_and_the_launcher_have_the_same_trino():
    image = services(LOOK, COMPOSE_PROFILES="trino")["trino"]["image"]
    version = image.rpartition(":")[2]
    assert f"<trino>{version}</trino>" in (SOURCE / "pom.xml").read_text()


@pytest.mark.parametrize(
    ("name", "sizes"), [("decimal", (10, 1)), ("varchar", (10,)), ("char", (3,))]
)
def test_a_column_is_as_wide_as_its_type_says(name, sizes):
    arguments = [{"kind": "LONG", "value": size} for size in sizes]
    described = column({"name": "c", "typeSignature": {"rawType": name, "arguments": arguments}})
    assert (described.type, described.precision, described.scale) == (name, *sizes, 0)[:3]
