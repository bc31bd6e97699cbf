"""Which buckets are sensitive: pure."""

import pytest

from lacuna.access_log.sensitivity import Sensitivity, SensitivityTable, judge, table_of
from lacuna.refusals import Refusal

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
        ("photos", "secret ", True, "tag"),
        ("photos", " \tHigh\r\n", True, "tag"),
        ("photos", "sec ret", False, None),
        ("photos", DENIED, None, None),
        ("acme-payroll", None, True, "name"),
        ("acme-payroll", "public", True, "name"),
        ("acme-payroll", DENIED, True, "name"),
        ("ACME-PAYROLL", None, True, "name"),
        ("acme-payroll-2", None, False, None),
    ],
)
def test_a_bucket_is_sensitive_by_its_name_or_by_its_tag(name, tag, expected, by):
    found = judged(name, tag)
    assert (found.is_sensitive, found.sensitive_by) == (expected, by)


@pytest.mark.parametrize("name", ["payroll", "Payroll"])
@pytest.mark.parametrize("typed", ["Payroll", "PAY*", "payr?ll", "payroll"])
def test_a_name_is_meant_however_it_is_typed(name, typed):
    assert judged(name, names=(typed,)).sensitive_by == "name"
    said = table_of([(typed, "Secret"), ("films", "public")])
    assert judged(name, table=said) == Sensitivity(True, "Secret", "table")
    wordless = table_of([(typed, ""), ("films", "public")])
    missing = Refusal("StartQueryExecution", "WordMissing")
    assert judged(name, table=wordless) == Sensitivity(None, refused=missing)


def test_names_in_a_table_that_differ_by_case_are_one():
    assert table_of([("Photos", "a"), ("PHOTOS", "b")]) == table_of(
        [("photos", "b"), ("photos", "a")]
    )


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
        (None, None),
        (None, "secret"),
        ("", "secret"),
        (" ", ""),
        ("[a-z]*", "secret"),
        ("pho\ntos", "secret"),
        # quoted, and read as if it were not
        ('"photos"', '"secret"'),
        ("'; drop table x; --", "secret"),
        ("p" * 256, "secret"),
    ],
)
def test_a_row_that_can_name_no_bucket_may_have_meant_any(row):
    table = table_of([row, ("videos", "secret"), ("films", "public")])
    assert table == SensitivityTable({"videos": ("secret",), "films": ("public",)}, skipped=1)
    unusable = Refusal("StartQueryExecution", "RowsUnusable")
    assert judged("photos", None, table) == Sensitivity(None, refused=unusable)
    assert judged("films", None, table) == Sensitivity(None, "public", refused=unusable)
    assert judged("videos", None, table) == Sensitivity(True, "secret", "table")
    assert judged("photos", "secret", table) == Sensitivity(True, "secret", "tag")
    assert judged("acme-payroll", None, table) == Sensitivity(True, None, "name")


@pytest.mark.parametrize("word", [None, "", "  "])
def test_a_row_without_a_word_hides_only_the_buckets_that_it_names(word):
    table = table_of(
        [("photos", word), ("eu-*", word), ("eu-orders", "secret"), ("films", "public")]
    )
    missing = Refusal("StartQueryExecution", "WordMissing")
    assert judged("photos", None, table) == Sensitivity(None, refused=missing)
    assert judged("eu-images", "public", table) == Sensitivity(None, "public", refused=missing)
    assert judged("eu-orders", None, table) == Sensitivity(True, "secret", "table")
    assert judged("films", None, table) == Sensitivity(False, "public")


def test_spaces_around_a_name_and_a_word_do_not_count():
    table = table_of([(" photos", "Secret \r"), ("photos", "Secret")])
    assert table == SensitivityTable({"photos": ("Secret",)})
    assert judged("photos", None, table) == Sensitivity(True, "Secret", "table")


def test_what_a_table_says_does_not_depend_on_the_order_of_its_rows():
    rows = [("photos", "b"), ("photos", "a"), ("ph*", "d"), ("pho*", "c")]
    assert table_of(rows) == table_of(rows[::-1])
    assert table_of(rows).words("photos") == ("a", "b", "d", "c")
