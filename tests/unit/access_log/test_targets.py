import json
from dataclasses import replace

import pytest

from lacuna.access_log.sources import Source
from lacuna.access_log.targets import Existence, TargetConfig, TargetState, judge
from lacuna.refusals import Refusal, why_unread

SOURCE = Source("photos", "eu-west-1", "123456789012", "web/", "simple")
STATEMENT = {
    "Effect": "Allow",
    "Principal": {"Service": "logging.s3.amazonaws.com"},
    "Action": "s3:PutObject",
    "Resource": "arn:aws:s3:::logs/*",
    "Condition": {
        "ArnLike": {"aws:SourceArn": "arn:aws:s3:::photos"},
        "StringEquals": {"aws:SourceAccount": "123456789012"},
    },
}


def policy(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


GOOD = TargetConfig("logs", Existence.OURS, "eu-west-1", policy=policy(STATEMENT))
DENIED = Refusal("GetBucketX", "AccessDenied")
LEGACY = replace(
    GOOD,
    policy=None,
    ownership="ObjectWriter",
    log_delivery_grants=frozenset({"WRITE", "READ_ACP"}),
)


def verdict(target: TargetConfig, source: Source = SOURCE) -> tuple[str, tuple[str, ...]]:
    found = judge(source, target)
    return (found.state, found.reasons)


def test_a_target_as_the_console_makes_it_is_deliverable():
    assert verdict(GOOD) == (TargetState.DELIVERABLE, ())


def test_a_legacy_grant_is_enough_where_acls_count():
    assert verdict(LEGACY) == (TargetState.DELIVERABLE, ())
    assert verdict(replace(LEGACY, ownership=None)) == ("deliverable", ())


@pytest.mark.parametrize(
    ("target", "state", "reason"),
    [
        (TargetConfig("logs", Existence.MISSING), "broken", "target_missing"),
        (TargetConfig("logs", Existence.OTHER_ACCOUNT), "broken", "target_other_account"),
        (replace(GOOD, region="us-east-1"), "broken", "target_other_region"),
        (replace(GOOD, policy=None), "broken", "target_policy_missing"),
        (replace(GOOD, encryption="aws:kms"), "broken", "target_kms_encryption"),
        (replace(GOOD, encryption="aws:kms:dsse"), "broken", "target_kms_encryption"),
        (replace(GOOD, object_lock="retains"), "broken", "target_object_lock"),
        (replace(GOOD, object_lock="on"), "uncertain", "target_object_lock"),
        (replace(GOOD, requester_pays=True), "broken", "target_requester_pays"),
        (replace(LEGACY, ownership="BucketOwnerEnforced"), "broken", "target_acl_disabled"),
        (
            replace(LEGACY, log_delivery_grants=frozenset({"READ_ACP"})),
            "broken",
            "target_policy_missing",
        ),
        (
            replace(LEGACY, log_delivery_grants=frozenset({"WRITE"})),
            "uncertain",
            "target_acl_incomplete",
        ),
        (
            TargetConfig("logs", Existence.UNKNOWN, refusal=DENIED),
            "unknown",
            "target_unreadable",
        ),
        (replace(GOOD, policy=DENIED), "unknown", "target_policy_unreadable"),
        (replace(GOOD, policy="{"), "unknown", "target_policy_unreadable"),
        (replace(GOOD, encryption=DENIED), "unknown", "target_encryption_unreadable"),
        (replace(GOOD, object_lock=DENIED), "unknown", "target_object_lock_unreadable"),
        (replace(GOOD, requester_pays=DENIED), "unknown", "target_request_payment_unreadable"),
        (replace(GOOD, region=None), "unknown", "target_region_unreadable"),
        (replace(LEGACY, log_delivery_grants=DENIED), "unknown", "target_acl_unreadable"),
        (replace(LEGACY, ownership=DENIED), "unknown", "target_ownership_unreadable"),
    ],
)
def test_each_obstacle_is_named(target, state, reason):
    assert verdict(target) == (state, (reason,))


def test_several_obstacles_are_all_named():
    target = replace(GOOD, policy=None, encryption="aws:kms", requester_pays=True)
    assert verdict(target) == (
        "broken",
        ("target_policy_missing", "target_kms_encryption", "target_requester_pays"),
    )


def test_a_broken_target_stays_broken_if_something_else_is_unreadable():
    assert verdict(replace(GOOD, policy=DENIED, object_lock="retains")) == (
        "broken",
        ("target_object_lock",),
    )


def test_an_unreadable_acl_does_not_matter_where_the_policy_allows():
    assert verdict(replace(GOOD, log_delivery_grants=DENIED, ownership=DENIED)) == (
        "deliverable",
        (),
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (SOURCE, "deliverable"),
        (replace(SOURCE, bucket_name="photos-2"), "broken"),
        (replace(SOURCE, account_id="999999999999"), "broken"),
    ],
)
def test_a_policy_for_one_source_does_not_serve_another(source, expected):
    assert verdict(GOOD, source)[0] == expected


@pytest.mark.parametrize(
    ("layout", "resource", "expected"),
    [
        ("simple", "arn:aws:s3:::logs/web/*", "deliverable"),
        ("simple", "arn:aws:s3:::logs/web*", "deliverable"),
        ("simple", "arn:aws:s3:::logs/other/*", "broken"),
        ("simple", "arn:aws:s3:::logs", "broken"),
        ("simple", "arn:aws:s3:::logs/web/123456789012/*", "broken"),
        ("event_time", "arn:aws:s3:::logs/web/123456789012/*", "deliverable"),
        ("delivery_time", "arn:aws:s3:::logs/web/${aws:SourceAccount}/*", "deliverable"),
        ("event_time", "arn:aws:s3:::logs/web/*/eu-west-1/photos/*", "deliverable"),
        ("event_time", "arn:aws:s3:::logs/web/*/us-east-1/photos/*", "broken"),
        ("simple", "arn:aws:s3:::logs/web/20*", "uncertain"),
        ("delivery_time", "arn:aws:s3:::logs/web/*/photos/2026/*", "uncertain"),
    ],
)
def test_the_policy_is_held_against_the_very_keys_that_will_be_written(layout, resource, expected):
    target = replace(GOOD, policy=policy({**STATEMENT, "Resource": resource}))
    assert verdict(target, replace(SOURCE, key_layout=layout))[0] == expected


def test_a_deny_of_the_keys_of_one_year_may_hinder_and_need_not():
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::logs/web/2026-*",
    }
    assert verdict(replace(GOOD, policy=policy(STATEMENT, deny)))[0] == "uncertain"


def test_demanding_an_encryption_header_shuts_the_log_service_out():
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::logs/*",
        "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"}},
    }
    assert verdict(replace(GOOD, policy=policy(STATEMENT, deny))) == (
        "broken",
        ("target_policy_denies",),
    )
    # The same rule stops the older grant as well.
    assert verdict(replace(LEGACY, policy=policy(deny)))[0] == "broken"


@pytest.mark.parametrize(
    "key",
    [
        "aws:CalledVia",
        "aws:CalledViaFirst",
        "aws:CalledViaLast",
        "aws:FederatedProvider",
        "aws:MultiFactorAuthAge",
        "aws:MultiFactorAuthPresent",
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalOrgID",
        "aws:PrincipalOrgPaths",
        "aws:PrincipalTag/team",
        "aws:SourceVpc",
        "aws:SourceVpce",
        "aws:UserId",
        "aws:UserName",
        "aws:VpcSourceIp",
        "s3:x-amz-server-side-encryption",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "s3:x-amz-server-side-encryption-customer-algorithm",
    ],
)
def test_what_a_service_never_carries_shuts_it_out_where_it_is_demanded(key):
    demand = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    demand["Condition"] = {"StringNotEquals": {key: "x"}}
    assert verdict(replace(GOOD, policy=policy(STATEMENT, demand)))[0] == "broken"
    allowed_with_it = {**STATEMENT, "Condition": {"StringEquals": {key: "x"}}}
    assert verdict(replace(GOOD, policy=policy(allowed_with_it)))[0] == "broken"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws:SourceArn", "arn:aws:s3:::photos"),
        ("aws:SourceAccount", "123456789012"),
        ("aws:ResourceAccount", "123456789012"),
        ("s3:ResourceAccount", "123456789012"),
        ("aws:RequestedRegion", "eu-west-1"),
        ("aws:PrincipalIsAWSService", "true"),
        ("aws:PrincipalServiceName", "logging.s3.amazonaws.com"),
        ("aws:SecureTransport", "true"),
    ],
)
def test_what_every_delivery_carries_is_compared(key, value):
    for wanted, state in ((value, "deliverable"), ("other", "broken")):
        statement = {**STATEMENT, "Condition": {"StringEquals": {key: wanted}}}
        assert verdict(replace(GOOD, policy=policy(statement)))[0] == state


def test_a_target_without_a_default_encryption_is_deliverable():
    assert verdict(replace(GOOD, encryption=None)) == ("deliverable", ())


def test_a_condition_that_cannot_be_known_is_uncertain_not_broken():
    uncertain = {**STATEMENT, "Condition": {"StringEquals": {"aws:SourceOrgID": "o-1"}}}
    reason = ("target_policy_condition_unknown",)
    assert verdict(replace(GOOD, policy=policy(uncertain))) == ("uncertain", reason)


PERHAPS_DENIED = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "*",
    "Resource": "*",
    "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
}
PARTIAL = {**STATEMENT, "Resource": "arn:aws:s3:::logs/web/2026*"}
PERHAPS = {**STATEMENT, "Condition": {"StringEquals": {"aws:SourceOrgID": "o-1"}}}


@pytest.mark.parametrize(
    ("statements", "reasons"),
    [
        # of no use: one more Allow
        ([STATEMENT, PERHAPS_DENIED], ["deny_uncertain"]),
        ([STATEMENT, {**PARTIAL, "Effect": "Deny"}], ["deny_uncertain"]),
        # of use: another Resource
        ([PARTIAL], ["resource_partial"]),
        ([{**STATEMENT, "Resource": "arn:aws:s3:::logs/${aws:userid}/*"}], ["resource_partial"]),
        ([PARTIAL, PERHAPS], ["resource_partial"]),
        # not the Resource alone
        ([{**PERHAPS, "Resource": PARTIAL["Resource"]}], ["condition_unknown"]),
        ([PERHAPS, PERHAPS_DENIED], ["condition_unknown", "deny_uncertain"]),
        ([PARTIAL, PERHAPS_DENIED], ["resource_partial", "deny_uncertain"]),
        # what is sure decides
        ([PARTIAL, PERHAPS, STATEMENT], []),
    ],
)
def test_each_doubt_about_a_policy_has_a_code_of_its_own(statements, reasons):
    source = replace(SOURCE, target_prefix="web/", key_layout="simple")
    state, found = verdict(replace(GOOD, policy=policy(*statements)), source)
    assert found == tuple(f"target_policy_{one}" for one in reasons)
    assert state == ("uncertain" if reasons else "deliverable")


def test_a_grant_helps_where_an_allow_is_in_doubt_and_not_where_a_deny_is():
    reason = ("target_policy_deny_uncertain",)
    assert verdict(replace(LEGACY, policy=policy(PERHAPS))) == ("deliverable", ())
    assert verdict(replace(LEGACY, policy=policy(PERHAPS_DENIED))) == ("uncertain", reason)


@pytest.mark.parametrize(
    "code",
    [
        *("SlowDown", "ServiceUnavailable", "Throttling", "ThrottlingException"),
        *("RequestLimitExceeded", "TooManyRequestsException"),
    ],
)
def test_a_throttled_call_has_no_missing_permission(code):
    assert why_unread(Refusal("GetBucketLogging", code), "us-east-1") == "logging_throttled"
    assert why_unread(Refusal("GetBucketLogging", "AccessDenied"), "us-east-1") == (
        "logging_unreadable"
    )


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"Bool": {"aws:SecureTransport": "false"}}, ("deliverable", ())),
        ({"NumericLessThan": {"s3:TlsVersion": "1.2"}}, ("deliverable", ())),
        (
            {"NumericLessThan": {"s3:TlsVersion": "1.3"}},
            ("uncertain", ("target_policy_deny_uncertain",)),
        ),
        ({"Bool": {"aws:SecureTransport": "true"}}, ("broken", ("target_policy_denies",))),
    ],
)
def test_denying_weak_transport_stops_no_delivery(condition, expected):
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"],
        "Condition": condition,
    }
    assert verdict(replace(GOOD, policy=policy(STATEMENT, deny))) == expected


def test_grants_for_a_target_without_acls_are_uncertain():
    source = replace(SOURCE, has_target_grants=True)
    assert verdict(GOOD, source) == ("uncertain", ("target_grants_not_applicable",))
    assert verdict(replace(GOOD, ownership="ObjectWriter"), source)[0] == "deliverable"
    assert verdict(replace(GOOD, ownership=DENIED), source) == (
        "unknown",
        ("target_ownership_unreadable",),
    )


def test_other_partitions_of_aws_have_arns_of_their_own():
    chinese = json.loads(policy(STATEMENT).replace("arn:aws:", "arn:aws-cn:"))
    target = replace(GOOD, policy=json.dumps(chinese))
    assert verdict(target, replace(SOURCE, partition="aws-cn"))[0] == "deliverable"
    assert verdict(target) == ("broken", ("target_policy_other_partition",))
    for_another = replace(SOURCE, bucket_name="videos")
    assert verdict(target, for_another) == ("broken", ("target_policy_missing",))


@pytest.mark.parametrize(
    ("code", "region", "reason"),
    [
        ("AccessDenied", "af-south-1", "logging_unreadable"),
        ("InvalidToken", "af-south-1", "region_not_enabled"),
        ("InvalidAccessKeyId", "eu-central-2", "region_not_enabled"),
        ("InvalidToken", "eu-central-1", "logging_unreadable"),
    ],
)
def test_credentials_that_a_region_rejects_mean_that_it_is_not_enabled(code, region, reason):
    assert why_unread(Refusal("GetBucketLogging", code), region) == reason
