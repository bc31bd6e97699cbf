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
    assert controls.public_access_block(PUBLIC_ACCESS_FLAGS).guards == ()
    one_off = controls.public_access_block({"BlockPublicPolicy"})
    assert "BlockPublicPolicy" not in one_off.guards
    assert len(one_off.guards) == 3


def test_a_policy_opens_with_each_allow_and_guards_with_each_deny():
    state = policy(statement(), statement("Deny", Action=["s3:DeleteObject", "s3:PutObject"]))
    (allowed,), (denied,) = state.openings, state.guards
    assert allowed.startswith("allows * to s3:GetObject (")
    assert denied.startswith("denies * to s3:DeleteObject, s3:PutObject (")
    assert state.is_public is False


def test_what_s3_thinks_of_a_policy_is_an_opening():
    opened = policy(statement(), is_public=True)
    assert (opened.openings[0], opened.is_public) == ("public, as S3 judges it", True)
    assert controls.policy(None, is_public=False) == State(is_public=False)


def test_the_version_of_a_policy_makes_another_state_and_the_name_of_a_statement_does_not():
    named = policy(statement(Sid="a"))
    assert named.openings == policy(statement(Sid="b")).openings
    older = json.dumps({"Version": "2008-10-17", "Statement": [statement(Sid="a")]})
    other = controls.policy(older, is_public=False)
    assert named.openings == other.openings
    assert named.digest != other.digest


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
    assert controls.acl({"Owner": {"ID": "own"}, "Grants": [owner]}) == State()
    opened = controls.acl({"Owner": {"ID": "own"}, "Grants": [owner, group]})
    assert opened.openings == ("AllUsers may READ",)
    assert controls.acl(None) == State()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (None, (("ACLs count (ObjectWriter)",), ())),
        ("BucketOwnerPreferred", (("ACLs count (BucketOwnerPreferred)",), ())),
        ("BucketOwnerEnforced", ((), ("ACLs are disabled",))),
    ],
)
def test_ownership(rule, expected):
    state = controls.ownership(rule)
    assert (state.openings, state.guards) == expected


def test_versions_and_mfa_delete_are_guards():
    assert controls.versioning({}) == controls.versioning({"Status": "Suspended"})
    assert controls.versioning({}).guards == ()
    both = controls.versioning({"Status": "Enabled", "MFADelete": "Enabled"})
    assert both.guards == ("versions are kept", "MFA delete")


def lock(**retention):
    return {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}


def test_a_lock_says_how_long_it_keeps_and_how_strictly():
    assert controls.object_lock(None) == State()
    assert controls.object_lock({"ObjectLockEnabled": "Enabled"}).guards == ("locks are possible",)
    kept = controls.object_lock(lock(Mode="COMPLIANCE", Years=1)).guards
    assert kept == ("locks are possible", "new objects are locked for 365 days (COMPLIANCE)")
    assert kept != controls.object_lock(lock(Mode="GOVERNANCE", Years=1)).guards


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
    assert state.guards == ("copies to arn:aws:s3:::ours",)
    assert state.openings == (
        f"copies to arn:aws:s3:::away of account {OTHER}",
        "copies to arn:aws:s3:::named of account that is not named",
    )


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


def test_another_key_is_another_guard():
    one, other = encryption("aws:kms", "key/1"), encryption("aws:kms", "key/2")
    assert one.guards != other.guards


def test_refusing_customers_keys_is_a_guard():
    assert encryption("AES256", blocked=["SSE-C"]).guards == (
        "encrypts with AES256",
        "refuses SSE-C",
    )
    assert encryption("AES256", blocked=["NONE"]).guards == ("encrypts with AES256",)


def test_a_lifecycle_opens_with_each_deletion_and_the_rest_is_in_its_digest():
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
    dated = controls.lifecycle(rules)
    moved = controls.lifecycle([*rules[:2], rules[4]])
    assert (moved.openings, moved.digest != state.digest) == (state.openings, True)
    assert (
        'deletes a/* that match {"Tags": [{"Key": "t", "Value": "v"}]} on 2027-01-01'
        in dated.openings
    )
    assert controls.lifecycle([]) == State()
    assert controls.lifecycle(rules[2:3]).openings == ()


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
