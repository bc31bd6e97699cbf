"""Each control: what opens it, what guards it, and how weaker differs from stronger."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna.access_log.weaknesses import PUBLIC_ACCESS_FLAGS
from lacuna.protection import controls
from lacuna.protection.controls import State

OWN, OTHER = "123456789012", "999999999999"


def statement(effect="Allow", **members):
    return {
        "Effect": effect,
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::photos/*",
        **members,
    }


def policy(*statements, is_public=False):
    return controls.policy(
        json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), is_public=is_public
    )


def test_each_flag_of_a_public_access_block_is_a_guard():
    assert controls.public_access_block(PUBLIC_ACCESS_FLAGS) == State(strength=0)
    one_off = controls.public_access_block({"BlockPublicPolicy"})
    assert "BlockPublicPolicy" not in one_off.guards
    assert (len(one_off.guards), one_off.strength) == (3, 3)


def test_a_policy_opens_with_each_allow_and_guards_with_each_deny():
    state = policy(statement(), statement("Deny", Action=["s3:DeleteObject", "s3:PutObject"]))
    (allowed,), (denied,) = state.openings, state.guards
    assert allowed.startswith("allows * to s3:GetObject (")
    assert denied.startswith("denies * to s3:DeleteObject, s3:PutObject (")
    assert state.strength == 1


def test_a_public_policy_is_weaker_than_any_other_and_one_that_nobody_judged_has_no_strength():
    assert policy(statement(), is_public=True).openings[0] == "public, as S3 judges it"
    assert policy(statement(), is_public=True).strength == 0
    assert policy(statement(), is_public=None).strength is None
    assert controls.policy(None, is_public=False) == State(strength=1)


def test_the_value_of_a_condition_is_not_shown_but_makes_another_state():
    one, other = (
        policy(statement(Condition={"StringLike": {"aws:Referer": secret}}))
        for secret in ("opensesame", "friend")
    )
    assert "if aws:Referer" in one.openings[0]
    assert "opensesame" not in str(one)
    assert one != other


def test_a_policy_that_means_the_same_is_the_same_state():
    one = statement(Principal={"AWS": [OTHER, OWN]}, Action=["s3:PutObject", "s3:GetObject"])
    other = statement(Principal={"AWS": [OWN, OTHER]}, Action=["s3:GetObject", "s3:PutObject"])
    assert policy(one) == policy(other)


def test_what_a_statement_leaves_out_is_named_as_left_out():
    left_out = statement("Deny", NotPrincipal={"AWS": OWN}, NotAction="s3:Get*")
    del left_out["Principal"], left_out["Action"]
    (denied,) = policy(left_out).guards
    assert denied.startswith(f"denies all but AWS {OWN} to all but s3:Get* (")


@given(st.text())
def test_a_policy_of_any_text_has_a_state(text):
    assert isinstance(controls.policy(text, is_public=False), State)


def grant(permission, **grantee):
    return {"Grantee": grantee, "Permission": permission}


def test_a_grant_of_the_owner_is_no_opening_and_a_group_is_the_weakest():
    owner = grant("FULL_CONTROL", Type="CanonicalUser", ID="own")
    group = grant("READ", Type="Group", URI="http://acs.amazonaws.com/groups/global/AllUsers")
    assert controls.acl({"Owner": {"ID": "own"}, "Grants": [owner]}) == State(strength=2)
    opened = controls.acl({"Owner": {"ID": "own"}, "Grants": [owner, group]})
    assert opened == State(("AllUsers may READ",), (), 0)
    assert controls.acl(None) == State(strength=2)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (None, State(("ACLs count (ObjectWriter)",), (), 0)),
        ("BucketOwnerPreferred", State(("ACLs count (BucketOwnerPreferred)",), (), 1)),
        ("BucketOwnerEnforced", State((), ("ACLs are disabled",), 2)),
    ],
)
def test_ownership(rule, expected):
    assert controls.ownership(rule) == expected


def test_versions_and_mfa_delete_are_guards():
    assert controls.versioning({}) == controls.versioning({"Status": "Suspended"}) == State()
    both = controls.versioning({"Status": "Enabled", "MFADelete": "Enabled"})
    assert both.guards == ("versions are kept", "MFA delete")


def lock(**retention):
    return {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}


def test_a_longer_or_stricter_lock_is_stronger():
    assert controls.object_lock(None) == State(strength=0)
    assert controls.object_lock({"ObjectLockEnabled": "Enabled"}).guards == ("locks are possible",)
    strengths = [
        controls.object_lock(lock(**retention)).strength
        for retention in (
            {"Mode": "GOVERNANCE", "Days": 30},
            {"Mode": "COMPLIANCE", "Days": 30},
            {"Mode": "GOVERNANCE", "Years": 1},
        )
    ]
    assert strengths == sorted(set(strengths))


def replica(bucket, account=None, status="Enabled"):
    destination = {"Bucket": f"arn:aws:s3:::{bucket}"} | ({"Account": account} if account else {})
    return {"Status": status, "Destination": destination}


def test_copies_of_ones_own_guard_and_copies_for_others_open():
    rules = [
        replica("ours", OWN),
        replica("named"),
        replica("away", OTHER),
        replica("x", None, "Disabled"),
    ]
    state = controls.replication({"Rules": rules}, OWN)
    assert state.guards == ("copies to arn:aws:s3:::named", "copies to arn:aws:s3:::ours")
    assert state.openings == (f"copies to arn:aws:s3:::away of account {OTHER}",)
    assert controls.replication(None, OWN) == State()


def encryption(algorithm, key=None, blocked=()):
    default = {"SSEAlgorithm": algorithm} | ({"KMSMasterKeyID": key} if key else {})
    return controls.encryption(
        {
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": default,
                    "BlockedEncryptionTypes": {"EncryptionType": list(blocked)},
                }
            ]
        }
    )


def test_another_key_is_another_guard_of_the_same_strength():
    one, other = encryption("aws:kms", "key/1"), encryption("aws:kms", "key/2")
    assert one.guards != other.guards
    assert one.strength == other.strength > encryption("AES256").strength


def test_refusing_customers_keys_is_a_guard():
    assert encryption("AES256", blocked=["SSE-C"]).guards == (
        "encrypts with AES256",
        "refuses SSE-C",
    )
    assert encryption("AES256", blocked=["NONE"]).guards == ("encrypts with AES256",)


def test_a_lifecycle_opens_with_each_deletion_and_the_soonest_is_its_strength():
    rules = [
        {"Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 30}},
        {"Status": "Enabled", "Filter": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 7}},
        {"Status": "Disabled", "Filter": {}, "Expiration": {"Days": 1}},
        {"Status": "Enabled", "Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "t", "Value": "v"}]}},
         "Expiration": {"Date": datetime(2027, 1, 1, tzinfo=UTC)}},
        {"Status": "Enabled", "Filter": {}, "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]},
    ]  # fmt: skip
    state = controls.lifecycle(rules[:2])
    assert state.openings == (
        "deletes older versions of every object after 7 days",
        "deletes tmp/* after 30 days",
    )
    assert state.strength == 7
    dated = controls.lifecycle(rules)
    assert dated.strength == 0
    assert (
        'deletes a/* that match {"Tags": [{"Key": "t", "Value": "v"}]} on 2027-01-01'
        in dated.openings
    )
    assert controls.lifecycle([]) == controls.lifecycle(rules[2:3]) == State()


def test_a_website_an_inventory_and_an_access_point_are_openings():
    assert controls.website(None) == controls.website({}) == State()
    assert controls.website({"IndexDocument": {"Suffix": "index.html"}}).openings == ("a website",)
    elsewhere = controls.website({"RedirectAllRequestsTo": {"HostName": "evil.example"}})
    assert elsewhere.openings == ("a website that redirects to evil.example",)
    place = {"S3BucketDestination": {"Bucket": "arn:aws:s3:::lists"}}
    lists = [{"IsEnabled": True, "Destination": place}, {"IsEnabled": False, "Destination": place}]
    assert controls.inventory(lists).openings == (
        "a list of its objects goes to arn:aws:s3:::lists",
    )
    points = [{"Name": "b", "VpcConfiguration": {"VpcId": "vpc-1"}}, {"Name": "a"}]
    assert controls.access_points(points).openings == (
        "access point a from anywhere",
        "access point b from vpc-1",
    )
