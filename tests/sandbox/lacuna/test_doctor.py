"""What `lacuna doctor` tries, keeps and leaves behind."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from lacuna.aws import probes as calls
from lacuna.cli.commands import app
from lacuna.lake import lake as lakes
from lacuna.lake import probes
from lacuna.steps import doctor
from lacuna.tables import raw
from lacuna.tables.evidence import DOCTOR_RESULTS
from tests.sandbox.lacuna.conftest import ACCOUNT

LAKE = f"lacuna-lake-{ACCOUNT}-us-east-1"


def examined(settings) -> dict[str, doctor.Tried]:
    found = list(doctor.examine(lakes.open_lake(settings), settings))
    by_name = {one.probe: one for one in found}
    assert len(by_name) == len(found)
    return by_name


def scratch(cloud) -> list[str]:
    listed = cloud.client("s3").list_objects_v2(Bucket=LAKE, Prefix=probes.SCRATCH)
    tables = cloud.client("glue").get_tables(DatabaseName=raw.DATABASE)["TableList"]
    return [
        *(entry["Key"] for entry in listed.get("Contents", [])),
        *(table["Name"] for table in tables if table["Name"].startswith(probes.TABLE_PREFIX)),
    ]


@pytest.fixture
def few_lines(monkeypatch) -> None:
    monkeypatch.setattr(probes, "MANIFEST_LINES", (20,))


def test_a_sandbox_passes_leaves_nothing_behind_and_keeps_the_results(cloud, settings):
    found = examined(settings)
    outcomes = {name: one.outcome for name, one in found.items()}
    # the sandbox collapses empty folders, as Hadoop's paths do
    assert outcomes.pop("a key with an empty folder (//)") == "differs"
    assert set(outcomes.values()) == {"works"}
    assert "counted in" in found["a manifest of 5,000 lines"].observed
    assert scratch(cloud) == []
    kept = lakes.open_lake(settings).read(DOCTOR_RESULTS, {"tried_on": datetime.now(UTC).date()})
    assert {row["probe"]: row["outcome"] for row in kept} == {
        name: one.outcome for name, one in found.items()
    }


@pytest.mark.parametrize(
    ("operation", "probe", "permission"),
    [
        ("DescribeTrails", "cloudtrail:DescribeTrails", "cloudtrail:DescribeTrails"),
        ("GetBucketEncryption", "s3:GetEncryptionConfiguration", "s3:GetEncryptionConfiguration"),
        ("ListBuckets", "s3:ListAllMyBuckets", "s3:ListAllMyBuckets"),
        ("StartQueryExecution", "a query", "athena:StartQueryExecution"),
        (
            "ListQueryExecutions",
            "history of the workgroup primary",
            "athena:ListQueryExecutions",
        ),
        ("BatchUpdatePartition", "a partition that is moved", "glue:BatchUpdatePartition"),
        ("BatchDeleteTable", "a partition that is moved", "glue:BatchDeleteTable"),
    ],
)
def test_what_is_denied_is_named_with_its_permission(
    cloud, settings, few_lines, operation, probe, permission
):
    code = "AccessDenied" if operation.startswith(("Get", "ListB")) else "AccessDeniedException"
    cloud.faults({"operation": operation, "error": code, "status": 403})
    tried = examined(settings)[probe]
    assert tried.outcome == "denied"
    assert tried.observed.endswith(f"allow {permission}")
    assert tried.then


def test_places_of_logs_are_read_with_the_runs_own_credentials(cloud, settings, few_lines):
    cloud.log_bucket("logs")
    cloud.log_to(cloud.bucket("photos"), "logs", "photos/")
    cloud.client("s3").put_object(Bucket="logs", Key="photos/one", Body=b"a line")
    examined(settings)  # no snapshot yet: no place is known
    from lacuna.steps import snapshot

    snapshot.observe(settings, datetime(2026, 11, 22, tzinfo=UTC))
    name = f"read s3://logs/photos/ as {ACCOUNT}"
    assert examined(settings)[name].observed == "it can be listed and read"
    cloud.faults(
        {"operation": "GetObject", "resource": "logs/*", "error": "AccessDenied", "status": 403}
    )
    tried = examined(settings)[name]
    assert (tried.outcome, "kms:Decrypt" in tried.observed) == ("denied", True)


def test_a_visit_that_was_killed_is_swept_by_the_next(cloud, settings, few_lines):
    left = probes.Scratch(lakes.open_lake(settings))
    left.table([left.put("objects/one", "a line")])
    assert len(scratch(cloud)) == 3
    examined(settings)
    assert scratch(cloud) == []


def test_before_the_first_run_what_needs_no_lake_is_tried(cloud):
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0, result.output
    assert "less than USD" in result.stdout.splitlines()[0]
    assert "not_tried  Athena: there is no lake yet" in result.stdout
    assert cloud.client("s3").list_buckets()["Buckets"] == []


def test_a_denied_call_fails_the_command(cloud, settings, few_lines):
    cloud.faults({"operation": "GetBucketLogging", "error": "AccessDenied", "status": 403})
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert "denied     s3:GetBucketLogging: " in result.stdout


@pytest.mark.parametrize(
    ("attempt", "outcome"),
    [
        (lambda: "seen", "works"),
        (lambda: (_ for _ in ()).throw(calls.Differs("seen")), "differs"),
        (lambda: (_ for _ in ()).throw(calls.NotTried("seen")), "not_tried"),
    ],
)
def test_an_attempt_says_what_was_seen(attempt, outcome):
    tried = doctor.attempt(calls.Probe("probe", attempt, "then this"))
    assert (tried.outcome, tried.observed) == (outcome, "seen")
    assert bool(tried.then) == (outcome == "differs")
