"""Planning and applying, through the APIs, in the sandbox."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from lacuna.access_log.documents import Operation, same
from lacuna.aws import bucket_changes, buckets
from lacuna.lake import lake
from lacuna.refusals import Refusal
from lacuna.remedy import plans
from lacuna.remedy.plans import Change, Plan, PlanError
from lacuna.settings import Settings
from lacuna.steps import remediate, snapshot
from lacuna.steps.remediate import NotApplied
from lacuna.tables.evidence import LOGGING_SNAPSHOTS, REMEDIATIONS
from tests.sandbox.lacuna.conftest import ACCOUNT

MADE_BEFORE = datetime(2026, 11, 20, tzinfo=UTC)
DENY = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "*"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(remediate, "_PAUSES", (0.0, 0.0))


@pytest.fixture
def plan_file(tmp_path):
    return tmp_path / "plans" / "remediation.json"


@pytest.fixture
def account(cloud, settings, monkeypatch):
    """Three sources: one that is logged, one that is not, one whose log bucket lets it not in."""
    monkeypatch.setenv("LACUNA_UNLOGGED_BUCKETS", "lacuna-lake-*")
    for name in ("photos", "quiet", "films", "closed"):
        cloud.bucket(name)
    cloud.log_bucket("logs")
    cloud.log_to("photos", "logs", "web/")
    cloud.log_to("films", "closed", "films/", "EventTime")
    cloud.client("s3").put_bucket_policy(Bucket="closed", Policy=json.dumps({"Statement": DENY}))
    return cloud


@pytest.fixture
def planned(account, plan_file):
    return remediate.write_plan(Settings.from_env(), plan_file, datetime.now(UTC))


def documents(cloud, *names: str) -> dict:
    s3 = cloud.client("s3")
    return {
        name: (
            buckets.read_status(s3, name, ACCOUNT),
            json.loads(found) if (found := buckets.read_policy(s3, name, ACCOUNT)) else None,
        )
        for name in names or ("photos", "quiet", "films", "closed", "logs")
    }


def states(settings) -> dict:
    now = datetime.now(UTC)
    snapshot.observe(settings, now)
    rows = lake.open_lake(settings).read(LOGGING_SNAPSHOTS, {"observed_on": now.date()})
    return {row["bucket_name"]: row["target_state"] for row in rows}


def recorded(settings) -> list[dict]:
    days = {(datetime.now(UTC) - timedelta(days=back)).date() for back in (0, 1)}
    rows = [row for day in days for row in lake.open_lake(settings).read(REMEDIATIONS, {"applied_on": day})]  # fmt: skip
    return sorted(rows, key=lambda row: row["applied_at"])


def outcomes(settings) -> list[tuple]:
    return [(row["bucket_name"], row["outcome"], row["error_code"]) for row in recorded(settings)]


def undo_of(plan_file):
    (found,) = plan_file.parent.glob(f"{plan_file.stem}.undo-*.json")
    return found


def test_planning_changes_nothing_and_needs_no_lake(cloud, plan_file):
    cloud.bucket("quiet")
    cloud.log_bucket("logs")
    changing = ("PutBucketLogging", "DeleteBucketPolicy", "CreateDatabase")
    before = [cloud.calls(operation) for operation in changing]
    plan = remediate.write_plan(Settings.from_env(), plan_file, datetime.now(UTC))
    assert [one.bucket for one in plan.changes] == ["quiet"]
    assert remediate.read_plan(plan_file) == plan
    assert [one["Name"] for one in cloud.client("s3").list_buckets()["Buckets"]] == [
        "logs",
        "quiet",
    ]
    assert [cloud.calls(operation) for operation in changing] == before
    assert cloud.client("s3").get_bucket_logging(Bucket="quiet").get("LoggingEnabled") is None


def test_a_plan_that_is_applied_makes_every_bucket_deliverable(
    account, planned, settings, plan_file
):
    before = documents(account)
    remediate.apply_plan(settings, plan_file)
    assert outcomes(settings) == [("closed", "applied", None), ("quiet", "applied", None)]
    assert states(settings) | {"photos": None} == {
        "photos": None, "quiet": "deliverable", "films": "deliverable",
        "closed": None, "logs": None, "lacuna-lake-123456789012-us-east-1": None,
    }  # fmt: skip
    after = documents(account)
    assert after["closed"][1]["Statement"][0] == DENY
    assert {name: one for name, one in after.items() if name not in {"closed", "quiet"}} == {
        name: one for name, one in before.items() if name not in {"closed", "quiet"}
    }


def test_what_is_recorded_is_what_was_done(account, planned, settings, plan_file):
    remediate.apply_plan(settings, plan_file)
    row = recorded(settings)[-1]
    assert (row["plan_id"], row["undo_of"], row["account_id"]) == (planned.plan_id, None, ACCOUNT)
    assert (row["operation"], row["before"]) == ("PutBucketLogging", "{}")
    assert json.loads(row["after"]) == json.loads(row["found"]) == planned.changes[1].after


def test_the_undo_restores_what_was_there(account, planned, settings, plan_file):
    before = documents(account)
    remediate.apply_plan(settings, plan_file)
    undo = undo_of(plan_file)
    assert remediate.read_plan(undo).undo_of == planned.plan_id
    remediate.apply_plan(settings, undo)
    assert documents(account) == before
    assert [one[:2] for one in outcomes(settings)] == [
        ("closed", "applied"), ("quiet", "applied"), ("quiet", "applied"), ("closed", "applied"),
    ]  # fmt: skip
    # and the plan, whose eyes saw exactly this, can be applied again
    remediate.apply_plan(settings, plan_file)
    assert states(settings)["quiet"] == "deliverable"


def test_an_undo_of_what_was_never_done_changes_nothing(account, settings, plan_file):
    """A stranger's file that would end a log and shut the log service out."""
    before = documents(account)
    s3 = account.client("s3")
    status = buckets.read_status(s3, "photos", ACCOUNT)
    stranger = Plan(
        ACCOUNT,
        "us-east-1",
        datetime.now(UTC),
        (Change("photos", Operation.PUT_LOGGING, status, {}, "tidy up"),),
        undo_of="0123456789abcdef",
    )
    plan_file.parent.mkdir()
    plan_file.write_text(plans.written(stranger))
    with pytest.raises(PlanError, match=r"1 of 1 changes take back .* Apply that plan again"):
        remediate.apply_plan(settings, plan_file)
    assert documents(account, *before) == before
    assert recorded(settings) == []
    assert not list(plan_file.parent.glob("*.undo-*"))


def test_an_undo_that_takes_back_more_than_was_done_is_refused_whole(
    account, planned, settings, plan_file
):
    remediate.apply_plan(settings, plan_file)
    undo = undo_of(plan_file)
    document = json.loads(undo.read_text())
    document["changes"].append({
        **document["changes"][0],
        "bucket": "photos",
        "before": buckets.read_status(account.client("s3"), "photos", ACCOUNT),
    })  # fmt: skip
    undo.write_text(json.dumps(document))
    before = documents(account)
    with pytest.raises(PlanError, match=r"1 of 3 changes .*PutBucketLogging photos"):
        remediate.apply_plan(settings, undo)
    assert documents(account) == before


def encrypted_by_kms(s3) -> None:
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    s3.put_bucket_encryption(Bucket="logs", ServerSideEncryptionConfiguration={"Rules": [default]})


def shut(s3) -> None:
    s3.delete_bucket_policy(Bucket="logs")


def gone(s3) -> None:
    s3.delete_bucket(Bucket="logs")


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (encrypted_by_kms, "target_kms_encryption"),
        (shut, "target_policy_missing"),
        (gone, "target_missing"),
    ],
)
def test_no_log_is_sent_where_none_can_be_delivered_by_now(
    cloud, settings, plan_file, harm, reason
):
    cloud.bucket("quiet")
    cloud.log_bucket("logs")
    remediate.write_plan(settings, plan_file, datetime.now(UTC))
    harm(cloud.client("s3"))
    before = cloud.calls("PutBucketLogging")
    with pytest.raises(NotApplied, match="1 of 1 changes"):
        remediate.apply_plan(settings, plan_file)
    assert outcomes(settings) == [("quiet", "refused", reason)]
    assert documents(cloud, "quiet")["quiet"][0] == {}
    assert cloud.calls("PutBucketLogging") == before


def test_the_plan_is_shown_before_it_is_applied(account, planned, settings, plan_file, caplog):
    shown = []
    with pytest.MonkeyPatch.context() as patch, caplog.at_level("INFO"):
        patch.setattr(bucket_changes, "write", lambda *_: shown.append(caplog.text))
        with pytest.raises(NotApplied):
            remediate.apply_plan(settings, plan_file)
    assert plans.render(planned) in shown[0]


def test_a_policy_that_was_not_there_is_gone_after_the_undo(cloud, settings, plan_file):
    cloud.bucket("films")
    cloud.bucket("bare")
    cloud.log_to("films", "bare", "films/")
    remediate.write_plan(settings, plan_file, datetime.now(UTC))
    remediate.apply_plan(settings, plan_file)
    assert states(settings)["films"] == "deliverable"
    remediate.apply_plan(settings, undo_of(plan_file))
    assert documents(cloud, "bare")["bare"][1] is None


@pytest.mark.parametrize("layout", [None, "EventTime", "DeliveryTime"])
def test_a_target_that_is_gone_is_replaced_and_all_else_kept(cloud, settings, plan_file, layout):
    for name in ("photos", "lost", "gone"):
        cloud.bucket(name)
    cloud.log_bucket("logs")
    cloud.log_to("photos", "logs", "web/")
    s3 = cloud.client("s3")
    s3.put_bucket_ownership_controls(
        Bucket="logs", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    grant = {"Grantee": {"Type": "CanonicalUser", "ID": "79a5"}, "Permission": "READ"}
    enabled = {"TargetBucket": "gone", "TargetPrefix": "kept/", "TargetGrants": [grant]}
    if layout:
        enabled["TargetObjectKeyFormat"] = {"PartitionedPrefix": {"PartitionDateSource": layout}}
    s3.put_bucket_logging(Bucket="lost", BucketLoggingStatus={"LoggingEnabled": enabled})
    before = documents(cloud, "lost")["lost"][0]["LoggingEnabled"]
    assert before["TargetGrants"]
    s3.delete_bucket(Bucket="gone")
    settings = Settings.from_env(
        {**settings_environment(cloud), "LACUNA_UNLOGGED_BUCKETS": "lacuna-*"}
    )
    plan = remediate.write_plan(settings, plan_file, datetime.now(UTC))
    shown = plans.render(plan)
    assert "undo  none: S3 would refuse to go back to gone" in shown
    assert "aws s3api" not in shown
    remediate.apply_plan(settings, plan_file)
    after = documents(cloud, "lost")["lost"][0]
    # and so does the sandbox
    with pytest.raises(ClientError, match="InvalidTargetBucketForLogging"):
        s3.put_bucket_logging(Bucket="lost", BucketLoggingStatus=plan.changes[0].before)
    # moto answers with empty names where a grantee has none
    assert same(
        Operation.PUT_LOGGING, after, {"LoggingEnabled": {**before, "TargetBucket": "logs"}}
    )
    assert after["LoggingEnabled"]["TargetGrants"][0]["Grantee"]["ID"] == "79a5"


def settings_environment(cloud) -> dict[str, str]:
    return {"AWS_ENDPOINT_URL": cloud.url, "AWS_REGION": "us-east-1"}


def test_what_was_changed_in_between_is_stale_and_untouched(account, planned, settings, plan_file):
    account.log_to("quiet", "logs", "by-hand/")
    before = documents(account, "quiet")
    with pytest.raises(NotApplied, match="1 of 2 changes"):
        remediate.apply_plan(settings, plan_file)
    assert outcomes(settings) == [("closed", "applied", None), ("quiet", "stale", None)]
    assert documents(account, "quiet") == before
    assert [one.bucket for one in remediate.read_plan(undo_of(plan_file)).changes] == ["closed"]


def test_what_depends_on_a_stale_change_is_not_made(cloud, settings, plan_file):
    cloud.bucket("photos")
    cloud.bucket("quiet")
    cloud.bucket("other")
    cloud.log_bucket("logs")
    cloud.log_to("photos", "logs", "web/")
    s3 = cloud.client("s3")
    policy = json.loads(s3.get_bucket_policy(Bucket="logs")["Policy"])
    policy["Statement"][0]["Condition"]["ArnLike"] = {"aws:SourceArn": "arn:aws:s3:::photos"}
    s3.put_bucket_policy(Bucket="logs", Policy=json.dumps(policy))
    plan = remediate.write_plan(settings, plan_file, datetime.now(UTC))
    assert [one.bucket for one in plan.changes] == ["logs", "other", "quiet"]
    policy["Statement"].append(DENY)
    s3.put_bucket_policy(Bucket="logs", Policy=json.dumps(policy))
    before = documents(cloud, "logs", "quiet", "other")
    with pytest.raises(NotApplied, match="3 of 3 changes"):
        remediate.apply_plan(settings, plan_file)
    assert [one[1] for one in outcomes(settings)] == ["stale", "skipped", "skipped"]
    assert documents(cloud, "logs", "quiet", "other") == before
    assert not list(plan_file.parent.glob("*.undo-*"))  # there is nothing to undo


def test_a_policy_in_other_words_is_not_stale(account, planned, settings, plan_file):
    reworded = {"Version": "2008-10-17", "Statement": [{**DENY, "Action": ["s3:DeleteObject"]}]}
    account.client("s3").put_bucket_policy(Bucket="closed", Policy=json.dumps(reworded))
    remediate.apply_plan(settings, plan_file)
    assert outcomes(settings)[0] == ("closed", "applied", None)


def test_a_kill_between_the_write_and_the_evidence_loses_nothing(
    account, planned, settings, plan_file
):
    before = documents(account)
    write = bucket_changes.write

    def killed(*arguments):
        write(*arguments)
        raise SystemExit

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bucket_changes, "write", killed)
        patch.setattr(lake.Lake, "append", lambda *_: None)
        with pytest.raises(SystemExit):
            remediate.apply_plan(settings, plan_file)
    assert documents(account) != before
    # whoever stops here has an undo already, which is told what to do first
    early = undo_of(plan_file)
    assert len(remediate.read_plan(early).changes) == 2
    with pytest.raises(PlanError, match="Apply that plan again: its changes are `already` there"):
        remediate.apply_plan(settings, early)
    early.unlink()
    remediate.apply_plan(settings, plan_file)
    assert outcomes(settings) == [("closed", "already", None), ("quiet", "applied", None)]
    remediate.apply_plan(settings, undo_of(plan_file))
    assert documents(account) == before


def test_what_was_done_before_a_failure_is_recorded(
    account, planned, settings, plan_file, monkeypatch
):
    read = bucket_changes.read

    def failing(s3, operation, bucket, account_id):
        if bucket == "quiet":
            raise RuntimeError("a fault of Lacuna")
        return read(s3, operation, bucket, account_id)

    monkeypatch.setattr(bucket_changes, "read", failing)
    with pytest.raises(RuntimeError):
        remediate.apply_plan(settings, plan_file)
    assert outcomes(settings) == [("closed", "applied", None)]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("PutBucketPolicy", [("closed", "refused", "AccessDenied"), ("quiet", "applied", None)]),
        ("PutBucketLogging", [("closed", "applied", None), ("quiet", "refused", "AccessDenied")]),
        ("GetBucketLogging", [("closed", "applied", None), ("quiet", "refused", "AccessDenied")]),
    ],
)
def test_a_refused_call_is_reported_with_its_code(
    account, planned, settings, plan_file, operation, expected
):
    account.faults({"operation": operation, "error": "AccessDenied", "status": 403})
    with pytest.raises(NotApplied, match="1 of 2 changes"):
        remediate.apply_plan(settings, plan_file)
    account.faults()
    assert outcomes(settings) == expected


def test_a_write_whose_answer_was_lost_is_applied_if_it_is_there(
    account, planned, settings, plan_file, monkeypatch
):
    write = bucket_changes.write

    def lost(*arguments):
        write(*arguments)
        return Refusal("PutBucketLogging", "ReadTimeoutError")

    monkeypatch.setattr(bucket_changes, "write", lost)
    remediate.apply_plan(settings, plan_file)
    assert [one[1] for one in outcomes(settings)] == ["applied", "applied"]
    assert len(remediate.read_plan(undo_of(plan_file)).changes) == 2


def test_an_undo_is_written_over_nothing_but_plans(account, planned, settings, plan_file):
    before = documents(account)
    with pytest.raises(PlanError, match=r"ends with \.json"):
        remediate.apply_plan(settings, plan_file, undo_file=plan_file.with_name("dag.py"))
    assert documents(account) == before


def test_a_document_that_is_read_back_differently_is_reported_and_not_undone(
    account, planned, settings, plan_file, monkeypatch
):
    write = bucket_changes.write

    def overtaken(s3, operation, bucket, document, account_id):
        refused = write(s3, operation, bucket, document, account_id)
        if bucket == "quiet":
            account.log_to("quiet", "logs", "by-another/")
        return refused

    monkeypatch.setattr(bucket_changes, "write", overtaken)
    with pytest.raises(NotApplied):
        remediate.apply_plan(settings, plan_file)
    assert outcomes(settings)[1] == ("quiet", "differs", None)
    assert "by-another/" in recorded(settings)[1]["found"]
    assert [one.bucket for one in remediate.read_plan(undo_of(plan_file)).changes] == ["closed"]


def test_another_accounts_plan_is_refused_before_anything_is_done(
    account, planned, settings, plan_file
):
    theirs = plan_file.read_text().replace(ACCOUNT, "210987654321")
    plan_file.write_text(theirs)
    with pytest.raises(PlanError, match="account 210987654321, and this is 123456789012"):
        remediate.apply_plan(settings, plan_file)
    assert recorded(settings) == []
    assert not list(plan_file.parent.glob("*.undo-*"))


def test_a_file_that_was_changed_since_it_was_read_is_refused(
    account, planned, settings, plan_file
):
    with pytest.raises(PlanError, match="somebody has changed the file"):
        remediate.apply_plan(settings, plan_file, plan_id="0123456789abcdef")
    assert recorded(settings) == []


def test_a_person_may_leave_a_change_out(account, planned, settings, plan_file):
    document = json.loads(plan_file.read_text())
    del document["changes"][0]
    plan_file.write_text(json.dumps(document))
    remediate.apply_plan(settings, plan_file)
    assert outcomes(settings) == [("quiet", "applied", None)]


def test_no_lake_no_change(account, planned, settings, plan_file):
    before = documents(account)
    account.faults({"operation": "GetTable", "error": "AccessDeniedException", "status": 400})
    with pytest.raises(Exception, match="cannot prepare the lake's tables"):
        remediate.apply_plan(settings, plan_file)
    assert documents(account) == before


def test_another_role_changes_and_the_runs_own_records(account, planned, plan_file):
    role = "arn:aws:iam::123456789012:role/lacuna-remediation"
    environment = settings_environment(account)
    settings = Settings.from_env({**environment, "LACUNA_REMEDIATION_ROLE": role})
    before = account.calls("AssumeRole")
    account.faults({"operation": "AssumeRole", "error": "AccessDenied", "status": 403})
    with pytest.raises(Exception, match="AssumeRole of LACUNA_REMEDIATION_ROLE failed"):
        remediate.apply_plan(settings, plan_file)
    assert recorded(settings) == []
    account.faults()
    remediate.apply_plan(settings, plan_file)
    assert account.calls("AssumeRole") - before == 2
    assert [one[1] for one in outcomes(settings)] == ["applied", "applied"]


def test_a_plan_that_is_made_anew_leaves_what_was_there_beside_it(cloud, settings, plan_file):
    cloud.log_bucket("logs")
    remediate.write_plan(settings, plan_file, MADE_BEFORE)
    cut, seen = plan_file.read_text(), remediate.read_plan(plan_file)
    remediate.write_plan(settings, plan_file, datetime.now(UTC))
    assert plan_file.with_name(f"{plan_file.stem}.{seen.plan_id}.json").read_text() == cut


def test_the_dag_reads_and_writes_below_its_folder_only(account, settings, tmp_path, monkeypatch):
    monkeypatch.setenv("LACUNA_PLAN_FOLDER", str(tmp_path / "plans"))
    inside, outside = str(tmp_path / "plans" / "x.json"), str(tmp_path / "x.json")
    with pytest.raises(PlanError, match="is outside of"):
        remediate.plan_task({"plan_path": outside})
    remediate.plan_task({"plan_path": inside})
    for paths in ((outside, None), (inside, outside)):
        names = dict(zip(("plan_path", "undo_path"), paths, strict=True))
        with pytest.raises(PlanError, match="is outside of"):
            remediate.apply_task({**names, "plan_id": None})
    assert recorded(settings) == []
    assert [one.name for one in tmp_path.iterdir()] == ["plans"]


def test_an_undo_never_overwrites_a_file(account, planned, settings, plan_file):
    taken = plan_file.with_name("mine.json")
    taken.write_text("mine")
    with pytest.raises(PlanError, match="is not overwritten"):
        remediate.apply_plan(settings, plan_file, undo_file=taken)
    assert taken.read_text() == "mine"
    assert recorded(settings) == []


def test_a_note_says_what_to_deploy_in_a_region_without_a_log_bucket(cloud, settings, plan_file):
    cloud.bucket("far", "eu-west-1")
    cloud.log_bucket("logs")
    plan = remediate.write_plan(settings, plan_file, datetime.now(UTC))
    (note,) = plan.notes
    assert (note.bucket, note.reason) == ("far", "logging_off")
    cloud.log_bucket("eu-logs", "eu-west-1")
    remediate.write_plan(settings, plan_file, datetime.now(UTC))
    remediate.apply_plan(settings, plan_file)
    assert states(settings)["far"] == "deliverable"


def test_every_text_in_a_plan_of_a_hostile_account_is_visible(cloud, settings, plan_file):
    cloud.bucket("films")
    cloud.bucket("closed")
    hostile = {**DENY, "Sid": "\x9b2J\u202e"}
    cloud.client("s3").put_bucket_policy(
        Bucket="closed", Policy=json.dumps({"Statement": [hostile]})
    )
    cloud.log_to("films", "closed", "films/")
    plan = remediate.write_plan(settings, plan_file, datetime.now(UTC))
    assert plan.changes
    assert plans.render(plan).isascii()
    assert plan_file.read_text().isascii()
    remediate.apply_plan(settings, plan_file)
    assert documents(cloud, "closed")["closed"][1]["Statement"][0] == hostile


def secret_by_tag(cloud) -> dict:
    tags = [{"Key": "sensitivity", "Value": "high"}]
    cloud.client("s3").put_bucket_tagging(Bucket="secret-logs", Tagging={"TagSet": tags})
    return {}


def secret_by_tag_alone(cloud) -> dict:
    cloud.faults({"operation": "GetResources", "error": "AccessDeniedException", "status": 400})
    return secret_by_tag(cloud)


def secret_by_name(cloud) -> dict:
    return {"LACUNA_SENSITIVE_BUCKETS": "secret-*"}


def secret_by_table(cloud) -> dict:
    cloud.bucket("governance")
    s3, glue = cloud.client("s3"), cloud.client("glue")
    s3.put_object(Bucket="governance", Key="buckets/1.csv", Body=b"secret-logs,high\nlogs,low\n")
    columns = [{"Name": name, "Type": "string"} for name in ("bucket_name", "sensitivity")]
    table = {
        "Name": "buckets",
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {
            "Columns": columns,
            "Location": "s3://governance/buckets/",
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde"},
        },
    }
    glue.create_database(DatabaseInput={"Name": "governance"})
    glue.create_table(DatabaseName="governance", TableInput=table)
    return {"LACUNA_SENSITIVITY_TABLE": "governance.buckets"}


@pytest.fixture
def two_log_buckets(cloud, settings):
    """`secret-logs`, which serves most, and `logs`."""
    for name in ("a", "b", "c"):
        cloud.bucket(f"source-{name}")
    for name in ("logs", "secret-logs"):
        cloud.log_bucket(name)
    cloud.log_to("source-a", "secret-logs", "a/")
    cloud.log_to("source-b", "secret-logs", "b/")
    cloud.log_to("source-c", "logs", "c/")
    cloud.bucket("quiet")
    return cloud


def sent(cloud, plan_file, **environment: str) -> dict:
    """Where a plan sends the logs of which buckets."""
    chosen = {"LACUNA_UNLOGGED_BUCKETS": "lacuna-*,governance", **environment}
    settings = Settings.from_env({**settings_environment(cloud), **chosen})
    plan = remediate.write_plan(settings, plan_file, datetime.now(UTC))
    return {one.bucket: one.after["LoggingEnabled"]["TargetBucket"] for one in plan.changes}


@pytest.mark.parametrize(
    "secret", [secret_by_tag, secret_by_tag_alone, secret_by_name, secret_by_table]
)
def test_no_log_is_sent_to_a_sensitive_bucket(two_log_buckets, plan_file, secret):
    assert sent(two_log_buckets, plan_file) == {"quiet": "secret-logs"}
    assert sent(two_log_buckets, plan_file, **secret(two_log_buckets)) == {"quiet": "logs"}


def test_no_log_is_sent_to_a_bucket_of_unknown_sensitivity(two_log_buckets, plan_file, caplog):
    denied = {"error": "AccessDenied", "status": 403}
    two_log_buckets.faults(
        {"operation": "GetResources"} | denied,
        {"operation": "GetBucketTagging", "resource": "secret-logs"} | denied,
    )
    assert sent(two_log_buckets, plan_file) == {"quiet": "logs"}
    assert "secret-logs: GetBucketTagging refused (AccessDenied)" in caplog.text
    missing = {"LACUNA_SENSITIVITY_TABLE": "governance.none"}
    two_log_buckets.faults()
    assert sent(two_log_buckets, plan_file, **missing) == {}
    (note,) = remediate.read_plan(plan_file).notes
    assert "unknown if logs, secret-logs is sensitive" in note.text
