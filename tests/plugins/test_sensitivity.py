"""Which buckets are sensitive: pure."""

import pytest

from lacuna.sensitivity import is_sensitive
from lacuna.targets import Refusal

DENIED = Refusal("GetBucketTagging", "AccessDenied")


@pytest.mark.parametrize(
    ("name", "tag", "expected"),
    [
        ("photos", None, False),
        ("photos", "public", False),
        ("photos", "Secret", True),
        ("photos", "secret ", False),
        ("photos", DENIED, None),
        ("acme-payroll", None, True),
        ("acme-payroll", "public", True),
        ("acme-payroll", DENIED, True),
        ("ACME-PAYROLL", None, False),
        ("acme-payroll-2", None, False),
    ],
)
def test_a_bucket_is_sensitive_by_its_name_or_by_its_tag(name, tag, expected):
    assert is_sensitive(name, tag, ("secret", "HIGH"), ("*-payroll",)) is expected


def test_without_values_and_names_no_bucket_is_sensitive():
    assert is_sensitive("photos", "secret", (), ()) is False
