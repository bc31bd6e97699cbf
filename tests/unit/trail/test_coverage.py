"""The fifteen configurations are those of table 1c in the comparison with other tools."""

import itertools
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import lacuna
from lacuna.tables.evidence import RecorderFault
from lacuna.trail.coverage import ChangesWitnessed, judge, judge_changes
from lacuna.trail.events import READ_EVENTS, WRITE_EVENTS
from lacuna.trail.recorders import Channel, EventDataStore, Trail, TrailStatus
from lacuna.trail.selectors import (
    Coverage,
    FieldSelector,
    Selector,
    basic_management_selector,
    basic_selector,
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
    "basic arn:aws:s3 All but trail StopLogging": (basic("arn:aws:s3"), "not_covered"),
    "org trail in management account, all S3": (advanced(), "covered"),
}
TRAILS = {
    "basic arn:aws:s3 All but trail StopLogging": replace(
        TRAIL, statuses={REGION: TrailStatus(is_logging=False)}
    ),
    "org trail in management account, all S3": replace(
        TRAIL, arn="arn:aws:cloudtrail:us-east-1:999999999999:trail/org", is_organization=True
    ),
}


@pytest.mark.parametrize("name", FIFTEEN)
def test_are_reads_of_the_bucket_recorded(name):
    selector, expected = FIFTEEN[name]
    assert coverage(selector, trail=TRAILS.get(name, TRAIL))[0] == expected


def test_the_fifteen_are_fifteen():
    assert len(FIFTEEN) == 15
    assert TRAILS.keys() <= FIFTEEN.keys()


def test_a_trail_that_was_stopped_says_why():
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


@pytest.mark.parametrize("change", [{"selectors": None}, {"statuses": {REGION: None}}])
def test_an_organization_trail_that_a_member_may_not_read_is_unknown(change):
    organisation = replace(
        TRAIL,
        arn="arn:aws:cloudtrail:us-east-1:999999999999:trail/org",
        is_organization=True,
        selectors=(advanced(),),
    )
    found = judge("logs", REGION, [replace(organisation, **change)])
    assert found.reads is found.writes is Coverage.UNKNOWN
    assert found.reasons == ("organization_trail_unreadable",)


def test_a_trail_that_shows_twice_counts_once():
    trail = started(5, advanced(READS_ONLY))
    assert judge("logs", REGION, [trail, trail]) == judge("logs", REGION, [trail])


def test_a_trail_whose_log_bucket_is_gone_records_nothing():
    gone = replace(TRAIL, selectors=(advanced(),), log_bucket_exists=False)
    found = judge("logs", REGION, [gone])
    assert found.reads is found.writes is found.witness.reads is Coverage.NOT_COVERED
    assert found.reasons == ("trail_bucket_missing",)
    there = replace(gone, log_bucket_exists=True)
    assert judge("logs", REGION, [there]).reads is Coverage.COVERED
    assert judge("logs", REGION, [replace(gone, log_bucket_exists=None)]).reads is Coverage.COVERED


def test_write_only_selectors_cover_writes():
    assert coverage(basic(THIS, "WriteOnly")) == ("not_covered", "covered")
    assert coverage(advanced(WRITES_ONLY)) == ("not_covered", "covered")


def test_selectors_cover_together_what_none_covers_alone():
    rest = advanced(arn(not_starts_with=(THIS + "tmp/",)))
    temporary = advanced(arn(starts_with=(THIS + "tmp/",)))
    assert coverage(rest) == ("partly_covered", "partly_covered")
    assert coverage(rest, temporary) == ("covered", "covered")
    assert coverage(rest, advanced(READS_ONLY, *temporary.fields)) == ("covered", "partly_covered")


def test_many_patterns_are_judged_together_too():
    folders = tuple(f"{THIS}{number}/" for number in range(300))
    endings = tuple(f".{number}" for number in range(30))
    fields = (arn(not_starts_with=folders), FieldSelector("eventName", not_equals=("GetObject",)))
    rest = advanced(arn(not_ends_with=endings), *fields)
    those = [advanced(arn(ends_with=endings)), advanced(arn(starts_with=folders))]
    assert coverage(rest, *those) == ("partly_covered", "covered")
    those.append(advanced(FieldSelector("eventName", equals=("GetObject",))))
    assert coverage(rest, *those) == ("covered", "covered")


def test_trails_cover_together_what_none_covers_alone():
    reads = replace(TRAIL, selectors=(advanced(READS_ONLY),))
    writes = replace(TRAIL, arn=TRAIL.arn + "2", selectors=(advanced(WRITES_ONLY),))
    found = judge("logs", REGION, [reads, writes])
    one = judge("logs", REGION, [replace(TRAIL, selectors=(advanced(),))])
    assert replace(found, witness=replace(found.witness, covers=one.witness.covers)) == one


def covers(*trails: Trail) -> list[tuple[str, str, int | None]]:
    """The sets of trails that are enough, each with the day on which the last was started."""
    found = judge("logs", REGION, trails).witness.covers
    return [
        (
            one.mode,
            " ".join(arn.rpartition("/")[2] for arn in one.trails.split()),
            one.since and one.since.day,
        )
        for one in found
    ]


def test_each_trail_that_is_enough_is_named():
    both = [named("a", started(5, advanced())), named("b", started(9, advanced(READS_ONLY)))]
    assert covers(*both) == [("read", "a", 5), ("read", "b", 9), ("write", "a", 5)]
    assert covers(named("a", replace(TRAIL, selectors=(advanced(),)))) == [
        ("read", "a", None),
        ("write", "a", None),
    ]


def test_trails_that_are_enough_only_together_are_one_set_without_those_that_add_nothing():
    some = advanced(arn(starts_with=(THIS + "2026/",)))
    others = advanced(arn(not_starts_with=(THIS + "2026/",)))
    trails = [
        named("a", started(4, advanced(arn(starts_with=(THIS + "2026/11/",))))),
        named("b", started(5, some)),
        named("c", started(9, others)),
    ]
    assert covers(*trails) == [("read", "b c", 9), ("write", "b c", 9)]
    assert covers(*trails[:2]) == []


@pytest.mark.parametrize(
    "change",
    [
        {"selectors": None},
        {"statuses": {}},
        {"log_bucket_exists": False},
        {"statuses": {REGION: TrailStatus(is_logging=False)}},
        {"is_multi_region": False},
    ],
)
def test_a_trail_that_may_not_record_is_never_enough(change):
    unsure = replace(named("b", replace(TRAIL, selectors=(advanced(),))), **change)
    own = named("a", replace(TRAIL, selectors=(advanced(),)))
    assert covers(unsure) == []
    assert covers(unsure, own) == [("read", "a", None), ("write", "a", None)]


def named(name: str, trail: Trail) -> Trail:
    return replace(trail, arn=trail.arn.replace("main", name), name=name)


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
    at_home = replace(local, home_region=REGION)
    assert judge("logs", REGION, [at_home]).reads is Coverage.COVERED
    assert judge("logs", REGION, [local]).reasons == ("trail_other_region",)
    assert judge("logs", REGION, [local, local]).reasons == ("trail_other_region",)
    # beside one that is made for the bucket's Region, it is not what lacks
    reads = replace(TRAIL, selectors=(basic("arn:aws:s3", "ReadOnly"),))
    assert judge("logs", REGION, [local, reads]).reasons == ("writes_not_selected",)
    stopped = replace(reads, statuses={REGION: TrailStatus(is_logging=False)})
    found = judge("logs", REGION, [local, stopped])
    assert found.reasons == ("trail_not_logging", "writes_not_selected")


WILD = basic("arn:aws:s3:::*/*")
STOPPED = {"statuses": {REGION: TrailStatus(is_logging=False)}}
FAILING = {"statuses": {REGION: TrailStatus(True, delivery_error="AccessDenied")}}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (STOPPED, "trail_not_logging"),
        (FAILING, "trail_delivery_error"),
        ({"log_bucket_exists": False}, "trail_bucket_missing"),
        ({"statuses": {REGION: None}}, "trail_status_unreadable"),
        ({"is_multi_region": False}, "trail_other_region"),
    ],
)
def test_a_trail_is_named_only_where_it_selects_what_is_not_recorded(change, reason):
    def reasons(*selectors: Selector) -> tuple[str, ...]:
        return judge("logs", REGION, [replace(TRAIL, selectors=selectors, **change)]).reasons

    assert reasons(basic(THIS)) == (reason,)
    assert reasons(basic("arn:aws:s3:::others/")) == ("reads_not_selected", "writes_not_selected")
    assert set(reasons(basic(THIS, "ReadOnly"))) == {reason, "writes_not_selected"}
    # what another trail records is not what lacks
    writes = replace(TRAIL, selectors=(basic(THIS, "WriteOnly"),))
    idle = replace(TRAIL, selectors=(basic(THIS, "WriteOnly"),), **change)
    assert judge("logs", REGION, [writes, idle]).reasons == ("reads_not_selected",)


def test_each_trail_at_fault_is_named():
    others = replace(TRAIL, arn="arn:aws:cloudtrail:eu-west-1:1:trail/others", selectors=())
    stopped = replace(TRAIL, selectors=(basic(THIS),), **STOPPED)
    wild = replace(TRAIL, arn="arn:aws:cloudtrail:eu-west-1:1:trail/wild", selectors=(WILD,))
    found = judge("logs", REGION, [others, stopped, wild])
    assert found.reasons == (
        *("trail_not_logging", "selector_wildcard"),
        *("reads_not_selected", "writes_not_selected"),
    )
    assert found.faults == (
        RecorderFault("trail_not_logging", TRAIL.arn),
        RecorderFault("selector_wildcard", wild.arn),
    )


def test_a_trail_that_would_add_nothing_to_what_is_recorded_is_no_reason():
    some = basic(THIS + "a/")
    twin = replace(TRAIL, arn="arn:aws:cloudtrail:us-east-1:1:trail/twin", **STOPPED)
    partly = ("reads_partly_selected", "writes_partly_selected")

    def reasons(*selectors: Selector) -> tuple[str, ...]:
        trails = [replace(TRAIL, selectors=(some,)), replace(twin, selectors=selectors)]
        return judge("logs", REGION, trails).reasons

    assert reasons(some) == partly
    assert reasons(basic(THIS + "a/b")) == partly
    assert reasons(basic(THIS + "b/")) == ("trail_not_logging", *partly)
    assert reasons(basic(THIS)) == ("trail_not_logging", *partly)


def test_a_trail_of_another_region_is_named_where_those_of_this_one_select_nothing():
    management = replace(TRAIL, selectors=(basic_management_selector("All"),))
    local = replace(TRAIL, is_multi_region=False, selectors=(basic(THIS),))
    found = judge("logs", REGION, [management, local])
    assert found.reasons == ("trail_other_region", "reads_not_selected", "writes_not_selected")


def test_a_stopped_trail_that_cannot_be_read_may_have_selected_the_bucket():
    stopped = replace(TRAIL, selectors=None, **STOPPED)
    assert judge("logs", REGION, [stopped]).reasons == ("trail_not_logging",)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (basic("arn:aws:s3:::*/*"), True),
        (basic("arn:aws:s3:::*"), True),
        (basic("arn:aws:s3:::log?/"), True),
        (advanced(arn(starts_with=("arn:aws:s3:::log*",))), True),
        (advanced(arn(equals=("arn:aws:s3:::logs*/key",))), True),
        # an object's key may hold these characters
        (basic("arn:aws:s3:::other/*"), False),
        (advanced(arn(equals=("arn:aws:s3:::logs-archive/a?b",))), False),
    ],
)
def test_a_wildcard_in_a_selector_names_no_bucket_and_is_reported(selector, expected):
    found = judge("logs", REGION, [replace(TRAIL, selectors=(selector,))])
    assert (found.reads, found.writes) == ("not_covered", "not_covered")
    assert ("selector_wildcard" in found.reasons) is expected


@pytest.mark.parametrize(
    ("selector", "reads", "expected"),
    [
        # a key may begin with a star: some of the bucket is recorded, and hardly what was meant
        (basic("arn:aws:s3:::logs/*"), "partly_covered", True),
        (advanced(arn(equals=("arn:aws:s3:::logs/*",))), "partly_covered", True),
        (advanced(arn(starts_with=("arn:aws:s3:::logs/web/*",))), "partly_covered", True),
        (basic("arn:aws:s3:::logs/web/"), "partly_covered", False),
        (basic("arn:aws:s3:::logs/a*b"), "partly_covered", False),
        (basic("arn:aws:s3:::logs-archive/*"), "not_covered", False),
    ],
)
def test_a_star_at_the_end_of_a_key_is_reported_as_a_likely_mistake(selector, reads, expected):
    found = judge("logs", REGION, [replace(TRAIL, selectors=(selector,))])
    assert found.reads == reads
    assert ("selector_key_wildcard" in found.reasons) is expected
    assert "selector_wildcard" not in found.reasons


@pytest.mark.parametrize(
    "selector",
    [
        basic("arn:aws:s3:::lo*/"),
        basic("arn:aws:s3:::*"),
        advanced(arn(starts_with=("arn:aws:s3:::lo*/",))),
        advanced(arn(equals=(THIS + "*",))),
    ],
)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"statuses": {REGION: TrailStatus(is_logging=False)}}, "trail_not_logging"),
        ({"statuses": {REGION: TrailStatus(True, "AccessDenied")}}, "trail_delivery_error"),
        ({"log_bucket_exists": False}, "trail_bucket_missing"),
    ],
)
def test_a_trail_that_does_not_record_and_names_buckets_by_wildcard_has_both_reasons(
    change, reason, selector
):
    found = judge("logs", REGION, [replace(TRAIL, selectors=(selector,), **change)])
    is_of_keys = selector == advanced(arn(equals=(THIS + "*",)))
    wildcard = "selector_key_wildcard" if is_of_keys else "selector_wildcard"
    assert {reason, wildcard} <= set(found.reasons)
    assert {(fault.reason, fault.arn) for fault in found.faults} >= {
        (reason, TRAIL.arn),
        (wildcard, TRAIL.arn),
    }


def test_of_a_field_that_is_named_twice_either_value_may_be_what_is_recorded():
    """Nothing is both, and CloudTrail may take each for enough: of neither mode it is known."""
    twice = advanced(
        FieldSelector("eventName", equals=("GetObject",)),
        FieldSelector("eventName", equals=("PutObject",)),
    )
    found = judge("logs", REGION, [replace(TRAIL, selectors=(twice,))])
    assert (found.reads, found.writes) == ("unknown", "unknown")


def test_a_wildcard_beside_a_selector_that_covers_is_not_reported():
    trail = replace(TRAIL, selectors=(basic("arn:aws:s3:::*/*"), basic("arn:aws:s3")))
    assert judge("logs", REGION, [trail]).reasons == ()


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
def test_what_cannot_be_read_is_unknown_never_uncovered(change, reason):
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


def test_events_of_a_name_are_left_to_another_selector():
    """CloudTrail's own example: all but the events that name the keys of a batch delete."""
    deletes = ("DeleteObject",)
    found = coverage(
        advanced(FieldSelector("eventName", not_equals=deletes)),
        advanced(
            FieldSelector("eventName", equals=deletes),
            FieldSelector("eventType", not_equals=("AwsServiceEvent",)),
        ),
    )
    assert found == ("covered", "covered")


@pytest.mark.parametrize("category", ["Management", "NetworkActivity", "Aggregated", "Insight"])
def test_only_data_events_count(category):
    other = Selector((FieldSelector("eventCategory", equals=(category,)), OBJECTS))
    assert coverage(other) == ("not_covered", "not_covered")


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (FieldSelector("eventName", equals=("NoSuchEvent", "ListBuckets")), "not_covered"),
        (FieldSelector("eventSource", equals=("s3-authn-errors.amazonaws.com",)), "not_covered"),
        (FieldSelector("eventSource", not_equals=("s3lifecycle.amazonaws.com",)), "covered"),
        (FieldSelector("eventType", equals=("AwsServiceEvent",)), "not_covered"),
        (FieldSelector("resources.type", not_equals=("AWS::S3::Object",)), "not_covered"),
        (FieldSelector("eventName"), "covered"),
        (arn(starts_with=("arn:aws:s3:::log",), not_starts_with=(THIS,)), "not_covered"),
        (arn(starts_with=("x",), ends_with=("/",)), "partly_covered"),
    ],
)
def test_a_field_decides_alone(field, expected):
    assert coverage(advanced(field)) == (expected, expected)


def test_a_selector_without_values_or_fields():
    assert basic_selector("All", [("AWS::S3::Object", [])]) is None
    assert basic_selector("All", []) is None
    assert coverage() == ("not_covered", "not_covered")


def test_a_field_that_is_named_twice_is_known_only_where_every_reading_agrees():
    twice = advanced(arn(starts_with=(THIS + "a",)), arn(starts_with=(THIS + "b",)))
    found = judge("logs", REGION, [replace(TRAIL, selectors=(twice,))])
    assert (found.reads, found.reasons) == ("unknown", ("selector_field_repeated",))
    assert coverage(advanced(arn(not_starts_with=("x",)), arn(starts_with=(THIS,))))[0] == "covered"
    assert coverage(advanced(arn(starts_with=("x",)), arn(starts_with=("y",))))[0] == "not_covered"
    both = judge("logs", REGION, [replace(TRAIL, selectors=(twice, advanced(READS_ONLY)))])
    assert (both.reads, both.writes) == ("covered", "unknown")


# What is recorded of a mode that is partly covered.


def expected(*selectors: Selector, **change) -> list[str]:
    found = judge("logs", REGION, [replace(TRAIL, selectors=selectors, **change)])
    return [str(part) for part in found.parts]


CALLER = "arn:aws:sts::1:assumed-role/etl"


@pytest.mark.parametrize(
    ("selectors", "lines"),
    [
        (
            [advanced(READS_ONLY, arn(starts_with=(THIS + "private/",)))],
            ["reads recorded: keys that begin with 'private/'"],
        ),
        (
            [advanced(FieldSelector("eventName", not_equals=("DeleteObject", "DeleteObjects")))],
            ["writes recorded: all but DeleteObject, DeleteObjects"],
        ),
        (
            [advanced(FieldSelector("eventName", equals=("GetObject", "PutObject")))],
            ["reads recorded: GetObject", "writes recorded: PutObject"],
        ),
        (
            [basic(THIS + "a/", "WriteOnly"), basic("arn:aws:s3:::logs-archive/")],
            ["writes recorded: keys that begin with 'a/'"],
        ),
        (
            [
                advanced(
                    WRITES_ONLY,
                    arn(ends_with=("/a",), not_equals=(THIS + "k",), not_ends_with=(".x", ".y")),
                    FieldSelector("userIdentity.arn", not_starts_with=(CALLER,)),
                    FieldSelector("sessionCredentialFromConsole", not_equals=("true",)),
                )
            ],
            [
                "writes recorded: keys that are 'a' or end with '/a' and are not 'k' and do not "
                f"end with '.x', '.y'; caller ARNs that do not begin with '{CALLER}'; "
                "all but console sessions"
            ],
        ),
        # a positive operator that holds for the whole bucket leaves only the negative ones
        (
            [
                advanced(
                    READS_ONLY,
                    arn(
                        starts_with=("arn:aws:s3",),
                        ends_with=(".x",),
                        not_starts_with=(THIS + "tmp/",),
                    ),
                )
            ],
            ["reads recorded: keys that do not begin with 'tmp/'"],
        ),
        # what another selector records as well is shown once
        (
            [
                advanced(WRITES_ONLY, arn(starts_with=(THIS + "a/b",))),
                advanced(WRITES_ONLY, arn(starts_with=(THIS + "a/",))),
                basic(THIS + "a/", "WriteOnly"),
                advanced(WRITES_ONLY, arn(starts_with=(THIS + "c/",))),
            ],
            [
                "writes recorded: keys that begin with 'a/'",
                "writes recorded: keys that begin with 'c/'",
            ],
        ),
        # people wrote the selectors: nothing in them may look like anything else
        (
            [advanced(READS_ONLY, arn(starts_with=(THIS + "it's\x1b[2J\n<b>",)))],
            ["reads recorded: keys that begin with 'it''s\\x1b[2J\\n<b>'"],
        ),
        (
            [advanced(READS_ONLY, arn(starts_with=tuple(f"{THIS}{n}/" for n in range(22))))],
            [
                "reads recorded: keys that begin with "
                + ", ".join(f"'{n}/'" for n in range(20))
                + " or 2 more"
            ],
        ),
        ([advanced()], []),
        ([], []),
    ],
)
def test_what_is_recorded_is_shown(selectors, lines):
    assert expected(*selectors) == lines


def test_what_cannot_be_read_is_shown_as_perhaps_recorded():
    sure = replace(TRAIL, selectors=(advanced(arn(starts_with=(THIS + "a/",))),))
    failing = replace(
        TRAIL,
        selectors=(advanced(READS_ONLY, arn(starts_with=(THIS + "a/b", THIS + "c/"))),),
        statuses={REGION: TrailStatus(True, delivery_error="AccessDenied")},
    )
    found = judge("logs", REGION, [sure, failing])
    assert (found.reads, found.reasons) == (
        "partly_covered",
        ("trail_delivery_error", "reads_partly_selected", "writes_partly_selected"),
    )
    assert list(map(str, found.parts)) == [
        "reads recorded: keys that begin with 'a/'",
        "reads perhaps recorded: keys that begin with 'a/b', 'c/'",
        "writes recorded: keys that begin with 'a/'",
    ]


# Event data stores of CloudTrail Lake record, and witness nothing.

STORE = EventDataStore(
    "arn:aws:cloudtrail:us-east-1:123456789012:eventdatastore/one",
    home_region="us-east-1",
    selectors=(advanced(),),
    created_at=datetime(2026, 11, 3, tzinfo=UTC),
)


def test_a_store_records_and_is_no_witness():
    found = judge("logs", REGION, [], [STORE])
    assert (found.reads, found.writes, found.reasons) == ("covered", "covered", ())
    assert (found.witness.reads, found.witness.writes) == ("not_covered", "not_covered")
    assert (found.reads_since.day, found.witness.reads_since) == (3, None)


def test_a_store_leaves_the_trails_what_they_witness():
    reads = started(9, advanced(READS_ONLY))
    found = judge("logs", REGION, [reads], [STORE])
    assert (found.reads, found.writes) == ("covered", "covered")
    assert (found.witness.reads, found.witness.writes) == ("covered", "not_covered")
    assert (found.reads_since.day, found.witness.reads_since.day) == (3, 9)
    alone = judge("logs", REGION, [reads])
    assert (alone.witness.reads, alone.witness.reads_since) == (alone.reads, alone.reads_since)


@pytest.mark.parametrize(
    ("change", "expected", "reason"),
    [
        ({"status": "STOPPED_INGESTION"}, "not_covered", "store_not_ingesting"),
        ({"status": "PENDING_DELETION"}, "not_covered", "store_not_ingesting"),
        ({"status": "CREATED"}, "not_covered", "store_not_ingesting"),
        ({"status": "STARTING_INGESTION"}, "unknown", "store_changing"),
        ({"status": "STOPPING_INGESTION"}, "unknown", "store_changing"),
        ({"selectors": None}, "unknown", "store_unreadable"),
        ({"is_multi_region": False}, "not_covered", "store_other_region"),
    ],
)
def test_an_event_data_store_that_may_not_record_says_why(change, expected, reason):
    found = judge("logs", REGION, [], [replace(STORE, **change)])
    assert (found.reads, found.writes, found.reasons) == (expected, expected, (reason,))
    assert found.witness.reads is Coverage.NOT_COVERED


def test_stores_that_would_not_be_listed_hide_only_what_the_trails_leave():
    trail = replace(TRAIL, selectors=(advanced(READS_ONLY),))
    found = judge("logs", REGION, [trail], all_stores_seen=False)
    assert (found.reads, found.writes) == ("covered", "unknown")
    assert found.reasons == ("stores_unreadable",)
    assert found.witness.writes is Coverage.NOT_COVERED


MANAGEMENT = FieldSelector("eventCategory", equals=("Management",))

# What an AWS service receives through a channel of CloudTrail, nobody reads: it is never
# "not covered", and never covered.
CHANNEL = Channel(
    f"arn:aws:cloudtrail:{REGION}:123456789012:channel/one",
    home_region=REGION,
    selectors=(advanced(),),
)
ONLY_READS = replace(CHANNEL, selectors=(advanced(READS_ONLY),))
UNNAMED = replace(CHANNEL, selectors=(advanced(arn(starts_with=("arn:aws:s3:::other/",))),))


@pytest.mark.parametrize(
    ("selectors", "channel", "expected", "reasons"),
    [
        ((), CHANNEL, ("unknown", "unknown"), ("recorded_elsewhere",)),
        (
            (),
            ONLY_READS,
            ("unknown", "not_covered"),
            ("recorded_elsewhere", "writes_not_selected"),
        ),
        ((), UNNAMED, ("not_covered", "not_covered"), ("no_trail",)),
        (
            (),
            replace(CHANNEL, selectors=(Selector((MANAGEMENT,)),)),
            ("not_covered", "not_covered"),
            ("no_trail",),
        ),
        (
            (),
            replace(CHANNEL, home_region="us-east-1"),
            ("not_covered", "not_covered"),
            ("no_trail",),
        ),
        (
            (),
            replace(CHANNEL, home_region="us-east-1", is_multi_region=True),
            ("unknown", "unknown"),
            ("recorded_elsewhere",),
        ),
        ((), replace(CHANNEL, selectors=None), ("unknown", "unknown"), ("channel_unreadable",)),
        ((advanced(),), CHANNEL, ("covered", "covered"), ()),
        ((advanced(READS_ONLY),), CHANNEL, ("covered", "unknown"), ("recorded_elsewhere",)),
        # part of the writes by a trail, the others perhaps elsewhere
        (
            (advanced(arn(starts_with=(f"{THIS}a",))),),
            CHANNEL,
            ("unknown", "unknown"),
            ("recorded_elsewhere",),
        ),
        (
            (advanced(arn(starts_with=(f"{THIS}a",))),),
            UNNAMED,
            ("partly_covered", "partly_covered"),
            ("reads_partly_selected", "writes_partly_selected"),
        ),
    ],
)
def test_what_only_a_channel_selects_is_unknown(selectors, channel, expected, reasons):
    trails = [replace(TRAIL, selectors=selectors)] if selectors else []
    found = judge("logs", REGION, trails, channels=[channel])
    assert (found.reads, found.writes) == expected
    assert found.reasons == reasons
    alone = judge("logs", REGION, trails)
    assert found.witness == alone.witness


def test_channels_that_would_not_be_listed_hide_only_what_is_not_recorded():
    trail = replace(TRAIL, selectors=(advanced(READS_ONLY),))
    found = judge("logs", REGION, [trail], all_channels_seen=False)
    assert (found.reads, found.writes) == ("covered", "unknown")
    assert found.reasons == ("channels_unreadable",)
    assert found.witness.writes is Coverage.NOT_COVERED


BUT_OF_S3 = FieldSelector("eventSource", not_equals=("s3.amazonaws.com",))
NOT_BY_KIM = FieldSelector("userIdentity.arn", not_starts_with=("arn:aws:iam::1:user/kim",))


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (Selector((MANAGEMENT,)), "covered"),
        (Selector((MANAGEMENT, WRITES_ONLY)), "covered"),
        (Selector((MANAGEMENT, READS_ONLY)), "not_covered"),
        (Selector((MANAGEMENT, BUT_OF_S3)), "partly_covered"),
        (Selector((MANAGEMENT, NOT_BY_KIM)), "partly_covered"),
        (
            Selector((MANAGEMENT, FieldSelector("eventName", not_equals=("StopLogging",)))),
            "partly_covered",
        ),
        (
            Selector((MANAGEMENT, FieldSelector("eventName", not_equals=("Decrypt",)))),
            "covered",
        ),
        (Selector((MANAGEMENT, FieldSelector("new", equals=("x",)))), "unknown"),
        (advanced(), "not_covered"),
        (basic("arn:aws:s3"), "not_covered"),
        (basic_management_selector("All"), "covered"),
        (basic_management_selector("ReadOnly"), "not_covered"),
        (basic_management_selector("WriteOnly"), "covered"),
    ],
)
def test_a_trail_witnesses_changes_as_far_as_it_records_management_events(selector, expected):
    found = judge_changes(REGION, [replace(TRAIL, selectors=(selector,))])
    assert found == ChangesWitnessed(Coverage(expected))
    assert judge("logs", REGION, [TRAIL]).reads is Coverage.NOT_COVERED


def test_changes_that_no_trail_would_show_are_not_covered_and_refusals_hide_them():
    assert judge_changes(REGION, []).coverage is Coverage.NOT_COVERED
    assert judge_changes(REGION, [], all_trails_seen=False).coverage is Coverage.UNKNOWN
    assert judge_changes(REGION, [replace(TRAIL, selectors=None)]).coverage is Coverage.UNKNOWN
    home = replace(TRAIL, is_multi_region=False, selectors=(basic_management_selector("All"),))
    assert judge_changes(REGION, [home]).coverage is Coverage.NOT_COVERED


def test_changes_are_witnessed_since_the_trail_was_started():
    found = judge_changes(REGION, [started(20, Selector((MANAGEMENT,)))])
    assert found.since == datetime(2026, 11, 20, tzinfo=UTC)
    # where two trails share the calls, since the later one was started
    of_s3, of_trails = (
        Selector((MANAGEMENT, FieldSelector("eventSource", equals=(f"{name}.amazonaws.com",))))
        for name in ("s3", "cloudtrail")
    )
    for days in ((5, 9), (9, 5)):
        shared = [started(day, one) for day, one in zip(days, (of_s3, of_trails), strict=True)]
        found = judge_changes(REGION, shared)
        assert found == ChangesWitnessed(Coverage.COVERED, datetime(2026, 11, 9, tzinfo=UTC))


def test_the_judgement_needs_neither_boto3_nor_airflow():
    code = (
        "import sys\n"
        "for name in ('boto3', 'botocore', 'airflow'):\n"
        "    sys.modules[name] = None\n"
        "from lacuna.trail.coverage import judge\n"
        "print(judge('logs', 'eu-west-1', []).reads)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(Path(lacuna.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "not_covered"


# A second, naive implementation: one request held against selectors in CloudTrail's own form. It
# shares no code with the first, and knows no classes of keys.

POSITIVE = {
    "Equals": lambda value, text: value == text,
    "StartsWith": lambda value, text: value[: len(text)] == text,
    "EndsWith": lambda value, text: value[-len(text) :] == text,
}
WORDS = {
    "Equals": "equals",
    "StartsWith": "starts_with",
    "EndsWith": "ends_with",
    "NotEquals": "not_equals",
    "NotStartsWith": "not_starts_with",
    "NotEndsWith": "not_ends_with",
}


def holds(field: dict, value: str) -> bool:
    wanted = [POSITIVE[op](value, text) for op in POSITIVE for text in field.get(op, [])]
    unwanted = [POSITIVE[op](value, text) for op in POSITIVE for text in field.get(f"Not{op}", [])]
    return (any(wanted) or not wanted) and not any(unwanted)


def selects(selector: dict, request: dict[str, str]) -> bool:
    if "FieldSelectors" in selector:
        return all(holds(one, request[one["Field"]]) for one in selector["FieldSelectors"])
    mode = {"ReadOnly": "true", "WriteOnly": "false"}.get(selector["ReadWriteType"])
    return mode in (None, request["readOnly"]) and any(
        request["resources.ARN"].startswith(value)
        for resource in selector["DataResources"]
        if resource["Type"] == "AWS::S3::Object"
        for value in resource["Values"]
    )


def as_ours(selector: dict) -> Selector | None:
    if "FieldSelectors" not in selector:
        resources = [(one["Type"], one["Values"]) for one in selector["DataResources"]]
        return basic_selector(selector["ReadWriteType"], resources)
    return Selector(
        tuple(
            FieldSelector(
                one["Field"], **{ours: tuple(one.get(word, ())) for word, ours in WORDS.items()}
            )
            for one in selector["FieldSelectors"]
        )
    )


def fields(
    name: str, texts: list[str], operators: tuple[str, ...] = tuple(WORDS)
) -> st.SearchStrategy:
    values = st.lists(st.sampled_from(texts), min_size=1, max_size=2)
    several = st.dictionaries(st.sampled_from(operators), values, min_size=1, max_size=3)
    one = st.tuples(st.sampled_from(operators), values).map(lambda pair: dict([pair]))
    return (one | several).map(lambda given: {"Field": name, **given})


KEY_BEGINNINGS, KEY_ENDINGS = ["", "a", "a/", "b"], ["a", "/a", ".a", "s/a"]
ARNS = ["arn:aws:s3", "arn:aws:s3:::log", THIS, "arn:aws:s3:::logs-archive/", *KEY_ENDINGS]
ARNS += [THIS + key for key in ("a", "b", "a/", "a/a")]
CALLERS = ["arn:", "arn:ann", "ann"]
NAMES = ["GetObject", "PutObject", "Get", "Object", "ObjectAcl", "DeleteObjects", "Delete", "List"]
RARELY = {
    "eventCategory": ["Management", "NetworkActivity"],
    "resources.type": ["AWS::S3::AccessPoint"],
    "eventSource": ["s3.amazonaws.com", "s3lifecycle.amazonaws.com"],
    "eventType": ["AwsApiCall", "AwsServiceEvent"],
}
USUAL = [
    {"Field": "eventCategory", "Equals": ["Data"]},
    {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
]
LARGE = {
    "resources.ARN": fields("resources.ARN", ARNS),
    "eventName": fields("eventName", NAMES),
    "userIdentity.arn": fields("userIdentity.arn", CALLERS),
}
SMALL = [
    fields("readOnly", ["true", "false"], ("Equals",)),
    fields("sessionCredentialFromConsole", ["true"], ("Equals", "NotEquals")),
    st.sampled_from(sorted(RARELY)).flatmap(lambda name: fields(name, RARELY[name])),
]


def advanced_of(names: list[str]) -> st.SearchStrategy:
    """Selectors over at most these of the large fields, so that all requests can be tried."""
    optional = st.one_of(*(LARGE[name] for name in names), *(LARGE[name] for name in names), *SMALL)
    chosen = st.lists(optional, max_size=3, unique_by=lambda one: one["Field"])
    return chosen.map(
        lambda found: {
            "FieldSelectors": [
                *(one for one in USUAL if one["Field"] not in {other["Field"] for other in found}),
                *found,
            ]
        }
    )


BASIC = st.builds(
    lambda mode, kind, values: {
        "ReadWriteType": mode,
        "DataResources": [{"Type": kind, "Values": values}],
    },
    st.sampled_from(["All", "ReadOnly", "WriteOnly"]),
    st.sampled_from(["AWS::S3::Object"] * 4 + ["AWS::Lambda::Function"]),
    st.lists(st.sampled_from(ARNS), max_size=2),
)


def with_narrower(selector: dict) -> list[dict]:
    """The selector, and before and behind it ones that select a part of the same."""
    given = selector["FieldSelectors"]
    narrower = [{"Field": "readOnly", "Equals": ["true"]}]
    narrower += [{"Field": "sessionCredentialFromConsole", "NotEquals": ["true"]}]
    before, behind = ({"FieldSelectors": [*given, one]} for one in narrower)
    named = {one["Field"] for one in given}
    return [
        *([before] if "readOnly" not in named else []),
        selector,
        *([behind] if "sessionCredentialFromConsole" not in named else []),
    ]


def with_complements(selector: dict) -> list[dict]:
    """The selector, and for each of its fields one that selects what that field leaves out."""
    turned = []
    for one in selector["FieldSelectors"]:
        operators = {word: texts for word, texts in one.items() if word != "Field"}
        # Operators of both signs have no complement within one field.
        if one not in USUAL and len({word.startswith("Not") for word in operators}) == 1:
            opposite = {
                word.removeprefix("Not") if word.startswith("Not") else f"Not{word}": texts
                for word, texts in operators.items()
            }
            usual = [other for other in USUAL if other["Field"] != one["Field"]]
            turned.append({"FieldSelectors": [*usual, {"Field": one["Field"], **opposite}]})
    return [selector, *turned]


def trails_of(names: list[str]) -> st.SearchStrategy:
    """Trails as drawn: the selectors, all in one form, and whether it was started."""
    some = advanced_of(names)
    selectors = [st.lists(some, max_size=2), some.map(with_complements), some.map(with_narrower)]
    if "resources.ARN" in names:
        selectors.append(st.lists(BASIC, max_size=2))
    is_logging = st.sampled_from([True, True, True, False])
    return st.lists(st.tuples(st.one_of(*selectors), is_logging), max_size=2)


TRAILS_DRAWN = st.sampled_from(list(itertools.combinations(LARGE, 2))).flatmap(trails_of)


def between(beginnings: list[str], endings: list[str]) -> list[str]:
    """Every beginning with every ending, side by side and apart."""
    middles = ("", "~")
    return sorted({a + m + z for a in beginnings for m in middles for z in endings} - {""})


def requests(mode: str, selectors: list[dict], more: list[str]) -> Iterator[dict[str, str]]:
    """A request for each way in which these selectors could tell requests of the mode apart.

    A field that none of them names stays at one value; `more` are keys besides.
    """
    named = {one["Field"] for selector in selectors for one in selector.get("FieldSelectors", [])}
    if any("FieldSelectors" not in selector for selector in selectors):
        named.add("resources.ARN")
    names = READ_EVENTS if mode == "reads" else WRITE_EVENTS
    values = {
        "resources.ARN": [THIS + key for key in between(KEY_BEGINNINGS, ["", *ARNS]) + more],
        "eventName": names,
        "userIdentity.arn": ["", *between(["", *CALLERS], ["", *CALLERS])],
        "sessionCredentialFromConsole": ["", "true"],
    }
    axes = [texts if name in named else texts[:1] for name, texts in values.items()]
    for combination in itertools.product(*axes):
        request = dict(zip(values, combination, strict=True))
        yield {
            "eventCategory": "Data",
            "resources.type": "AWS::S3::Object",
            "eventSource": "s3.amazonaws.com",
            "eventType": "AwsApiCall",
            "readOnly": "true" if mode == "reads" else "false",
            "key": request["resources.ARN"].removeprefix(THIS),
            **request,
        }


@given(TRAILS_DRAWN, st.lists(st.text("ab/.s~", min_size=1, max_size=5), max_size=3))
@example([([{"FieldSelectors": [*USUAL]}], False)], [])
def test_the_judgement_agrees_with_every_single_request(drawn, keys):
    trails = [
        replace(
            TRAIL,
            arn=f"{TRAIL.arn}{n}",
            selectors=tuple(ours for ours in map(as_ours, selectors) if ours),
            statuses={REGION: TrailStatus(is_logging)},
        )
        for n, (selectors, is_logging) in enumerate(drawn)
    ]
    running = [one for selectors, is_logging in drawn if is_logging for one in selectors]
    found = judge("logs", REGION, trails)
    for mode, verdict in (("reads", found.reads), ("writes", found.writes)):
        parts = [part for part in found.parts if part.mode == mode]
        seen = set()
        for request in requests(mode, running, keys):
            recorded = any(selects(one, request) for one in running)
            seen.add(recorded)
            if parts:
                assert recorded == any(
                    all(one.matches(request[one.field]) for one in part.conditions)
                    for part in parts
                )
        expected = {(True,): "covered", (False,): "not_covered", (False, True): "partly_covered"}
        assert verdict == expected[tuple(sorted(seen))]
        assert bool(parts) == (verdict == "partly_covered")
        assert all(part.is_certain for part in parts)
