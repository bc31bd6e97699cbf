"""Which buckets are sensitive: pure."""

import pytest

from lacuna.sensitivity import Sensitivity, SensitivityTable, judge, table_of
from lacuna.targets import Refusal

DENIED = Refusal("GetBucketTagging", "AccessDenied")
MISSING = Refusal("GetTable", "EntityNotFoundException")
VALUES, NAMES = ("secret", "HIGH"), ("*-payroll",)


def judged(name, tag=None, table=None, values=VALUES, names=NAMES):
    return judge(name, tag, table, values, names)


@pytest.mark.parametrize(
    ("name", "tag", "expected", "by"),
    [
        ("photos", None, False, None),
        ("photos", "public", False, None),
        ("photos", "Secret", True, "tag"),
        ("photos", "secret ", False, None),
        ("photos", DENIED, None, None),
        ("acme-payroll", None, True, "name"),
        ("acme-payroll", "public", True, "name"),
        ("acme-payroll", DENIED, True, "name"),
        ("ACME-PAYROLL", None, False, None),
        ("acme-payroll-2", None, False, None),
    ],
)
def test_a_bucket_is_sensitive_by_its_name_or_by_its_tag(name, tag, expected, by):
    found = judged(name, tag)
    assert (found.is_sensitive, found.sensitive_by) == (expected, by)


def test_without_values_and_names_no_bucket_is_sensitive():
    table = table_of([("photos", "secret")])
    assert judged("photos", "secret", table, (), ()).is_sensitive is False


@pytest.mark.parametrize(
    ("name", "tag", "expected"),
    [
        ("photos", None, Sensitivity(True, "Secret", "table")),
        ("photos", "public", Sensitivity(True, "Secret", "table")),
        ("photos", "high", Sensitivity(True, "high", "tag")),
        ("photos", DENIED, Sensitivity(True, "Secret", "table")),
        # by any of the rows that are about it
        ("eu-orders", None, Sensitivity(True, "high", "table")),
        ("eu-images", None, Sensitivity(False, "internal")),
        ("eu-images", DENIED, Sensitivity(None, "internal", refused=DENIED)),
        ("us-orders", None, Sensitivity(False)),
        ("acme-payroll", None, Sensitivity(True, None, "name")),
    ],
)
def test_a_table_calls_buckets_sensitive_by_name_and_by_glob(name, tag, expected):
    table = table_of(
        [
            ("photos", "Secret"),
            ("photos", "internal"),
            ("eu-orders", "internal"),
            ("eu-*", "internal"),
            ("eu-?rders", "high"),
        ]
    )
    assert judged(name, tag, table) == expected


@pytest.mark.parametrize(
    ("name", "tag", "expected"),
    [
        ("photos", None, Sensitivity(None, refused=MISSING)),
        ("photos", "public", Sensitivity(None, "public", refused=MISSING)),
        ("photos", "secret", Sensitivity(True, "secret", "tag")),
        ("acme-payroll", None, Sensitivity(True, None, "name")),
        ("photos", DENIED, Sensitivity(None, refused=DENIED)),
    ],
)
def test_a_table_that_cannot_be_read_hides_only_what_no_other_source_says(name, tag, expected):
    assert judged(name, tag, MISSING) == expected


@pytest.mark.parametrize(
    "row",
    [
        (None, "secret"),
        ("photos", None),
        ("", "secret"),
        ("photos", ""),
        ("[a-z]*", "secret"),
        ("photos\n", "secret"),
        ("'; drop table x; --", "secret"),
        ("p" * 256, "secret"),
    ],
)
def test_a_row_that_can_name_no_bucket_says_nothing(row):
    table = table_of([row, ("videos", "secret")])
    assert table == SensitivityTable({"videos": ("secret",)}, skipped=1)
    assert judged("photos", None, table).is_sensitive is False


def test_what_a_table_says_does_not_depend_on_the_order_of_its_rows():
    rows = [("photos", "b"), ("photos", "a"), ("ph*", "d"), ("pho*", "c")]
    assert table_of(rows) == table_of(rows[::-1])
    assert table_of(rows).words("photos") == ("a", "b", "d", "c")
