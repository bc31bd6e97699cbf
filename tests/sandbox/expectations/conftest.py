"""An account's marts and evidence of one day, written into the sandbox and checked with a suite."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from lacuna.lake.lake import open_lake
from lacuna.settings import Settings
from lacuna.steps import suites
from lacuna.tables import evidence
from tests.support import REPO
from tests.support.clients import share_clients

DAY = date(2026, 11, 20)

# Glue's types as Parquet has them
PARQUET = {
    "string": pa.string(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("ms"),
    "date": pa.date32(),
}


def parquet_type(kind: str) -> pa.DataType:
    """A type of Glue's as Parquet has it."""
    if match := re.fullmatch(r"array<(.*)>", kind):
        return pa.list_(parquet_type(match[1]))
    if match := re.fullmatch(r"struct<(.*)>", kind):
        fields = (field.split(":", 1) for field in match[1].split(","))
        return pa.struct([(name, parquet_type(of)) for name, of in fields])
    return PARQUET[kind]


def glue_type(kind: str) -> str:
    """A type of a mart's yml as Glue has it."""
    if match := re.fullmatch(r"array\((.*)\)", kind):
        return f"array<{glue_type(match[1])}>"
    if match := re.fullmatch(r"row\((.*)\)", kind):
        fields = (field.split(" ", 1) for field in match[1].split(", "))
        return f"struct<{','.join(f'{name}:{glue_type(of)}' for name, of in fields)}>"
    return {"varchar": "string", "integer": "int"}.get(kind, kind)


def mart(name: str) -> dict[str, str]:
    """The columns of a mart, from its yml."""
    path = next((REPO / "dbt_project" / "models").rglob(f"{name}.yml"))
    (model,) = yaml.safe_load(path.read_text())["models"]
    return {column["name"]: glue_type(column["data_type"]) for column in model["columns"]}


# Glue types by column; the partition key comes last
EVIDENCE = {
    table.name: table.columns() | table.partition_columns()
    for table in evidence.TABLES
    if table is not evidence.CHECK_RESULTS
}

MARTS = {
    name: mart(name)
    for name in (
        "fct_automation",
        "fct_bucket_days",
        "fct_cases",
        "fct_deletions",
        "fct_delivery_hours",
        "fct_denied_requests",
        "fct_detection_coverage",
        "fct_external_access",
        "fct_finding_evidence",
        "fct_findings",
        "fct_log_objects",
        "fct_logging_changes",
        "fct_logging_coverage",
        "fct_object_requests",
        "fct_presigned_urls",
        "fct_principal_hours",
        "fct_run_costs",
        "fct_sensitive_access",
        "fct_sessions",
        "fct_traffic",
    )
}


class World:
    """The tables of one day: `rows[table]` is a list of dicts, written before the first check."""

    def __init__(self, url: str) -> None:
        self.name = f"w{uuid.uuid4().hex[:12]}"
        self.s3 = boto3.client("s3", endpoint_url=url)
        self.glue = boto3.client("glue", endpoint_url=url)
        self.written = False
        # columns that no table has, as if an older version had made the lake
        self.missing_columns: set[str] = set()
        self.rows: dict[str, list[dict[str, Any]]] = {table: [] for table in EVIDENCE | MARTS}
        self.rows["catalogued_days"] = [
            {"places": 1, "objects_catalogued": 1, "delivered_on": DAY + timedelta(days=n)}
            for n in (0, 1)
        ]

    def observe(
        self, bucket_name: str, logging_state: str = "on", minutes: int = 15, **fields: Any
    ) -> None:
        """Configuration in a snapshot some minutes after the end of the day."""
        end = datetime.combine(DAY + timedelta(days=1), datetime.min.time())
        seen = end + timedelta(minutes=minutes)
        self.rows["logging_snapshots"].append(
            {
                "account_id": "123456789012",
                "region": "us-east-1",
                "bucket_name": bucket_name,
                "logging_state": logging_state,
                "observed_at": seen,
                "changes_witness": "covered",
                "observed_on": seen.date(),
            }
            | fields
        )

    def observe_account(
        self, account_id: str, state: str, minutes: int = 15, **fields: Any
    ) -> None:
        """An account in a snapshot some minutes after the end of the day."""
        end = datetime.combine(DAY + timedelta(days=1), datetime.min.time())
        seen = end + timedelta(minutes=minutes)
        row = {"account_id": account_id, "state": state, "observed_at": seen}
        self.rows["accounts"].append(row | {"observed_on": seen.date()} | fields)

    def add_hours(self, bucket_name: str, spoiled: dict[int, dict[str, Any]] | None = None) -> None:
        """A bucket whose hours were all delivered, except those that `spoiled` changes."""
        self.observe(bucket_name)
        for hour in range(24):
            delivered = {
                "bucket_name": bucket_name,
                "hour": datetime(2026, 11, 20, hour),
                "status": "delivered",
                "data_event_requests": 10,
                "access_log_completeness": 1.0,
                "data_event_completeness": 1.0,
                "latency_p99_seconds": 3600,
                "judged_as_of": datetime(2026, 11, 22),
            }
            self.rows["fct_delivery_hours"].append(delivered | (spoiled or {}).get(hour, {}))

    def add_verdict(self, bucket_name: str, verdict: str, **fields: Any) -> None:
        """A bucket with an observation and a verdict."""
        self.observe(bucket_name)
        judged = {"bucket_name": bucket_name, "verdict": verdict, "reasons": [], "weaknesses": []}
        self.rows["fct_logging_coverage"].append(judged | fields)

    def add_change(self, effect: str, hour: int = 7, **fields: Any) -> None:
        """A call of Kim about the logging of a bucket."""
        call = {
            "changed_at": datetime(2026, 11, 20, hour),
            "about": "bucket",
            "effect": effect,
            "event_name": "PutBucketLogging",
            "identity_arn": "arn:aws:iam::123456789012:user/kim",
            "event_region": "us-east-1",
            "account_id": "123456789012",
        }
        self.rows["fct_logging_changes"].append(call | fields)

    def add_object(self, object_key: str, **fields: Any) -> None:
        """A log object of 1,000 bytes in 10 lines, delivered and built."""
        where = {"kind": "access_log", "log_bucket": "logs", "object_key": object_key}
        built = where | {
            "source_bucket": "photos-eu",
            "size_bytes": 1000,
            "bytes_read": 1000,
            "lines_parsed": 10,
            "lines_quarantined": 0,
            "lines_duplicate": 0,
            "digest_state": None,
            "status": "accounted",
        }
        self.rows["log_objects"].append(where)
        self.rows["fct_log_objects"].append(built | fields)

    def add_digest(self, object_key: str | None, state: str, hour: int = 13) -> None:
        """A digest of the hour before `hour`."""
        self.rows["trail_digests"].append(
            {
                "trail_arn": "arn:aws:cloudtrail:us-east-1:123456789012:trail/all",
                "region": "eu-west-1",
                "log_bucket": "trail",
                "object_key": object_key,
                "digest_end_at": datetime(2026, 11, 20, hour),
                "state": state,
            }
        )

    def results(self, mart: str, **limits: Any) -> list[evidence.CheckResult]:
        """The results of the suite of `mart` on the sandbox's Athena."""
        if not self.written:
            self.write()
        settings = Settings(lake_bucket=self.name, **limits)
        return suites.check(
            mart,
            DAY,
            open_lake(settings),
            settings,
            marts_database=f"{self.name}_marts",
            evidence_database=f"{self.name}_evidence",
        )

    def findings(self, mart: str, **limits: Any) -> dict[str, evidence.CheckResult]:
        """The failed checks of `mart` by code; every check could be carried out."""
        results = self.results(mart, **limits)
        assert results
        assert [result.message for result in results if result.errored] == []
        return {result.expectation: result for result in results if not result.success}

    def write(self) -> None:
        """Write every table; later changes of `rows` have no effect."""
        self.written = True
        self.s3.create_bucket(Bucket=self.name)
        for schema, tables in (("evidence", EVIDENCE), ("marts", MARTS)):
            self.glue.create_database(DatabaseInput={"Name": f"{self.name}_{schema}"})
            for table, columns in tables.items():
                self.write_table(f"{self.name}_{schema}", table, columns)

    def write_table(self, database: str, table: str, columns: dict[str, str]) -> None:
        """Write one table, in a database that is there."""
        columns = {name: of for name, of in columns.items() if name not in self.missing_columns}
        day_column = "day" if "day" in columns else list(columns)[-1]
        rows = [{day_column: DAY} | row for row in self.rows[table]]
        schema = pa.schema([(name, parquet_type(kind)) for name, kind in columns.items()])
        content = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema), content)
        self.s3.put_object(Bucket=self.name, Key=f"{table}/1.parquet", Body=content.getvalue())
        serde = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
        parquet = "org.apache.hadoop.hive.ql.io.parquet.MapredParquet"
        self.glue.create_table(
            DatabaseName=database,
            TableInput={
                "Name": table,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
                "StorageDescriptor": {
                    "Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()],
                    "Location": f"s3://{self.name}/{table}/",
                    "InputFormat": f"{parquet}InputFormat",
                    "OutputFormat": f"{parquet}OutputFormat",
                    "SerdeInfo": {"SerializationLibrary": serde},
                },
            },
        )


@pytest.fixture(scope="session")
def new_world(sandbox: Any) -> Iterator[Callable[[], World]]:
    """Makes empty worlds; a module breaks one in many places and checks it once."""
    with pytest.MonkeyPatch.context() as environment:
        # PyAthena finds the sandbox as any AWS client does
        environment.setenv("AWS_ENDPOINT_URL", sandbox.url)
        share_clients(environment)
        yield lambda: World(sandbox.url)


@pytest.fixture(scope="session")
def text_of() -> Callable[[evidence.CheckResult], str]:
    """The findings of a result below the head of its message, without the indent."""

    def below_the_head(result: evidence.CheckResult) -> str:
        head, *lines = result.message.split("\n")
        number = result.findings
        assert result.observed == f"{number} offending"
        assert (
            head == f"{result.expectation} of {DAY}: {number} finding{'' if number == 1 else 's'}"
        )
        assert all(line.startswith("  ") for line in lines)
        named = [
            sentence for line in lines for sentence in result.sentences if line[2:] == sentence
        ]
        assert sorted(named) == sorted(result.sentences)
        return "\n".join(line[2:] for line in lines)

    return below_the_head
