import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna.access_log.sources import Source
from lacuna.access_log.targets import Existence, LifecycleRule, TargetConfig, log_key
from lacuna.access_log.weaknesses import PUBLIC_ACCESS_FLAGS, judge
from lacuna.refusals import Refusal

SOURCE = Source("photos", "eu-west-1", "123456789012", "web/", "simple")
SOUND = TargetConfig("logs", Existence.OURS, "eu-west-1")
DENIED = Refusal("GetBucketX", "AccessDenied")


def weaknesses(target=SOUND, source=SOURCE, neighbours=(), logs_to=None, retention_days=90, **more):
    logs_to = {"logs": None} if logs_to is None else logs_to
    keys = sorted(log_key(one) for one in (source, *neighbours))
    return judge(source, target, keys, logs_to, retention_days, **more)


def other(prefix, layout="simple", name="videos"):
    return replace(SOURCE, bucket_name=name, target_prefix=prefix, key_layout=layout)


def test_a_sound_log_bucket_has_no_weakness():
    assert weaknesses() == ()


@pytest.mark.parametrize("existence", [one for one in Existence if one is not Existence.OURS])
def test_a_target_that_is_not_ours_has_no_weaknesses(existence):
    assert weaknesses(replace(SOUND, existence=existence, is_versioned=False)) == ()


@pytest.mark.parametrize(
    ("target", "codes"),
    [
        (replace(SOUND, is_versioned=False), ("target_not_versioned",)),
        (replace(SOUND, is_versioned=DENIED), ("target_versioning_unreadable",)),
        (replace(SOUND, lifecycle=DENIED), ("target_lifecycle_unreadable",)),
        (replace(SOUND, public_access_flags_off=DENIED), ("target_public_access_unreadable",)),
        (
            replace(SOUND, public_access_flags_off=frozenset(PUBLIC_ACCESS_FLAGS)),
            ("target_public_access_not_blocked",),
        ),
        (
            replace(
                SOUND,
                public_access_flags_off=frozenset({"RestrictPublicBuckets", "BlockPublicAcls"}),
            ),
            (
                "target_public_access_not_blocked",
                "target_public_acls_not_blocked",
                "target_public_buckets_not_restricted",
            ),
        ),
        (
            replace(
                SOUND, public_access_flags_off=frozenset({"IgnorePublicAcls", "BlockPublicPolicy"})
            ),
            (
                "target_public_access_not_blocked",
                "target_public_acls_not_ignored",
                "target_public_policy_not_blocked",
            ),
        ),
    ],
)
def test_each_setting_is_reported_if_it_is_weak_or_unreadable(target, codes):
    assert weaknesses(target) == codes


ALL, NONE = frozenset(PUBLIC_ACCESS_FLAGS), frozenset()
PUBLIC = "target_public_access_not_blocked"
UNREAD, ACCOUNT_UNREAD = "target_public_access_unreadable", "target_account_block_unreadable"


@pytest.mark.parametrize(
    ("own", "account", "codes"),
    [
        (ALL, NONE, ()),
        (NONE, ALL, ()),
        (ALL, ALL, (PUBLIC,)),
        (ALL, {"BlockPublicPolicy"}, (PUBLIC, "target_public_policy_not_blocked")),
        (
            {"BlockPublicAcls", "IgnorePublicAcls"},
            {"IgnorePublicAcls", "BlockPublicPolicy"},
            (PUBLIC, "target_public_acls_not_ignored"),
        ),
        ({"BlockPublicAcls"}, {"IgnorePublicAcls"}, ()),
        # what was not read matters where the other block is not complete
        (NONE, DENIED, ()),
        (ALL, DENIED, (ACCOUNT_UNREAD,)),
        ({"BlockPublicAcls"}, DENIED, (ACCOUNT_UNREAD,)),
        (DENIED, NONE, ()),
        (DENIED, {"BlockPublicAcls"}, (UNREAD,)),
        (DENIED, DENIED, (UNREAD, ACCOUNT_UNREAD)),
    ],
)
def test_public_access_is_blocked_by_the_bucket_or_by_the_account(own, account, codes):
    own, account = (one if one is DENIED else frozenset(one) for one in (own, account))
    target = replace(SOUND, public_access_flags_off=own)
    assert weaknesses(target, account_flags_off=account) == codes


def test_all_weaknesses_are_reported_together():
    target = replace(SOUND, is_versioned=False, lifecycle=(LifecycleRule(days=1),))
    assert weaknesses(target, neighbours=[other("web/")], logs_to={"logs": "logs"}) == (
        "target_logs_itself",
        "prefix_shared",
        "lifecycle_too_short",
        "target_not_versioned",
    )


@pytest.mark.parametrize(
    ("logs_to", "codes"),
    [
        ({"logs": None}, ()),
        ({"logs": "b", "b": None}, ()),
        # of a bucket that is gone, or somebody else's, nothing more is known and nothing needed
        ({"logs": "gone"}, ()),
        ({"logs": "logs"}, ("target_logs_itself",)),
        ({"logs": "b", "b": "logs"}, ("target_logs_itself",)),
        ({"logs": "b", "b": "c", "c": "logs"}, ("target_logs_itself",)),
        ({"logs": "b", "b": "c", "c": None}, ("target_chain",)),
        ({"logs": "b", "b": "c", "c": DENIED}, ("target_chain",)),
        ({"logs": "b", "b": "b"}, ("target_chain",)),
        ({"logs": "b", "b": "c", "c": "b"}, ("target_chain",)),
        ({"logs": DENIED}, ("target_logging_unreadable",)),
        ({"logs": "b", "b": DENIED}, ("target_logging_unreadable",)),
    ],
)
def test_a_log_of_a_log_is_fine_and_a_ring_or_a_longer_chain_is_not(logs_to, codes):
    assert weaknesses(logs_to=logs_to) == codes


def test_a_source_that_is_its_own_target_is_a_ring():
    source = replace(SOURCE, bucket_name="logs")
    assert weaknesses(source=source, logs_to={"logs": "logs"}) == ("target_logs_itself",)


@given(st.dictionaries(st.sampled_from("abcd"), st.sampled_from("abcd")), st.sampled_from("abcd"))
def test_every_way_through_the_log_buckets_ends(logs_to, start):
    codes = weaknesses(replace(SOUND, bucket_name=start), logs_to=logs_to)
    passed = [start]
    while passed[-1] in logs_to and len(passed) < 9:
        passed.append(logs_to[passed[-1]])
    assert ("target_logs_itself" in codes) == (start in passed[1:])
    assert (codes == ()) == (len(passed) <= 2)


@pytest.mark.parametrize(
    ("source", "neighbour", "codes"),
    [
        (SOURCE, other("web/"), ("prefix_shared",)),
        (SOURCE, other("web"), ()),
        (SOURCE, other("web2/"), ()),
        (SOURCE, other("web/", "event_time"), ("prefix_unattributable",)),
        (SOURCE, other("web/inner/"), ("prefix_unattributable",)),
        (SOURCE, other("web/inner/", "delivery_time"), ("prefix_unattributable",)),
        (other(""), SOURCE, ("prefix_unattributable",)),
        (SOURCE, other(""), ()),
        # without a slash the digits of one prefix may be those of the other's date
        (other("web"), other("web2026-", name="b"), ("prefix_unattributable",)),
        (other("web2026-"), other("web", name="b"), ("prefix_unattributable",)),
        (other("web2026/"), other("web", name="b"), ()),
        (other("web2"), other("web", name="b"), ("prefix_unattributable",)),
        (
            other("web/123456789012/eu-west-1/b/2026/"),
            other("web/", "event_time", "b"),
            ("prefix_unattributable",),
        ),
        (other("web*"), other("web2/", name="b"), ()),
        # the partitioned layouts name the source in every key
        (other("web/", "event_time"), other("web/", "event_time", "b"), ()),
        (other("web/", "event_time"), other("web/", "delivery_time", "b"), ()),
        (other("web/", "event_time"), SOURCE, ()),
        (
            other("web/", "event_time"),
            other("web/123456789012/eu-west-1/videos/b/", name="b"),
            ("prefix_unattributable",),
        ),
    ],
)
def test_a_prefix_must_hold_one_log_alone(source, neighbour, codes):
    assert weaknesses(source=source, neighbours=[neighbour]) == codes


def test_a_log_bucket_of_very_many_sources_is_judged_in_no_time():
    sources = [other("all/", "event_time", f"source-{number}") for number in range(20_000)]
    keys = sorted(map(log_key, sources))
    began = time.process_time()  # other load does not count
    assert {judge(one, SOUND, keys, {"logs": None}, 90) for one in sources} == {()}
    assert time.process_time() - began < 20


def test_sharing_and_enclosing_are_reported_beside_each_other():
    codes = weaknesses(neighbours=[other("web/"), other("web/b/", name="b")])
    assert codes == ("prefix_shared", "prefix_unattributable")


TOO_SHORT = ("lifecycle_too_short",)


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        (LifecycleRule(days=89), TOO_SHORT),
        (LifecycleRule(days=90), ()),
        (LifecycleRule(days=1, is_enabled=False), ()),
        (LifecycleRule(has_date=True), TOO_SHORT),
        (LifecycleRule(has_date=True, is_enabled=False), ()),
        # expired delete markers, old versions, transitions
        (LifecycleRule(), ()),
        (LifecycleRule(days=1, prefix="web/"), TOO_SHORT),
        (LifecycleRule(days=1, prefix="we"), TOO_SHORT),
        (LifecycleRule(days=1, prefix="web/2026-"), TOO_SHORT),
        (LifecycleRule(days=1, prefix="web/archive/"), ()),
        (LifecycleRule(days=1, prefix="other/"), ()),
        (LifecycleRule(days=1, has_tags=True), ()),
        (LifecycleRule(days=1, larger_than=1_000_000), TOO_SHORT),
        (LifecycleRule(days=1, smaller_than=2), TOO_SHORT),
        (LifecycleRule(days=1, smaller_than=1), ()),
        (LifecycleRule(days=1, larger_than=10, smaller_than=11), ()),
    ],
)
def test_a_lifecycle_rule_is_too_short_where_it_deletes_this_log_before_its_time(rule, codes):
    assert weaknesses(replace(SOUND, lifecycle=(LifecycleRule(days=999), rule))) == codes


def test_a_lifecycle_rule_is_held_against_the_key_that_is_really_written():
    rule = LifecycleRule(days=1, prefix="web/123456789012/eu-west-1/photos/")
    target = replace(SOUND, lifecycle=(rule,))
    assert weaknesses(target) == ()
    assert weaknesses(target, replace(SOURCE, key_layout="event_time")) == TOO_SHORT
    assert weaknesses(target, other("web/", "event_time")) == ()


def test_how_long_logs_are_to_be_kept_is_the_runs_to_say():
    target = replace(SOUND, lifecycle=(LifecycleRule(days=90),))
    assert weaknesses(target, retention_days=91) == TOO_SHORT
