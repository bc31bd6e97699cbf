"""`lacuna remediate` as its users start it: a plan, its application, and its undo, through Airflow."""

import json

import pytest

from tests.days.conftest import Started


@pytest.fixture(scope="module")
def account(empty):
    s3 = empty.client("s3")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::acme-logs/*",
    }
    for name in ("acme-logs", "quiet"):
        s3.create_bucket(Bucket=name)
    s3.put_bucket_policy(Bucket="acme-logs", Policy=json.dumps({"Statement": [statement]}))
    return empty


def remediate(account, *arguments: str) -> tuple[int, str]:
    with Started(["remediate", *arguments], account.environment) as started:
        said = started.stdout.read()
        return started.wait(), said


def logging_of(account) -> dict | None:
    return account.client("s3").get_bucket_logging(Bucket="quiet").get("LoggingEnabled")


@pytest.mark.long
def test_a_plan_is_shown_applied_and_undone(account, tmp_path):
    """Four commands, each of which starts Airflow as its user would.

    In the fast rings, tests/sandbox/lacuna/test_remediate.py proves plan, apply and undo, and
    test_command_line.py the command.
    """
    plan = tmp_path / "remediation.json"
    code, said = remediate(account, "--plan", str(plan))
    assert code == 0, said
    assert '+    "TargetBucket": "acme-logs"' in said
    assert f"make remediate APPLY=1 PLAN={plan}" in said
    assert logging_of(account) is None

    account.client("s3").put_bucket_logging(
        Bucket="quiet",
        BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "acme-logs", "TargetPrefix": "x/"}},
    )
    code, said = remediate(account, "--apply", "--plan", str(plan))
    assert code == 1, said
    assert "stale     PutBucketLogging  quiet" in said
    assert "Traceback" not in said
    assert logging_of(account)["TargetPrefix"] == "x/"
    account.client("s3").put_bucket_logging(Bucket="quiet", BucketLoggingStatus={})

    code, said = remediate(account, "--apply", "--plan", str(plan))
    assert code == 0, said
    assert said.index('+    "TargetBucket": "acme-logs"') < said.index("applied   PutBucketLogging")
    assert logging_of(account)["TargetBucket"] == "acme-logs"
    (undo,) = tmp_path.glob("*.undo-*.json")
    assert f"make remediate APPLY=1 PLAN={undo}" in said

    code, said = remediate(account, "--apply", "--plan", str(undo))
    assert code == 0, said
    assert logging_of(account) is None
    rows = account.rows(
        "select outcome, undo_of from lacuna_evidence.remediations order by applied_at"
    )
    assert [row["outcome"] for row in rows] == ["stale", "applied", "applied"]
    assert [row["undo_of"] is None for row in rows] == [True, True, False]
