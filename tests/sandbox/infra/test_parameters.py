"""What a template takes as a parameter. The sandbox does not enforce patterns, so they are tried by hand."""

from __future__ import annotations

import re

import pytest

from tests.sandbox.infra.conftest import INFRA, template

BUCKETS = [
    ("lacuna", "LogBucketArns"),
    ("log_bucket", "SourceBucketArns"),
    ("member", "LogBucketArns"),
    ("remediation", "LogBucketArns"),
    ("remediation", "SourceBucketArns"),
    ("trail", "SensitiveBucketArns"),
]
CALLERS = [("lacuna", "RunnerArn"), ("member", "ReaderArn"), ("remediation", "RunnerArn")]


def taken(name: str, parameter: str, value: str) -> bool:
    return bool(re.fullmatch(template(name)["Parameters"][parameter]["AllowedPattern"], value))


def test_these_are_all_the_parameters_that_take_arns() -> None:
    found = {
        (path.stem, parameter)
        for path in INFRA.glob("*.yaml")
        for parameter in template(path.stem)["Parameters"]
        if parameter.endswith(("Arn", "Arns"))
    }
    others = {("lacuna", "KmsKeyArn"), ("lacuna", "AnalystWorkgroupArns")}
    assert found == {*BUCKETS, *CALLERS, *others}


@pytest.mark.parametrize(("name", "parameter"), BUCKETS)
@pytest.mark.parametrize(
    "star",
    [
        "*",
        "arn:aws:s3:::*",
        "arn:*:s3:::*",
        "arn:aws:s3:::**",
        "arn:aws:s3:::???*",
        "arn:aws:s3:::a*",
    ],
)
def test_no_template_takes_a_bare_star(name: str, parameter: str, star: str) -> None:
    assert not taken(name, parameter, star)
    assert "*" not in template(name)["Parameters"][parameter].get("Default", "")


@pytest.mark.parametrize(("name", "parameter"), BUCKETS[:-1])
@pytest.mark.parametrize(
    "arn", ["arn:aws:s3:::acme-logs", "arn:aws-us-gov:s3:::acme.logs", "arn:aws:s3:::acme-*-logs*"]
)
def test_buckets_are_named_whole_or_by_their_beginning(name: str, parameter: str, arn: str) -> None:
    assert taken(name, parameter, arn)


def test_a_workgroup_is_named_whole() -> None:
    arn = "arn:aws:athena:eu-west-1:123456789012:workgroup/"
    assert taken("lacuna", "AnalystWorkgroupArns", f"{arn}reports")
    assert not taken("lacuna", "AnalystWorkgroupArns", f"{arn}*")


def test_a_key_is_named_whole() -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key"
    for value in ("", f"{key}/1234abcd-12ab-34cd-56ef-1234567890ab", f"{key}/mrk-1234"):
        assert taken("lacuna", "KmsKeyArn", value)
    for value in ("*", f"{key}/*", "arn:aws:kms:eu-west-1:123456789012:alias/lake"):
        assert not taken("lacuna", "KmsKeyArn", value)


@pytest.mark.parametrize(("name", "parameter"), CALLERS)
@pytest.mark.parametrize(
    ("arn", "allowed"),
    [
        ("arn:aws:iam::123456789012:role/airflow", True),
        ("arn:aws:iam::123456789012:role/service-role/airflow", True),
        ("arn:aws-cn:iam::123456789012:user/ann@example.com", True),
        # everybody of the account
        ("arn:aws:iam::123456789012:root", False),
        ("arn:aws:iam::123456789012:role/*", False),
        ("arn:aws:iam::*:role/airflow", False),
        ("*", False),
    ],
)
def test_a_role_is_for_one_role_or_user(name: str, parameter: str, arn: str, allowed: bool) -> None:
    assert taken(name, parameter, arn) is allowed
