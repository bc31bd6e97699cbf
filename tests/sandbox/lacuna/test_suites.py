"""How the results of Great Expectations become evidence. The suites: tests/sandbox/expectations."""

from __future__ import annotations

from datetime import date

import boto3
import pytest
from sqlalchemy import create_engine

from lacuna.lake import athena
from lacuna.lake.lake import open_lake
from lacuna.settings import Settings
from lacuna.steps import gate, suites
from sandbox.athena.faults import Fault

DAY = date(2026, 11, 20)


@pytest.fixture
def environment(sandbox, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.url)
    lake = open_lake(Settings())
    boto3.client("s3", endpoint_url=sandbox.url).create_bucket(Bucket=lake.bucket)
    return lake


def test_a_check_that_cannot_be_carried_out_is_errored_and_claims_nothing_about_the_data(
    environment,
):
    results = suites.check(
        "fct_delivery_hours", DAY, environment, Settings(), marts_database="no_such_database"
    )
    assert {(r.success, r.errored, r.observed, r.offending, r.findings) for r in results} == {
        (False, True, "", (), None)
    }
    lost = next(r for r in results if r.expectation == "hour_lost")
    assert lost.message.startswith(
        "the check hour_lost of fct_delivery_hours on 2026-11-20 could not be carried out: "
    )
    assert "no_such_database" in lost.cause
    assert lost.message.endswith(lost.cause)
    assert "select" not in lost.message.lower()


@pytest.mark.parametrize("part", ["_batch", "_patiently"])
def test_a_suite_that_cannot_begin_or_raises_leaves_every_check_errored(
    environment, monkeypatch, part
):
    def raising(*_: object) -> None:
        raise ImportError("no \x1b module\n[SQL: select 1]")

    monkeypatch.setattr(suites, part, raising)
    results = suites.check("fct_delivery_hours", DAY, environment, Settings())
    assert "hours_not_judged" in {result.expectation for result in results}
    assert {(r.success, r.errored, r.cause, r.findings, r.sentences) for r in results} == {
        (False, True, "no \\x1b module", None, ())
    }
    assert gate.withheld(results, []) == [f"event_date={DAY}"]


def test_one_result_is_kept_for_each_expectation_of_the_suite(environment):
    results = suites.check(
        "fct_log_objects", DAY, environment, Settings(), marts_database="no_such_database"
    )
    codes = [result.expectation for result in results]
    assert len(codes) == len(set(codes)) > 10
    assert {(r.suite, r.partition_day) for r in results} == {("fct_log_objects", DAY)}


def test_athena_is_addressed_with_the_settings(environment):
    settings = Settings(region="eu-west-1", workgroup="audit", lake_bucket="the-lake")
    engine = create_engine(suites.athena_url(open_lake(settings), "lacuna"))
    _, options = engine.dialect.create_connect_args(engine.url)
    assert options == {
        "aws_access_key_id": None,
        "aws_secret_access_key": None,
        "region_name": "eu-west-1",
        "schema_name": "lacuna",
        "s3_staging_dir": "s3://the-lake/athena-results/",
        "work_group": "audit",
        "poll_interval": 0.2,
    }


def test_the_findings_of_a_result_have_one_item_each_in_every_array(environment, sandbox):
    client = boto3.client("glue", endpoint_url=sandbox.url)
    client.create_database(DatabaseInput={"Name": "few"})
    athena.rows(
        environment,
        "create table few.fct_logging_changes as select * from (values "
        "(timestamp '2026-11-20 07:00:00.000', 'bucket', 'photos', cast(null as varchar), 'off', "
        "'PutBucketLogging', cast(null as varchar), 'kim', 'us-east-1', '1', date '2026-11-20'), "
        "(timestamp '2026-11-20 08:00:00.000', 'trail', null, 'main', 'off', 'StopLogging', null, "
        "'kim', 'us-east-1', '1', date '2026-11-20')) as changes (changed_at, about, bucket_name, "
        "trail_name, effect, event_name, error_code, identity_arn, event_region, account_id, "
        "event_date)",
    )
    results = suites.check(
        "fct_logging_changes", DAY, environment, Settings(), marts_database="few"
    )
    weakened = next(r for r in results if r.expectation == "logging_weakened")
    assert (weakened.findings, weakened.cause) == (2, None)
    assert weakened.offending == ("main", "photos")
    assert [sentence.split(" at ")[0] for sentence in weakened.sentences] == [
        "kim called StopLogging on main",
        "kim called PutBucketLogging on photos",
    ]
    assert weakened.to_do == weakened.bucket_names == ("", "")
    assert weakened.query_of_all.startswith("with batch as (select * from few.fct_logging_changes")
    passed = next(r for r in results if r.expectation == "tags_changed")
    assert (passed.findings, passed.sentences) == (0, ())
    assert passed.message == "Did all bucket tags stay as they were? Yes."


def test_a_check_whose_query_s3_slowed_down_is_carried_out_again(environment, sandbox, monkeypatch):
    client = boto3.client("glue", endpoint_url=sandbox.url)
    client.create_database(DatabaseInput={"Name": "slow"})
    row = "2026-11-20 07:00:00.000|bucket|photos|\\N|off|PutBucketLogging|\\N|lee|us-east-1|1|2026-11-20"
    boto3.client("s3").put_object(Bucket=environment.bucket, Key="slow/a", Body=row.encode())
    athena.rows(
        environment,
        "create external table slow.fct_logging_changes (changed_at timestamp, about string, "
        "bucket_name string, trail_name string, effect string, event_name string, "
        "error_code string, identity_arn string, event_region string, account_id string, "
        "event_date date) row format delimited fields terminated by '|' "
        f"location 's3://{environment.bucket}/slow/'",
    )
    monkeypatch.setattr(athena, "RETRY_WAITS", (0.0, 0.0))
    slow = Fault("GetObject", error="SlowDown", status=503, times=1)
    sandbox.book.replace([slow])
    results = suites.check(
        "fct_logging_changes", DAY, environment, Settings(), marts_database="slow"
    )
    sandbox.book.replace([])
    assert slow.fired == 1
    assert not any(athena.is_transient(result.cause or "") for result in results)
    assert next(r for r in results if r.expectation == "logging_weakened").findings == 1
    codes = [result.expectation for result in results]
    assert len(codes) == len(set(codes))
