"""How what Great Expectations found becomes evidence in words. The suites: tests/sandbox/expectations."""

from __future__ import annotations

from datetime import date

import boto3
import pytest
from sqlalchemy import create_engine

from lacuna.lake.lake import open_lake
from lacuna.settings import Settings
from lacuna.steps import suites

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
    assert {(r.success, r.errored, r.observed, r.offending) for r in results} == {
        (False, True, "", ())
    }
    lost = next(r for r in results if r.expectation == "hour_lost")
    assert lost.message.startswith(
        "the check hour_lost of fct_delivery_hours on 2026-11-20 could not be carried out: "
    )
    assert "no_such_database" in lost.message
    assert "select" not in lost.message.lower()


def test_one_result_is_kept_for_each_expectation_of_the_suite(environment):
    results = suites.check(
        "fct_log_objects", DAY, environment, Settings(), marts_database="no_such_database"
    )
    codes = [result.expectation for result in results]
    assert len(codes) == len(set(codes)) == 15
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


@pytest.mark.parametrize(
    ("sentences", "more", "lines"),
    [
        (["a is off"], "", ["head", "  a is off"]),
        (
            ["a is off\nmend", "b is off\nmend"],
            "",
            ["head", "  a is off", "  b is off", "    to do: mend"],
        ),
        (list("abc"), "and 7 more", ["head", "  a", "  b", "  c", "  and 7 more"]),
        # above the cure of others it would seem to be theirs too
        (
            ["a is lost", "b is off\nmend"],
            "",
            ["head", "  b is off", "    to do: mend", "  a is lost"],
        ),
    ],
)
def test_a_message_is_a_head_and_a_line_for_each_finding(sentences, more, lines):
    assert suites.in_words("head", sentences, more).split("\n") == lines


@pytest.mark.parametrize(
    ("sentences", "more"),
    [
        (["a is off"], ""),
        (["a is off\nmend", "b is off\nmend", "c is off\nturn on", "d is lost"], ""),
        (["a is off\nmend"], "and 1,007 more; all: with batch as (select 1) order by 1"),
    ],
)
def test_findings_are_read_out_of_a_message_as_they_were_put_in(sentences, more):
    found, left = suites.out_of_words(suites.in_words("head", sentences, more))
    assert found == [tuple(f"{one}\n".split("\n")[:2]) for one in sentences]
    assert left == more


def test_a_message_of_one_line_is_its_own_finding():
    assert suites.out_of_words("the check could not be done") == (
        [("the check could not be done", "")],
        "",
    )
