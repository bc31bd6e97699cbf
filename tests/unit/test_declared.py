"""What users declare: good rows become what the models take, and a wrong one is named."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna import declared
from lacuna.declared import MOST, WrongRow


def lists(*rows):
    return declared.lists({"list_name": name, "value": value} for name, value in rows)


def overrides(*rows):
    return declared.overrides(
        {"detection": name, "setting": setting, "value": value} for name, setting, value in rows
    )


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("public_buckets", " site.example ", ["site.example"]),
        ("partners", "210987654321", ["210987654321"]),
        ("partners", "a" * 64, ["a" * 64]),
        (
            "automation_roles",
            "arn:aws:iam::123456789012:user/ci",
            ["arn:aws:iam::123456789012:user/ci"],
        ),
        (
            "break_glass_roles",
            "arn:aws-cn:iam::123456789012:role/ops/emergency",
            ["arn:aws-cn:sts::123456789012:assumed-role/emergency"],
        ),
        ("trusted_networks", "192.0.2.0/24", ["192.0.2."]),
        ("trusted_networks", "10.0.0.0/8", ["10."]),
        ("trusted_networks", "198.51.100.128/31", ["198.51.100.128", "198.51.100.129"]),
        ("trusted_networks", "192.0.2.0/23", ["192.0.2.", "192.0.3."]),
    ],
)
def test_a_value_stands_as_it_stands_in_the_marts(name, value, kept):
    assert lists((name, value)) == {name: kept}


@given(st.integers(min_value=8, max_value=32), st.ip_addresses(v=4), st.ip_addresses(v=4))
def test_an_address_is_in_a_network_as_its_beginnings_say(length, address, other):
    network = ipaddress.IPv4Network((address, length), strict=False)
    if network.num_addresses > 2**20 and length % 8:
        return
    beginnings = lists(("trusted_networks", str(network)))["trusted_networks"]
    for one in (address, other, network.broadcast_address, network.network_address):
        found = any(
            str(one).startswith(begin) if begin.endswith(".") else str(one) == begin
            for begin in beginnings
        )
        assert found == (one in network)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("publik_buckets", "a", "there is no list 'publik_buckets'. Did you mean public_buckets"),
        (
            "public_buckets",
            "a b",
            "'a b' is no value of the list public_buckets: the name of a bucket",
        ),
        ("partners", "12345", "an account of 12 digits"),
        ("trusted_networks", "2001:db8::/32", "an IPv4 network"),
        ("trusted_networks", "0.0.0.0/0", "an IPv4 network"),
        ("trusted_networks", "192.0.2.1/24", "an IPv4 network"),
        ("automation_roles", "role/x'; drop", "the ARN of a role or a user"),
        ("partners", "\x1b[2J", r"'\\x1b\[2J' is no value"),
        ("partners", None, "'' is no value"),
        (None, "x", "there is no list ''"),
    ],
)
def test_a_row_that_says_nothing_is_named(name, value, told):
    with pytest.raises(WrongRow, match=told):
        lists((name, value))


def test_lists_that_would_make_a_statement_too_long_are_refused():
    rows = [("partners", f"{n:012}") for n in range(MOST)]
    assert len(lists(*rows)["partners"]) == MOST
    with pytest.raises(WrongRow, match=f"hold {MOST + 1} values"):
        lists(*rows, ("public_buckets", "one-more"))


def test_a_setting_replaces_the_entry_s_in_its_own_type():
    rows = [
        ("denied_burst", "floor", "100"),
        ("denied_burst", "factor", "2.5"),
        ("denied_burst", "stage", "off"),
        ("ransom_note", "severity", "high"),
        ("mass_overwrite", "share_overwritten", "0.5"),
    ]
    assert overrides(*rows) == {
        "denied_burst": {"floor": 100, "factor": 2.5, "stage": "off"},
        "ransom_note": {"severity": "high"},
        "mass_overwrite": {"share_overwritten": 0.5},
    }


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            ("denied_bursts", "floor", "1"),
            "there is no detection 'denied_bursts'. Did you mean denied_burst",
        ),
        (
            ("denied_burst", "flor", "1"),
            "denied_burst has no setting 'flor'; it has severity, stage, floor",
        ),
        (("ransom_note", "factor", "2"), "ransom_note has no setting 'factor'"),
        (("denied_burst", "evidence", "true"), "has no setting 'evidence'"),
        (("denied_burst", "floor", "0"), "must be a number greater than 0"),
        (("denied_burst", "floor", "nan"), "must be a number greater than 0"),
        (("denied_burst", "floor", "1) or (1=1"), "must be a number greater than 0"),
        (("denied_burst", "stage", "on"), "must be one of live, trial, off"),
        (("denied_burst", "severity", ""), "must be one of informational"),
    ],
)
def test_a_setting_that_is_none_is_named(row, told):
    with pytest.raises(WrongRow, match=told):
        overrides(row)
