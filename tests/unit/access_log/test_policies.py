import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna.access_log.policies import (
    DIGIT,
    LETTER,
    Decision,
    PolicyUnreadable,
    Request,
    allowance,
    allows_part,
    decide,
    denial,
    may_match,
)

REQUEST = Request(
    service="logging.s3.amazonaws.com",
    action="s3:PutObject",
    resources=("arn:aws:s3:::logs/web/2006-a", "arn:aws:s3:::logs/web/2097-b"),
    context={
        "aws:sourcearn": "arn:aws:s3:::photos",
        "aws:sourceaccount": "123456789012",
        "aws:principalisawsservice": "true",
        "aws:securetransport": "true",
    },
    absent=frozenset({"aws:principalorgid", "aws:sourcevpce", "aws:principaltag/*"}),
    at_least={"s3:tlsversion": 1.2},
)
ALLOW = {
    "Effect": "Allow",
    "Principal": {"Service": "logging.s3.amazonaws.com"},
    "Action": "s3:PutObject",
    "Resource": "arn:aws:s3:::logs/*",
}
DENY_ALL = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}


def policy(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allowed_if(condition: object) -> Decision:
    return decide(policy({**ALLOW, "Condition": condition}), REQUEST)


def test_no_policy_allows_nothing():
    assert decide(None, REQUEST) is Decision.NOT_ALLOWED
    assert decide(policy(), REQUEST) is Decision.NOT_ALLOWED


def test_an_allow_for_the_service_is_enough():
    assert decide(policy(ALLOW), REQUEST) is Decision.ALLOWED
    assert decide(json.dumps({"Statement": ALLOW}), REQUEST) is Decision.ALLOWED


def test_a_deny_wins_over_an_allow():
    assert decide(policy(ALLOW, DENY_ALL), REQUEST) is Decision.DENIED


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"Principal": "*"}, Decision.ALLOWED),
        ({"Principal": {"AWS": "*"}}, Decision.ALLOWED),
        ({"Principal": {"Service": ["a.amazonaws.com", "logging.s3.amazonaws.com"]}}, "allowed"),
        ({"Principal": {"Service": "cloudtrail.amazonaws.com"}}, Decision.NOT_ALLOWED),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}, Decision.NOT_ALLOWED),
        ({"Principal": {"CanonicalUser": "79a5"}}, Decision.NOT_ALLOWED),
        ({"Principal": "logging.s3.amazonaws.com"}, Decision.NOT_ALLOWED),
        ({"Principal": ["*"]}, Decision.NOT_ALLOWED),
        ({"Action": "s3:Put*"}, Decision.ALLOWED),
        ({"Action": "S3:putobject"}, Decision.ALLOWED),
        ({"Action": ["s3:GetObject", "*"]}, Decision.ALLOWED),
        ({"Action": "s3:PutObjectAcl"}, Decision.NOT_ALLOWED),
        ({"Resource": "arn:aws:s3:::logs"}, Decision.NOT_ALLOWED),
        ({"Resource": "arn:aws:s3:::logs/web/*"}, Decision.ALLOWED),
        ({"Resource": "arn:aws:s3:::logs/WEB/*"}, Decision.NOT_ALLOWED),
        ({"Resource": ["arn:aws:s3:::logs/web/2006*", "arn:aws:s3:::logs/web/2097*"]}, "allowed"),
        ({"Resource": "arn:aws:s3:::logs/web/2006*"}, Decision.UNCERTAIN),
        ({"Resource": "arn:aws:s3:::logs/${aws:SourceAccount}/*"}, Decision.NOT_ALLOWED),
        ({"Resource": "arn:aws:s3:::logs/${aws:userid}/*"}, Decision.UNCERTAIN),
        ({"Action": ["s3:PutObject"], "Resource": ["arn:aws:s3:::logs/*"]}, Decision.ALLOWED),
        ({"Resource": []}, Decision.NOT_ALLOWED),
    ],
)
def test_each_element_must_name_the_request(change, expected):
    assert decide(policy({**ALLOW, **change}), REQUEST) is Decision(expected)


def test_not_elements_name_everything_else():
    deny = {
        "Effect": "Deny",
        "NotPrincipal": {"Service": "logging.s3.amazonaws.com"},
        "NotAction": "s3:GetObject",
        "Resource": "*",
    }
    assert decide(policy(ALLOW, deny), REQUEST) is Decision.ALLOWED
    deny["NotPrincipal"] = {"Service": "cloudtrail.amazonaws.com"}
    assert decide(policy(ALLOW, deny), REQUEST) is Decision.DENIED
    deny["NotAction"] = "s3:*"
    assert decide(policy(ALLOW, deny), REQUEST) is Decision.ALLOWED


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"AWS": "arn:aws:iam::123456789012:root"}, "denied"),
        ({"AWS": "123456789012", "Service": "logging.s3.amazonaws.com"}, "allowed"),
        ({"Service": ["logging.s3.amazonaws.com", "cloudtrail.amazonaws.com"]}, "allowed"),
        ({"AWS": ["123456789012", "arn:aws:iam::858827067514:root"]}, "uncertain"),
        ({"AWS": "858827067514"}, "uncertain"),
        (
            {"CanonicalUser": "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0"},
            "uncertain",
        ),
        ("*", "allowed"),
        ({"AWS": "*"}, "allowed"),
    ],
)
def test_denying_all_but_some_spares_the_service_only_where_it_is_one_of_them(named, expected):
    deny = {"Effect": "Deny", "NotPrincipal": named, "Action": "s3:*", "Resource": "*"}
    assert decide(policy(ALLOW, deny), REQUEST) is Decision(expected)


def test_allowing_all_but_some_is_nothing_that_aws_promises():
    allow = {**ALLOW, "NotPrincipal": {"AWS": "123456789012"}}
    del allow["Principal"]
    assert decide(policy(allow), REQUEST) is Decision.UNCERTAIN
    allow["NotPrincipal"] = {"Service": "logging.s3.amazonaws.com"}
    assert decide(policy(allow), REQUEST) is Decision.NOT_ALLOWED


@pytest.mark.parametrize(
    ("spared", "expected"),
    [
        ("arn:aws:s3:::logs/*", "allowed"),
        ("arn:aws:s3:::logs/web/*", "allowed"),
        ("arn:aws:s3:::logs/other/*", "denied"),
        ("arn:aws:s3:::logs/web/2006*", "uncertain"),
    ],
)
def test_denying_all_resources_but_some_spares_what_lies_in_them(spared, expected):
    deny = {"Effect": "Deny", "Principal": "*", "Action": "*", "NotResource": spared}
    assert decide(policy(ALLOW, deny), REQUEST) is Decision(expected)


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["*"]}])
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:s3:::photos"}}, "allowed"),
        ({"ArnNotLikeIfExists": {"aws:SourceArn": "arn:aws:s3:::ph*"}}, "allowed"),
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:s3:::videos"}}, "denied"),
        ({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, "denied"),
        ({"StringNotEqualsIfExists": {"aws:SourceOrgID": "o-1"}}, "uncertain"),
        (
            {
                "StringNotEqualsIfExists": {"aws:SourceOrgID": "o-1"},
                "Bool": {"aws:PrincipalIsAWSService": "false"},
            },
            "allowed",
        ),
        ({"ForAllValues:StringNotEquals": {"aws:PrincipalOrgPaths": "o-1/*"}}, "uncertain"),
        ({"BoolIfExists": {"aws:SecureTransport": False}}, "allowed"),
        ({"NumericLessThan": {"s3:TlsVersion": "1.2"}}, "allowed"),
        ({"NumericLessThan": {"s3:TlsVersion": 1.2}}, "allowed"),
        ({"NumericLessThan": {"s3:TlsVersion": ["1.1", "1.2"]}}, "allowed"),
        ({"ForAnyValue:NumericLessThan": {"s3:TlsVersion": "1.2"}}, "allowed"),
        ({"NumericLessThanEquals": {"s3:TlsVersion": "1.1"}}, "allowed"),
        (
            {
                "NumericLessThan": {"s3:TlsVersion": "1.2"},
                "Bool": {"aws:SecureTransport": "true"},
            },
            "allowed",
        ),
        # it may be 1.2, or not be there at all
        ({"NumericLessThan": {"s3:TlsVersion": "1.3"}}, "uncertain"),
        ({"NumericLessThan": {"s3:TlsVersion": ["1.2", "1.3"]}}, "uncertain"),
        ({"NumericLessThanEquals": {"s3:TlsVersion": "1.2"}}, "uncertain"),
        ({"NumericLessThanIfExists": {"s3:TlsVersion": "1.2"}}, "uncertain"),
        ({"ForAllValues:NumericLessThan": {"s3:TlsVersion": "1.2"}}, "uncertain"),
        ({"NumericLessThan": {"s3:TlsVersion": "TLSv1.2"}}, "uncertain"),
        ({"NumericGreaterThan": {"s3:TlsVersion": "1.1"}}, "uncertain"),
        ({"NumericNotEquals": {"s3:TlsVersion": "1.2"}}, "uncertain"),
        ({"StringEquals": {"s3:TlsVersion": "1.1"}}, "uncertain"),
        ({"Null": {"s3:TlsVersion": "true"}}, "uncertain"),
        ({"Null": {"aws:SourceArn": "true"}}, "allowed"),
        # nobody outside AWS knows how it reads that
        ({"Null": {"aws:SourceVpce": "True"}}, "uncertain"),
        ({"Null": {"aws:SourceArn": "True"}}, "uncertain"),
    ],
)
def test_a_deny_for_everyone_reaches_the_service_unless_its_condition_spares_it(
    principal, condition, expected
):
    deny = {**DENY_ALL, "Principal": principal, "Condition": condition}
    assert decide(policy(ALLOW, deny), REQUEST) is Decision(expected)


def test_variables_are_text_in_the_older_version_of_the_language():
    resource = "arn:aws:s3:::logs/${aws:SourceAccount}/*"
    request = replace(REQUEST, resources=("arn:aws:s3:::logs/123456789012/a",))
    statement = {**ALLOW, "Resource": resource}
    assert decide(policy(statement), request) is Decision.ALLOWED
    for older in ({"Statement": statement}, {"Version": "2008-10-17", "Statement": statement}):
        assert decide(json.dumps(older), request) is Decision.NOT_ALLOWED


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("logs/*", True),
        ("logs/????-*", True),
        ("logs/2026-*", None),
        ("logs/*-A*", None),
        ("logs/*z", None),
        ("logs/*/", False),
        ("logs/x*", False),
        ("logs/20-*", False),
        ("logs/????-", False),
    ],
)
def test_a_pattern_holds_for_all_the_keys_that_can_be_written_or_for_some_or_for_none(
    pattern, expected
):
    assert may_match(pattern, f"logs/{DIGIT * 4}-{LETTER * 3}") is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::photos"}}, "allowed"),
        ({"ArnLike": {"AWS:SourceARN": "arn:aws:s3:::ph*"}}, "allowed"),
        ({"ArnLike": {"aws:SourceArn": ["arn:aws:s3:::a", "arn:aws:s3:::photos"]}}, "allowed"),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::pho"}}, "not_allowed"),
        ({"ArnLike": {"aws:SourceArn": "arn:*:*:*:*:photos"}}, "allowed"),
        ({"ArnLike": {"aws:SourceArn": "*"}}, "allowed"),
        ({"ArnLike": {"aws:SourceArn": "arn:*:photos"}}, "uncertain"),
        ({"ArnLike": {"aws:SourceArn": "arn:*:videos"}}, "not_allowed"),
        ({"ArnLike": {"aws:SourceArn": ["arn:*:photos", "arn:aws:s3:::photos"]}}, "allowed"),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:sqs:::photos"}}, "not_allowed"),
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:s3:::photos"}}, "not_allowed"),
        ({"StringEquals": {"aws:SourceAccount": "123456789012"}}, "allowed"),
        ({"StringEquals": {"aws:SourceAccount": "999999999999"}}, "not_allowed"),
        ({"StringEquals": {"aws:SourceAccount": "1234*"}}, "not_allowed"),
        ({"StringLike": {"aws:SourceAccount": "1234*"}}, "allowed"),
        ({"StringLikeIfExists": {"aws:SourceAccount": "99*"}}, "not_allowed"),
        ({"StringEqualsIgnoreCase": {"aws:SourceArn": "ARN:AWS:S3:::PHOTOS"}}, "allowed"),
        ({"StringNotEquals": {"aws:SourceAccount": ["1", "123456789012"]}}, "not_allowed"),
        ({"Bool": {"aws:SecureTransport": "true"}}, "allowed"),
        ({"Bool": {"aws:SecureTransport": True}}, "allowed"),
        ({"Bool": {"aws:SecureTransport": "True"}}, "allowed"),
        ({"Bool": {"aws:SecureTransport": "false"}}, "not_allowed"),
        ({"Null": {"aws:PrincipalOrgID": "true"}}, "allowed"),
        ({"Null": {"aws:PrincipalOrgID": "false"}}, "not_allowed"),
        ({"Null": {"aws:PrincipalOrgID": ["false", "true"]}}, "allowed"),
        ({"Null": {"aws:SourceArn": "false"}}, "allowed"),
        ({"Null": {"aws:SourceArn": ["false", "true"]}}, "allowed"),
        ({"Null": {"aws:Referer": "false"}}, "uncertain"),
        ({"Null": {"aws:PrincipalOrgID": True}}, "allowed"),
        ({"Null": {"aws:PrincipalOrgID": False}}, "not_allowed"),
        # how AWS reads another spelling is unsaid
        ({"Null": {"aws:PrincipalOrgID": "True"}}, "uncertain"),
        ({"Null": {"aws:PrincipalOrgID": "FALSE"}}, "uncertain"),
        ({"Null": {"aws:PrincipalOrgID": " true"}}, "uncertain"),
        ({"Null": {"aws:PrincipalOrgID": ""}}, "uncertain"),
        ({"Null": {"aws:PrincipalOrgID": 1}}, "uncertain"),
        ({"Null": {"aws:PrincipalOrgID": ["True", "true"]}}, "allowed"),
        ({"Null": {"aws:PrincipalOrgID": ["True", "false"]}}, "uncertain"),
        ({"Null": {"aws:SourceArn": "False"}}, "uncertain"),
        ({"Null": {"aws:SourceArn": "True"}}, "uncertain"),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, "not_allowed"),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, "allowed"),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, "allowed"),
        ({"StringEquals": {"aws:PrincipalTag/team": "web"}}, "not_allowed"),
        ({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}, "allowed"),
        ({"ForAnyValue:StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, "not_allowed"),
        ({"ForAnyValue:StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, "allowed"),
        ({"ForAllValues:StringEquals": {"aws:SourceAccount": ["1", "123456789012"]}}, "allowed"),
        ({"ForAnyValue:StringEquals": {"aws:SourceAccount": ["1", "2"]}}, "not_allowed"),
        ({"ForAnyValue:StringEquals": {"aws:PrincipalServiceNamesList": "x"}}, "uncertain"),
        ({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, "allowed"),
        ({"StringNotEqualsIfExists": {"aws:SourceAccount": "123456789012"}}, "not_allowed"),
        ({"stringequals": {"AWS:SOURCEACCOUNT": ["123456789012"]}}, "allowed"),
        ({"StringLike": {"aws:SourceAccount": "${*}"}}, "uncertain"),
        ({"StringEquals": {"aws:SourceAccount": "${aws:SourceAccount, 'x'}"}}, "uncertain"),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, "uncertain"),
        ({"StringEquals": {"aws:SourceOrgID": "o-1"}}, "uncertain"),
        ({"NumericLessThan": {"aws:SourceAccount": "5"}}, "uncertain"),
        ({"StringEquals": {"aws:SourceArn": "${aws:SourceArn}"}}, "allowed"),
        ({"StringEquals": {"aws:SourceArn": "${aws:nobody-knows}"}}, "uncertain"),
        (
            {
                "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
                "StringEquals": {"aws:SourceAccount": "9"},
            },
            "not_allowed",
        ),
        ({}, "allowed"),
    ],
)
def test_conditions_hold_or_not_or_are_unknown(condition, expected):
    assert allowed_if(condition) is Decision(expected)


def test_a_comparison_without_case_takes_the_case_of_neither_side():
    loud = replace(REQUEST, context={"aws:sourcearn": "arn:aws:s3:::PHOTOS"})
    wanted = {"StringEqualsIgnoreCase": {"aws:SourceArn": "arn:aws:s3:::Photos"}}
    assert decide(policy({**ALLOW, "Condition": wanted}), loud) is Decision.ALLOWED


def test_denying_all_but_tls_does_not_exclude_the_log_service():
    deny = {**DENY_ALL, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    assert decide(policy(ALLOW, deny), REQUEST) is Decision.ALLOWED


def test_denying_all_but_one_organisation_or_vpc_does():
    for key in ("aws:PrincipalOrgID", "aws:SourceVpce"):
        deny = {**DENY_ALL, "Condition": {"StringNotEquals": {key: "x"}}}
        assert decide(policy(ALLOW, deny), REQUEST) is Decision.DENIED
        deny["Condition"]["Bool"] = {"aws:PrincipalIsAWSService": "false"}
        assert decide(policy(ALLOW, deny), REQUEST) is Decision.ALLOWED


def test_a_deny_on_an_unknown_key_is_uncertain():
    deny = {**DENY_ALL, "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}
    assert decide(policy(ALLOW, deny), REQUEST) is Decision.UNCERTAIN
    assert denial(policy(ALLOW, deny), REQUEST) is None
    assert denial(policy(ALLOW), REQUEST) is False
    assert denial(policy(DENY_ALL), REQUEST) is True


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"Statement": ["Allow"]}',
        '{"Statement": [{"Effect": "Maybe"}]}',
        '{"Statement": [{"Effect": ["Allow"]}]}',
        '{"Statement": [{"Effect": {}}]}',
        '{"Statement": [{}]}',
        "[" * 100_000,
        policy({**ALLOW, "Condition": ["x"]}),
        policy({**ALLOW, "Condition": {"Bool": "x"}}),
    ],
)
def test_what_is_not_a_policy_is_refused_not_guessed(text):
    with pytest.raises(PolicyUnreadable):
        decide(text, REQUEST)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["*", "Allow", "${x", "s3:*"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["AWS", "Service", "StringLike", "Null", "aws:sourcearn"]),
            inner,
            max_size=2,
        )
    ),
    max_leaves=6,
)


@given(
    st.sampled_from(["Effect", "Principal", "Action", "NotAction", "Resource", "Condition", "Sid"]),
    JSON,
)
def test_no_element_of_a_statement_is_a_crash(element, value):
    text = json.dumps({"Version": "2012-10-17", "Statement": [{**ALLOW, element: value}]})
    for ask in (decide, denial, allowance, allows_part):
        with contextlib.suppress(PolicyUnreadable):
            ask(text, REQUEST)
