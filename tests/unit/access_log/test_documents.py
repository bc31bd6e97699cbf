"""Documents of S3's API that mean the same, and such as do not."""

import pytest

from lacuna.access_log.documents import Operation, parsed_policy, same
from lacuna.access_log.policies import PolicyUnreadable
from tests.unit.remedy.test_plans import GRANTS, ON, OURS, THEIRS, policy


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"LoggingEnabled": None}),
        (ON, {"LoggingEnabled": {**ON["LoggingEnabled"], "TargetGrants": []}}),
        (ON, {"LoggingEnabled": {**ON["LoggingEnabled"], "TargetObjectKeyFormat": {"SimplePrefix": {}}}}),
        ({"LoggingEnabled": {"TargetBucket": "a"}}, {"LoggingEnabled": {"TargetBucket": "a", "TargetPrefix": ""}}),
    ],
)  # fmt: skip
def test_logging_in_other_words_is_the_same(one, other):
    assert same(Operation.PUT_LOGGING, one, other)


def layout(source: str) -> dict:
    key_format = {"PartitionedPrefix": {"PartitionDateSource": source}}
    return {"LoggingEnabled": {**ON["LoggingEnabled"], "TargetObjectKeyFormat": key_format}}


def test_logging_that_goes_elsewhere_is_not_the_same():
    others = [
        {},
        layout("EventTime"),
        layout("DeliveryTime"),
        {"LoggingEnabled": {**ON["LoggingEnabled"], "TargetPrefix": "web"}},
        {"LoggingEnabled": {**ON["LoggingEnabled"], "TargetGrants": GRANTS}},
        {"LoggingEnabled": {**ON["LoggingEnabled"], "NewMember": 1}},
    ]
    for at, one in enumerate([ON, *others]):
        for other in [ON, *others][at + 1 :]:
            assert not same(Operation.PUT_LOGGING, one, other)


def test_a_policy_in_other_words_is_the_same():
    one = policy({**OURS, "Action": ["s3:PutObject"], "Condition": {"Bool": {"a": [True]}}}, THEIRS)
    other = policy(THEIRS, {**OURS, "Condition": {"Bool": {"a": "true"}}})
    assert same(Operation.PUT_POLICY, one, other)
    assert same(
        Operation.PUT_POLICY, {"Statement": OURS}, {"Version": "2008-10-17", "Statement": [OURS]}
    )


def test_a_policy_that_says_something_else_is_not_the_same():
    assert not same(Operation.PUT_POLICY, None, policy(OURS))
    assert not same(Operation.PUT_POLICY, {"Statement": OURS}, policy(OURS))
    assert not same(Operation.PUT_POLICY, policy(OURS), policy(OURS, OURS))
    assert not same(Operation.PUT_POLICY, policy(OURS), policy({**OURS, "Sid": "x"}))


def test_a_policy_that_repeats_a_name_is_not_read_with_loss():
    with pytest.raises(PolicyUnreadable):
        parsed_policy('{"Statement": [{"Effect": "Allow", "Effect": "Deny"}]}')
