"""What is planned for which bucket, and what is kept while it is mended."""

import copy
import fnmatch
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna.access_log import documents, policies
from lacuna.access_log.documents import Operation
from lacuna.access_log.policies import Request
from lacuna.access_log.sources import Source
from lacuna.access_log.targets import (
    Existence,
    TargetConfig,
    TargetState,
    judge,
    log_request,
)
from lacuna.refusals import Refusal
from lacuna.remedy import planner, plans
from lacuna.remedy.planner import BucketSeen, Place, log_statement, with_statement

ACCOUNT, REGION = "123456789012", "eu-west-1"
PLACE = Place(ACCOUNT, "aws", REGION, datetime(2026, 11, 22, tzinfo=UTC))
GRANTS = [{"Grantee": {"Type": "CanonicalUser", "ID": "79a5"}, "Permission": "READ"}]
FORMATS = {
    "simple": None,
    "event_time": {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}},
    "delivery_time": {"PartitionedPrefix": {"PartitionDateSource": "DeliveryTime"}},
}


def statement(bucket: str, source: str = "*", **changes: object) -> dict:
    return {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{source}"}},
        **changes,
    }


def policy(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def log_bucket(name: str = "logs", **fields) -> TargetConfig:
    return TargetConfig(
        **{"bucket_name": name, "existence": Existence.OURS, "region": REGION,
           "policy": policy(statement(name))} | fields
    )  # fmt: skip


def off(name: str, region: str = REGION, **fields) -> BucketSeen:
    return BucketSeen(name, region, {}, **{"is_sensitive": False} | fields)


def on(
    name: str,
    target: str = "logs",
    prefix: str = "web/",
    layout: str = "simple",
    grants: bool = False,
    region: str = REGION,
) -> BucketSeen:
    enabled = {"TargetBucket": target, "TargetPrefix": prefix}
    if FORMATS[layout]:
        enabled["TargetObjectKeyFormat"] = FORMATS[layout]
    if grants:
        enabled["TargetGrants"] = GRANTS
    source = Source(name, region, ACCOUNT, prefix, layout, grants)
    status = {"LoggingEnabled": enabled}
    return BucketSeen(name, region, status, source=source, is_sensitive=False)


def make(seen: list[BucketSeen], *configs: TargetConfig, spared: str = "") -> plans.Plan:
    """The plan, which holds nothing that its own file would be refused for.

    A log bucket of the account that is not among `seen` is one that nothing is amiss with.
    """
    by_name = {one.bucket_name: one for one in configs}
    named = {one.name for one in seen}
    seen = [*seen, *(off(one.bucket_name, one.region or REGION) for one in configs
                     if one.existence is Existence.OURS and one.bucket_name not in named)]  # fmt: skip
    found = planner.make(PLACE, seen, by_name, lambda name: fnmatch.fnmatchcase(name, spared))
    assert plans.read(plans.written(found)) == found
    return found


def noted(plan: plans.Plan) -> list[tuple[str, str]]:
    return [(one.bucket, one.reason) for one in plan.notes]


# ---- logging that is off ---------------------------------------------------------------------


def test_logging_that_is_off_is_turned_on_by_delivery_time():
    (change,) = make([on("photos"), off("quiet")], log_bucket()).changes
    assert (change.bucket, change.operation) == ("quiet", Operation.PUT_LOGGING)
    assert change.before == {}
    assert change.after == {
        "LoggingEnabled": {
            "TargetBucket": "logs",
            "TargetPrefix": "access-logs/",
            "TargetObjectKeyFormat": FORMATS["delivery_time"],
        }
    }
    assert change.why.startswith("logging_off")


def test_the_log_bucket_is_the_one_that_serves_most_and_its_prefix_is_kept_to():
    seen = [
        on("a", "few"),
        on("b", "many", "all/", "delivery_time"),
        on("c", "many", "all/", "delivery_time"),
        off("quiet"),
    ]
    (change,) = make(seen, log_bucket("few"), log_bucket("many")).changes
    enabled = change.after["LoggingEnabled"]
    assert (enabled["TargetBucket"], enabled["TargetPrefix"]) == ("many", "all/")


def test_one_that_something_forbids_is_not_chosen_however_many_it_serves():
    seen = [on("a", "many"), on("b", "many", "b/"), on("c", "few"), off("quiet")]
    kms = log_bucket("many", encryption="aws:kms")
    plan = make(seen, kms, log_bucket("few"))
    assert [one.after["LoggingEnabled"]["TargetBucket"] for one in plan.changes] == ["few"]
    assert ("a", "target_kms_encryption") in noted(plan)


def test_an_unused_log_bucket_is_found_by_its_policy_and_left_alone():
    welcoming = off("logs", policy=log_bucket().policy)
    (change,) = make([welcoming, off("quiet")], log_bucket()).changes
    assert change.bucket == "quiet"


@pytest.mark.parametrize(
    "config",
    [
        log_bucket(region="us-east-1"),
        log_bucket(existence=Existence.OTHER_ACCOUNT),
        log_bucket(requester_pays=True),
        log_bucket(policy=Refusal("GetBucketPolicy", "AccessDenied")),
        log_bucket(encryption=Refusal("GetBucketEncryption", "AccessDenied")),
        log_bucket(object_lock="on"),
    ],
)
def test_without_a_suitable_log_bucket_a_note_says_to_deploy_one(config):
    plan = make([off("quiet"), off("logs", policy=log_bucket().policy)], config)
    assert plan.changes == ()
    (note,) = plan.notes
    assert (note.bucket, note.reason) == ("quiet", "logging_off")
    assert "eu-west-1" in note.text
    assert "deploy infra/log_bucket.yaml" in note.text


def test_no_log_goes_where_it_would_mix_with_another_or_start_a_ring():
    everything = on("photos", prefix="")  # the root of the log bucket, every key below it
    assert make([everything, off("quiet")], log_bucket()).changes == ()
    itself = [on("logs", "logs", "own/"), on("photos"), off("quiet")]
    assert [one.bucket for one in make(itself, log_bucket()).changes] == []


def test_log_buckets_and_what_is_meant_not_to_be_logged_are_left_alone():
    plan = make([on("photos"), off("logs"), off("scratch-1")], log_bucket(), spared="scratch-*")
    assert (plan.changes, plan.notes) == ((), ())


def test_a_bucket_that_could_not_be_read_is_left_alone():
    refused = BucketSeen("secret", REGION, Refusal("GetBucketLogging", "AccessDenied"))
    plan = make([refused, on("photos")], log_bucket())
    assert plan.changes == ()
    assert noted(plan) == [("secret", "logging_unreadable")]


def test_one_that_lets_in_some_gets_a_statement_first():
    some = log_bucket(policy=policy(statement("logs", "photos")))
    plan = make([on("photos"), off("quiet")], some)
    let_in, turn_on = plan.changes
    assert (let_in.bucket, let_in.operation) == ("logs", Operation.PUT_POLICY)
    assert turn_on.bucket == "quiet"
    assert plans.depends(turn_on, let_in)
    source = Source("quiet", REGION, ACCOUNT, "access-logs/", "delivery_time")
    mended = replace(some, policy=json.dumps(let_in.after))
    assert judge(source, mended).state is TargetState.DELIVERABLE


def test_one_that_needs_no_statement_comes_first():
    seen = [on("a", "many"), on("b", "many", "b/"), on("c", "few"), off("quiet")]
    some = log_bucket("many", policy=policy(statement("many", "a"), statement("many", "b")))
    (change,) = make(seen, some, log_bucket("few")).changes
    assert change.after["LoggingEnabled"]["TargetBucket"] == "few"


def test_a_log_bucket_that_may_be_sensitive_is_never_offered():
    many = [on("a", "many"), on("b", "many", "b/"), on("c", "few"), off("quiet")]
    lost = on("lost", "gone", "kept/")
    configs = [log_bucket("many"), log_bucket("few"), TargetConfig("gone", Existence.MISSING)]
    for is_sensitive in (True, None):
        secret = off("many", is_sensitive=is_sensitive)
        plan = make([*many, lost, secret], *configs)
        targets = {one.bucket: one.after["LoggingEnabled"]["TargetBucket"] for one in plan.changes}
        assert targets == {"quiet": "few", "lost": "few"}
    # one that is no longer listed, too
    by_name = {one.bucket_name: one for one in configs}
    assert planner.make(PLACE, [*many, lost], by_name, lambda _: False).changes == ()


@pytest.mark.parametrize("is_sensitive", [True, None])
def test_the_note_names_log_buckets_whose_sensitivity_is_unknown(is_sensitive):
    plan = make([on("photos"), off("quiet"), off("logs", is_sensitive=is_sensitive)], log_bucket())
    assert plan.changes == ()
    (note,) = plan.notes
    assert (note.bucket, note.reason) == ("quiet", "logging_off")
    assert ("unknown if logs is sensitive" in note.text) == (is_sensitive is None)


def test_a_source_that_already_logs_to_a_sensitive_bucket_gets_its_statement():
    """Where a log goes that is on is its owner's choice, and the statement opens nothing else."""
    seen = [on("photos"), off("logs", is_sensitive=True)]
    (change,) = make(seen, log_bucket(policy=None)).changes
    assert (change.bucket, change.operation) == ("logs", Operation.PUT_POLICY)


def test_a_log_bucket_whose_own_log_would_make_a_chain_is_not_chosen():
    """A third bucket behind it records every object that is delivered to the second."""
    audit, vault = log_bucket("audit"), log_bucket("vault")
    seen = [on("a"), on("b", prefix="b/"), off("quiet"), on("logs", "audit", "logs/")]
    (change,) = make([*seen, off("audit")], log_bucket(), audit).changes
    assert change.after["LoggingEnabled"]["TargetBucket"] == "logs"
    chained = [*seen, on("audit", "vault", "audit/"), off("vault")]
    plan = make(chained, log_bucket(), audit, vault)
    # `logs` serves most; `audit` makes no chain
    (change,) = plan.changes
    assert change.after["LoggingEnabled"]["TargetBucket"] == "audit"


@pytest.mark.parametrize("layout", ["simple", "event_time", "delivery_time"])
def test_a_prefix_that_one_source_alone_has_is_its_own(layout):
    seen = [on("src1", prefix="src1/", layout=layout), off("quiet")]
    (change,) = make(seen, log_bucket()).changes
    assert change.after["LoggingEnabled"]["TargetPrefix"] == "access-logs/"


def test_one_that_serves_some_comes_before_one_that_is_open_and_serves_none():
    seen = [on("a", "used"), on("b", "used", "b/"), off("idle", policy=log_bucket("idle").policy)]
    some = log_bucket("used", policy=policy(statement("used", "a"), statement("used", "b")))
    let_in, turn_on = make([*seen, off("quiet")], some, log_bucket("idle")).changes
    assert (let_in.bucket, let_in.operation) == ("used", Operation.PUT_POLICY)
    assert turn_on.after["LoggingEnabled"]["TargetBucket"] == "used"


def test_an_unused_log_bucket_for_other_sources_gets_no_statement():
    meant = log_bucket(policy=policy(statement("logs", "web-*")))
    plan = make([off("logs", policy=meant.policy), off("quiet"), off("web-shop")], meant)
    assert [one.bucket for one in plan.changes] == ["web-shop"]
    assert noted(plan) == [("quiet", "logging_off")]


# ---- a policy that does not let the log service in -------------------------------------------


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("prefix", ["", "web/", "no-slash"])
@pytest.mark.parametrize("before", [None, policy(statement("logs", "films"))])
def test_a_missing_permission_is_one_statement_for_the_prefix_that_is_written(
    layout, prefix, before
):
    photos = on("photos", prefix=prefix, layout=layout)
    config = log_bucket(policy=before)
    (change,) = make([photos], config).changes
    *kept, added = documents.statements(change.after)
    assert kept == (documents.statements(json.loads(before)) if before else [])
    place = "" if layout == "simple" else f"{ACCOUNT}/{REGION}/photos/"
    assert added["Resource"] == f"arn:aws:s3:::logs/{prefix}{place}*"
    assert added["Condition"] == {
        "ArnLike": {"aws:SourceArn": "arn:aws:s3:::photos"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
    mended = replace(config, policy=json.dumps(change.after))
    assert judge(photos.source, mended).state is TargetState.DELIVERABLE


def test_several_sources_of_a_log_bucket_are_let_in_at_once():
    seen = [on("a", prefix="a/"), on("b", prefix="b/")]
    (change,) = make(seen, log_bucket(policy=None)).changes
    assert len(change.after["Statement"]) == 2
    assert change.why == "a: target_policy_missing; b: target_policy_missing"


@pytest.mark.parametrize("single", [True, False])
def test_whatever_else_a_policy_says_stays_as_it_is(single):
    strange = {
        "Sid": "Häh",
        "Effect": "Allow",
        "NotPrincipal": {"Federated": ["x", "y"]},
        "NotAction": ["s3:Get*"],
        "Resource": "arn:aws:s3:::${aws:username}",
        "Condition": {"NewOperator": {"a:b": [True, 7, "x"]}},
        "New": {"b": [[1.5]], "a": None},
    }
    before = {
        "Version": "2008-10-17",
        "Id": "theirs",
        "Statement": strange if single else [strange],
    }
    (change,) = make([on("photos")], log_bucket(policy=json.dumps(before))).changes
    assert change.before == before
    assert {**change.after, "Statement": 0} == {**before, "Statement": 0}
    assert change.after["Statement"][0] == strange
    assert len(change.after["Statement"]) == 2


def test_a_statement_also_repairs_disabled_acls_and_arns_of_another_partition():
    grants = frozenset({"WRITE", "READ_ACP"})
    plan = make([on("photos")], log_bucket(policy=None, log_delivery_grants=grants))
    assert plan.changes[0].why == "photos: target_acl_disabled"
    elsewhere = policy(statement("logs")).replace("arn:aws:", "arn:aws-cn:")
    plan = make([on("photos")], log_bucket(policy=elsewhere))
    assert plan.changes[0].why == "photos: target_policy_other_partition"


def test_a_statement_that_was_changed_by_hand_is_not_written_over():
    source = on("photos").source
    ours = {**log_statement(source, "logs"), "Action": "s3:GetObject"}
    (change,) = make([on("photos")], log_bucket(policy=policy(ours))).changes
    kept, added = change.after["Statement"]
    assert kept == ours
    assert added["Sid"] != kept["Sid"]
    assert judge(source, log_bucket(policy=json.dumps(change.after))).state == "deliverable"


@pytest.mark.parametrize(
    ("seen", "config", "reason", "word"),
    [
        (on("photos"), {"policy": policy(statement("logs"), statement("logs", Effect="Deny"))},
         "target_policy_denies", "Deny"),
        (on("photos"), {"encryption": "aws:kms"}, "target_kms_encryption", "AES256"),
        (on("photos"), {"object_lock": "retains"}, "target_object_lock", "DefaultRetention"),
        (on("photos"), {"requester_pays": True}, "target_requester_pays", "BucketOwner"),
        (on("photos"), {"policy": Refusal("GetBucketPolicy", "AccessDenied")},
         "target_policy_unreadable", "recommendation"),
        (on("photos"), {"policy": "{"}, "target_policy_unreadable", "recommendation"),
        (on("photos", prefix="a*/"), {"policy": None}, "target_policy_missing", "wildcard"),
        (on("photos", prefix="${aws:username}/"), {"policy": None}, "target_policy_missing", "wildcard"),
        (on("photos"), {"policy": '{"Statement": {"Effect": "Deny", "Effect": "Allow"}}'},
         "target_policy_missing", "twice"),
        (on("photos"), {"policy": policy(statement("logs", "x" * 20_200))},
         "target_policy_missing", "20 KB"),
    ],
)  # fmt: skip
def test_what_would_take_something_away_or_could_not_be_kept_is_left_to_a_person(
    seen, config, reason, word
):
    plan = make([seen], log_bucket(**config))
    assert plan.changes == ()
    (note,) = plan.notes
    assert (note.bucket, note.reason) == ("photos", reason)
    assert word in note.text


def test_a_permission_alone_is_not_given_where_more_is_broken():
    plan = make([on("photos")], log_bucket(policy=None, encryption="aws:kms"))
    assert plan.changes == ()
    assert noted(plan) == [("photos", "target_policy_missing"), ("photos", "target_kms_encryption")]


def test_a_deny_that_may_exclude_the_log_service_is_left_to_a_person():
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::logs/*",
            "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}  # fmt: skip
    plan = make([on("photos")], log_bucket(policy=policy(statement("logs"), deny)))
    assert plan.changes == ()
    (note,) = plan.notes
    assert note.reason == "target_policy_deny_uncertain"
    assert "no plan changes a Deny" in note.text


def test_a_log_buckets_own_log_is_left_to_a_person():
    seen = [on("photos"), on("films", "more"), on("logs", "nowhere", "own/")]
    gone = TargetConfig("nowhere", Existence.MISSING)
    plan = make(seen, log_bucket(), log_bucket("more"), gone)
    assert plan.changes == ()
    assert noted(plan) == [("logs", "target_missing")]


# ---- a target that takes no log --------------------------------------------------------------


@pytest.mark.parametrize("layout", FORMATS)
@pytest.mark.parametrize("grants", [False, True])
@pytest.mark.parametrize(
    ("gone", "reason"),
    [
        (TargetConfig("gone", Existence.MISSING), "target_missing"),
        (TargetConfig("gone", Existence.OTHER_ACCOUNT, "us-east-1"), "target_other_account"),
        (log_bucket("gone", region="us-east-1"), "target_other_region"),
    ],
)
def test_only_the_target_is_replaced(layout, grants, gone, reason):
    lost = on("lost", "gone", "kept/", layout, grants)
    before = copy.deepcopy(lost.status)
    taking = log_bucket(ownership="ObjectWriter")  # or grants would not apply
    (change,) = make([on("photos"), lost], taking, gone).changes
    assert change.before == before
    assert change.after == {"LoggingEnabled": {**before["LoggingEnabled"], "TargetBucket": "logs"}}
    assert reason in change.why


def test_grants_that_would_not_apply_are_not_carried_to_a_bucket_without_acls():
    lost = on("lost", "gone", grants=True, prefix="kept/")
    plan = make([on("photos"), lost], log_bucket(), TargetConfig("gone", Existence.MISSING))
    assert plan.changes == ()
    assert noted(plan) == [("lost", "target_missing")]


def test_a_prefix_that_is_anothers_is_not_carried_over():
    lost = on("lost", "gone", "web/")
    plan = make([on("photos"), lost], log_bucket(), TargetConfig("gone", Existence.MISSING))
    assert plan.changes == ()
    assert noted(plan) == [("lost", "target_missing")]


# ---- properties ------------------------------------------------------------------------------

SERVICES = ["logging.s3.amazonaws.com", "cloudtrail.amazonaws.com"]
PREFIXES = ["", "web/", "web/123456789012/", "api/"]
ELEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Principal": st.sampled_from(["*", {"AWS": "*"}, *({"Service": one} for one in SERVICES)]),
        "Action": st.sampled_from(["s3:*", "s3:PutObject", ["s3:GetObject", "s3:PutObject"]]),
        "Resource": st.sampled_from([f"arn:aws:s3:::logs/{one}*" for one in PREFIXES]),
    },
    optional={
        "Condition": st.sampled_from(
            [
                {"StringEquals": {"aws:SourceAccount": "210987654321"}},
                {"StringNotEquals": {"aws:SourceAccount": ACCOUNT}},
                {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::films"}},
                {"Bool": {"aws:SecureTransport": "false"}},
                {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
            ]
        ),
    },
)
POLICIES = st.none() | st.builds(
    lambda version, told, single: json.dumps(
        {"Version": version, "Statement": told[0] if single and len(told) == 1 else told}
    ),
    st.sampled_from(["2012-10-17", "2008-10-17"]),
    st.lists(ELEMENTS, max_size=4),
    st.booleans(),
)
REQUESTS = st.builds(
    lambda service, action, key, source, account, tls: Request(
        service,
        action,
        (f"arn:aws:s3:::logs/{key}",),
        {
            "aws:sourcearn": f"arn:aws:s3:::{source}",
            "aws:sourceaccount": account,
            "aws:securetransport": tls,
        },
    ),
    st.sampled_from(SERVICES),
    st.sampled_from(["s3:PutObject", "s3:GetObject", "s3:PutObjectAcl", "s3:DeleteObject"]),
    st.sampled_from(["web/a", f"web/{ACCOUNT}/{REGION}/photos/x", "api/a", "web", "x"]),
    st.sampled_from(["photos", "films", "photos2"]),
    st.sampled_from([ACCOUNT, "210987654321"]),
    st.sampled_from(["true", "false"]),
)
SOURCES = st.builds(
    lambda prefix, layout: Source("photos", REGION, ACCOUNT, prefix, layout),
    st.sampled_from(PREFIXES),
    st.sampled_from([*FORMATS]),
)


@given(POLICIES, SOURCES, REQUESTS)
def test_no_other_request_gets_another_answer(before, source, request):
    added = log_statement(source, "logs")
    after = json.dumps(with_statement(before, added))
    meant = (
        request.service == "logging.s3.amazonaws.com"
        and request.action == "s3:PutObject"
        and request.resources[0].startswith(added["Resource"].removesuffix("*"))
        and request.context["aws:sourcearn"] == "arn:aws:s3:::photos"
        and request.context["aws:sourceaccount"] == ACCOUNT
    )
    if not meant:
        assert policies.decide(after, request) == policies.decide(before, request)
    assert policies.denial(after, request) == policies.denial(before, request)


@given(POLICIES, SOURCES)
def test_the_source_is_allowed_unless_a_deny_forbids_it(before, source):
    request = log_request(source, "logs")
    after = json.dumps(with_statement(before, log_statement(source, "logs")))
    denied = policies.denial(before, request)
    expected = {True: "denied", None: "uncertain", False: "allowed"}[denied]
    assert policies.decide(after, request) == expected


@given(POLICIES, SOURCES)
def test_an_undo_gives_back_what_was_there(before, source):
    seen = BucketSeen("photos", REGION, on("photos").status, source=source)
    plan = make([seen], log_bucket(policy=before))
    undo = plans.undone(plan, [(one, one.after) for one in plan.changes], PLACE.made_at)
    assert plans.read(plans.written(undo)) == undo
    for change in undo.changes:
        assert change.after == (None if before is None else json.loads(before))
