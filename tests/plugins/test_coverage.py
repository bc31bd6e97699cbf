"""The fifteen configurations are those of table 1c in the comparison with other tools."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lacuna.coverage import (
    READ_EVENTS,
    WRITE_EVENTS,
    Coverage,
    FieldSelector,
    Selector,
    Trail,
    TrailStatus,
    basic_selector,
    judge,
)

REGION = "eu-west-1"
TRAIL = Trail(
    arn="arn:aws:cloudtrail:us-east-1:123456789012:trail/main",
    name="main",
    home_region="us-east-1",
    is_multi_region=True,
    log_bucket="trail-logs",
    statuses={REGION: TrailStatus(is_logging=True)},
)
OBJECTS = FieldSelector("resources.type", equals=("AWS::S3::Object",))
DATA = FieldSelector("eventCategory", equals=("Data",))
READS_ONLY = FieldSelector("readOnly", equals=("true",))
WRITES_ONLY = FieldSelector("readOnly", equals=("false",))
THIS = "arn:aws:s3:::logs/"


def basic(value: str, mode: str = "All") -> Selector:
    selector = basic_selector(mode, [("AWS::S3::Object", [value])])
    assert selector is not None
    return selector


def advanced(*fields: FieldSelector) -> Selector:
    return Selector((DATA, OBJECTS, *fields))


def arn(**operators: tuple[str, ...]) -> FieldSelector:
    return FieldSelector("resources.ARN", **operators)


def coverage(*selectors: Selector, trail: Trail = TRAIL) -> tuple[str, str]:
    found = judge("logs", REGION, [replace(trail, selectors=selectors)])
    return (found.reads, found.writes)


FIFTEEN = {
    "basic arn:aws:s3 All": (basic("arn:aws:s3"), "covered"),
    "basic arn:aws:s3::: All": (basic("arn:aws:s3:::"), "covered"),
    "basic this bucket All": (basic(THIS), "covered"),
    "basic this bucket WriteOnly": (basic(THIS, "WriteOnly"), "not_covered"),
    "basic other bucket with same name prefix": (
        basic("arn:aws:s3:::logs-archive/"),
        "not_covered",
    ),
    "basic one key prefix only": (basic(THIS + "finance/"), "partly_covered"),
    "advanced all S3 objects": (advanced(), "covered"),
    "advanced readOnly=false only": (advanced(WRITES_ONLY), "not_covered"),
    "advanced ARN StartsWith other bucket": (
        advanced(arn(starts_with=("arn:aws:s3:::other/",))),
        "not_covered",
    ),
    "advanced ARN NotStartsWith this bucket": (
        advanced(arn(not_starts_with=(THIS,))),
        "not_covered",
    ),
    "advanced readOnly=true + ARN StartsWith this bucket": (
        advanced(READS_ONLY, arn(starts_with=(THIS,))),
        "covered",
    ),
    "advanced readOnly=true + ARN NotStartsWith this bucket": (
        advanced(READS_ONLY, arn(not_starts_with=(THIS,))),
        "not_covered",
    ),
    "advanced eventName=DeleteObject only": (
        advanced(FieldSelector("eventName", equals=("DeleteObject",))),
        "not_covered",
    ),
}


@pytest.mark.parametrize("name", FIFTEEN)
def test_are_reads_of_the_bucket_recorded(name):
    selector, expected = FIFTEEN[name]
    assert coverage(selector)[0] == expected


def test_a_trail_that_was_stopped_records_nothing():
    stopped = replace(TRAIL, statuses={REGION: TrailStatus(is_logging=False)})
    found = judge("logs", REGION, [replace(stopped, selectors=(basic("arn:aws:s3"),))])
    assert (found.reads, found.reasons) == ("not_covered", ("trail_not_logging",))


def started(day: int, *selectors: Selector) -> Trail:
    status = TrailStatus(is_logging=True, started_at=datetime(2026, 11, day, tzinfo=UTC))
    return replace(TRAIL, selectors=selectors, statuses={REGION: status})


def test_coverage_is_as_old_as_the_trails_that_it_takes():
    everything, reads, writes = (basic(THIS, mode) for mode in ("All", "ReadOnly", "WriteOnly"))

    def since(*trails: Trail) -> tuple[int | None, ...]:
        found = judge("logs", REGION, trails)
        return tuple(one and one.day for one in (found.reads_since, found.writes_since))

    assert since(started(5, everything)) == (5, 5)
    # one that came later added nothing
    assert since(started(9, everything), started(5, everything)) == (5, 5)
    assert since(started(9, writes), started(5, reads)) == (5, 9)
    assert since(*(started(day, everything) for day in range(20, 2, -1))) == (3, 3)
    # nothing can be said of a trail that does not tell its start, nor of what is not covered
    assert since(replace(TRAIL, selectors=(everything,))) == (None, None)
    assert since(started(9, reads)) == (9, None)
    # partly covered is older than covered
    some = advanced(arn(starts_with=(THIS + "2026/",)))
    assert since(started(5, some), started(9, everything)) == (9, 9)
    assert since(started(5, some)) == (5, 5)


def test_an_organisation_trail_counts_like_any_other():
    organisation = replace(
        TRAIL,
        arn="arn:aws:cloudtrail:us-east-1:999999999999:trail/org",
        is_organization=True,
    )
    assert coverage(advanced(), trail=organisation) == ("covered", "covered")


def test_write_only_selectors_cover_writes():
    assert coverage(basic(THIS, "WriteOnly")) == ("not_covered", "covered")
    assert coverage(advanced(WRITES_ONLY)) == ("not_covered", "covered")


def test_selectors_cover_together_what_none_covers_alone():
    rest = advanced(arn(not_starts_with=(THIS + "tmp/",)))
    temporary = advanced(arn(starts_with=(THIS + "tmp/",)))
    assert coverage(rest) == ("partly_covered", "partly_covered")
    assert coverage(rest, temporary) == ("covered", "covered")
    assert coverage(rest, advanced(READS_ONLY, *temporary.fields)) == ("covered", "partly_covered")


def test_beyond_many_combinations_selectors_are_judged_alone_and_never_too_well():
    folders = tuple(f"{THIS}{number}/" for number in range(300))
    endings = tuple(f".{number}" for number in range(30))
    fields = (arn(not_starts_with=folders), FieldSelector("eventName", not_equals=("GetObject",)))
    rest = advanced(arn(not_ends_with=endings), *fields)
    those = [advanced(arn(ends_with=endings)), advanced(arn(starts_with=folders))]
    those.append(advanced(FieldSelector("eventName", equals=("GetObject",))))
    assert coverage(rest, *those) == ("partly_covered", "partly_covered")
    assert coverage(rest, *those, advanced()) == ("covered", "covered")


def test_trails_cover_together_what_none_covers_alone():
    reads = replace(TRAIL, selectors=(advanced(READS_ONLY),))
    writes = replace(TRAIL, arn=TRAIL.arn + "2", selectors=(advanced(WRITES_ONLY),))
    found = judge("logs", REGION, [reads, writes])
    assert found == judge("logs", REGION, [replace(TRAIL, selectors=(advanced(),))])


@pytest.mark.parametrize(
    "field",
    [
        arn(not_equals=(THIS + "one-key",)),
        arn(ends_with=(".jpg",)),
        arn(not_ends_with=(".tmp",)),
        FieldSelector("eventName", not_equals=("GetObject", "PutObject")),
        FieldSelector("userIdentity.arn", not_starts_with=("arn:aws:sts::1:assumed-role/etl",)),
        FieldSelector("userIdentity.arn", starts_with=("arn:aws:iam:",)),
        FieldSelector("sessionCredentialFromConsole", equals=("true",)),
        FieldSelector("sessionCredentialFromConsole", not_equals=("true",)),
    ],
)
def test_whatever_leaves_some_requests_out_is_partly_covered(field):
    assert coverage(advanced(field)) == ("partly_covered", "partly_covered")


@pytest.mark.parametrize(
    "field",
    [
        arn(not_starts_with=("arn:aws:s3:::other/",)),
        arn(not_equals=("arn:aws:s3:::other/key",)),
        FieldSelector("eventName", not_equals=("NoSuchEvent",)),
        FieldSelector("eventSource", equals=("s3.amazonaws.com",)),
        FieldSelector("eventType", not_equals=("AwsServiceEvent",)),
    ],
)
def test_whatever_leaves_out_only_others_is_covered(field):
    assert coverage(advanced(field)) == ("covered", "covered")


def test_other_kinds_of_s3_resources_do_not_count():
    point = Selector((DATA, FieldSelector("resources.type", equals=("AWS::S3::AccessPoint",))))
    assert coverage(point) == ("not_covered", "not_covered")
    assert basic_selector("All", [("AWS::Lambda::Function", ["arn:aws:lambda"])]) is None


def test_management_selectors_do_not_count():
    management = Selector((FieldSelector("eventCategory", equals=("Management",)),))
    found = judge("logs", REGION, [replace(TRAIL, selectors=(management,))])
    assert found.reasons == ("reads_not_selected", "writes_not_selected")


def test_without_any_trail_the_reason_says_so():
    found = judge("logs", REGION, [])
    assert found.reads is found.writes is Coverage.NOT_COVERED
    assert found.reasons == ("no_trail",)


def test_a_single_region_trail_does_not_see_other_regions():
    local = replace(TRAIL, is_multi_region=False, selectors=(advanced(),))
    assert judge("logs", REGION, [local]).reasons == ("trail_other_region",)
    at_home = replace(local, home_region=REGION)
    assert judge("logs", REGION, [at_home]).reads is Coverage.COVERED


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"selectors": None}, "trail_selectors_unreadable"),
        ({"statuses": {REGION: None}}, "trail_status_unreadable"),
        ({"statuses": {}}, "trail_status_unreadable"),
        (
            {"statuses": {REGION: TrailStatus(True, delivery_error="NoSuchBucket")}},
            "trail_delivery_error",
        ),
        (
            {"selectors": (advanced(FieldSelector("vpcEndpointId", equals=("x",))),)},
            "selector_field_unknown",
        ),
    ],
)
def test_what_cannot_be_told_is_unknown_never_uncovered(change, reason):
    trail = replace(TRAIL, selectors=(advanced(),))
    found = judge("logs", REGION, [replace(trail, **change)])
    assert found.reads is found.writes is Coverage.UNKNOWN
    assert found.reasons == (reason,)


def test_a_region_that_would_not_list_its_trails_is_unknown():
    found = judge("logs", REGION, [], all_trails_seen=False)
    assert (found.reads, found.reasons) == ("unknown", ("trails_unreadable",))


def test_an_unknown_trail_takes_nothing_from_a_good_one():
    good = replace(TRAIL, selectors=(advanced(),))
    found = judge("logs", REGION, [good, replace(TRAIL, selectors=None)], all_trails_seen=False)
    assert (found.reads, found.writes, found.reasons) == ("covered", "covered", ())


def test_an_unknown_trail_cannot_record_what_its_selectors_leave_out():
    failing = replace(
        TRAIL,
        selectors=(advanced(READS_ONLY),),
        statuses={REGION: TrailStatus(True, delivery_error="AccessDenied")},
    )
    found = judge("logs", REGION, [failing])
    assert (found.reads, found.writes) == ("unknown", "not_covered")


# A naive evaluator of single requests, against which the exact judgement is held.

PATTERNS = [THIS, THIS + "a", THIS + "ab", THIS + "b/", "arn:aws:s3:::", "arn:aws:s3:::log", "x"]
PATTERNS += ["b", "ab"]
TEXTS = st.sampled_from(PATTERNS)
NAMES = st.sampled_from(["GetObject", "PutObject", "Get", "Object", "DeleteObjects", "Head"])


def operators(texts: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, tuple[str, ...]]]:
    names = ["equals", "starts_with", "ends_with", "not_equals", "not_starts_with", "not_ends_with"]
    return st.dictionaries(
        st.sampled_from(names), st.lists(texts, min_size=1, max_size=2).map(tuple), max_size=3
    )


SELECTORS = st.builds(
    advanced,
    operators(TEXTS).map(lambda given: arn(**given)),
    operators(NAMES).map(lambda given: FieldSelector("eventName", **given)),
    st.sampled_from([READS_ONLY, WRITES_ONLY, FieldSelector("readOnly")]),
    st.sampled_from(
        [
            FieldSelector("sessionCredentialFromConsole"),
            FieldSelector("sessionCredentialFromConsole", equals=("true",)),
            FieldSelector("sessionCredentialFromConsole", not_equals=("true",)),
        ]
    ),
)
KEYS = st.one_of(
    st.text("ab/x", min_size=1, max_size=4), st.sampled_from(["a", "ab", "b/", "b/ab"])
)


def is_recorded(selectors: list[Selector], event: dict[str, str]) -> bool:
    return any(
        all(one.matches(event.get(one.field, "")) for one in selector.fields)
        for selector in selectors
    )


@settings(max_examples=300, deadline=None)
@given(st.lists(SELECTORS, max_size=3), KEYS, st.data())
def test_the_judgement_agrees_with_every_single_request(selectors, key, data):
    is_read = data.draw(st.booleans())
    event = {
        "eventCategory": "Data",
        "resources.type": "AWS::S3::Object",
        "resources.ARN": THIS + key,
        "eventName": data.draw(st.sampled_from(READ_EVENTS if is_read else WRITE_EVENTS)),
        "readOnly": "true" if is_read else "false",
        "sessionCredentialFromConsole": data.draw(st.sampled_from(["", "true"])),
    }
    found = coverage(*selectors)[0 if is_read else 1]
    if is_recorded(selectors, event):
        assert found in {"covered", "partly_covered"}
    else:
        assert found in {"not_covered", "partly_covered"}


@settings(max_examples=60, deadline=None)
@given(st.lists(SELECTORS, min_size=1, max_size=3))
def test_partly_covered_means_that_some_requests_are_recorded_and_some_are_not(selectors):
    # Every way in which a key can begin and end as far as the patterns care.
    begins, ends = ["", "a", "ab", "b/", "."], ["", ".", *PATTERNS]
    keys = [
        "a",
        "b",
        "x",
        *(a + m + e for a in begins for m in ("", ".") for e in ends if a + m + e),
    ]
    seen = {
        is_recorded(
            selectors,
            {
                "eventCategory": "Data",
                "resources.type": "AWS::S3::Object",
                "resources.ARN": THIS + key,
                "eventName": name,
                "readOnly": "true",
                "sessionCredentialFromConsole": console,
            },
        )
        for key in keys
        for name in READ_EVENTS
        for console in ("", "true")
    }
    expected = {
        frozenset({True}): "covered",
        frozenset({False}): "not_covered",
        frozenset({True, False}): "partly_covered",
    }
    assert coverage(*selectors)[0] == expected[frozenset(seen)]
