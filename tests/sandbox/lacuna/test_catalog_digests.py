"""The digests of a delivery day, and what they say of its CloudTrail files, in the sandbox."""

from datetime import UTC, timedelta

import pytest

from lacuna.lake import lake as lakes
from lacuna.steps import day_states
from lacuna.tables import evidence
from tests.sandbox.lacuna.conftest import DAY


@pytest.fixture
def digests(rows):
    def read():
        return sorted(rows(evidence.TRAIL_DIGESTS), key=lambda row: row["digest_end_at"])

    return read


def log_from_europe(cloud):
    """Trails are asked for in the Regions of logged buckets only."""
    cloud.bucket("photos-eu", "eu-west-1")
    cloud.bucket("logs-eu", "eu-west-1")
    cloud.log_to("photos-eu", "logs-eu")


def test_digests_attest_the_files_they_name(cloud, trail, at, run, digests, objects):
    file = cloud.trail_file("trail-logs", at(9, 30))
    extra, _ = cloud.trail_file("trail-logs", at(9, 31), unique=2)
    for hour in range(8, 12):
        cloud.digest("trail-logs", at(hour), [file] if hour == 10 else [])
    run()
    assert [row["state"] for row in digests()] == ["valid"] * 4
    assert [row["files"] for row in digests()] == [0, 0, 1, 0]
    assert objects()[file[0]]["digest_state"] == "attested"
    assert objects()[extra]["digest_state"] == "disowned"
    assert objects()[extra]["stamped_at"].replace(tzinfo=UTC) == at(9, 31)


def test_a_file_that_no_digest_had_to_name_is_not_disowned(cloud, trail, at, run, objects):
    early, _ = cloud.trail_file("trail-logs", at(7, 5))
    late, _ = cloud.trail_file("trail-logs", at(10, 50))
    for hour in (8, 9, 10, 11):
        cloud.digest("trail-logs", at(hour), [])
    run()
    assert [objects()[url]["digest_state"] for url in (early, late)] == ["not_attested"] * 2


def test_digests_of_another_region_disown_nothing(cloud, trail, at, run, objects):
    log_from_europe(cloud)
    url, _ = cloud.trail_file("trail-logs", at(9, 30), region="eu-west-1")
    for hour in (9, 10, 11):
        cloud.digest("trail-logs", at(hour), [])
    run()
    assert objects()[url]["digest_state"] == "not_attested"


@pytest.mark.parametrize(("multi_region", "state"), [(True, "not_attested"), (False, "disowned")])
def test_a_file_may_be_of_another_trail_that_delivers_to_the_same_place(
    cloud, trail, at, run, objects, multi_region, state
):
    cloud.client("cloudtrail", "eu-west-1").create_trail(
        Name="other", S3BucketName="trail-logs", IsMultiRegionTrail=multi_region
    )
    url, _ = cloud.trail_file("trail-logs", at(9, 30))
    for hour in (9, 10):
        cloud.digest("trail-logs", at(hour), [])
    run()
    assert objects()[url]["digest_state"] == state


def test_the_digests_after_midnight_disown_a_file_of_the_days_last_minutes(
    cloud, trail, at, run, objects
):
    url, _ = cloud.trail_file("trail-logs", at(23, 58))
    for moment in (at(23, 10), at(0, 10, days=1), at(1, 10, days=1)):
        cloud.digest("trail-logs", moment, [])
    run()
    assert objects()[url]["digest_state"] == "disowned"


def test_the_digest_after_midnight_attests_the_days_last_hour(
    cloud, trail, at, run, digests, objects
):
    file = cloud.trail_file("trail-logs", at(23, 30))
    cloud.digest("trail-logs", at(23), [])
    cloud.digest("trail-logs", at(24), [file])
    run()
    assert objects()[file[0]]["digest_state"] == "attested"
    assert len(digests()) == 1


def test_a_file_of_the_hour_before_midnight_is_checked_where_it_lies(
    cloud, trail, at, run, digests
):
    kept = cloud.trail_file("trail-logs", at(23, 30, days=-1))
    altered, _ = cloud.trail_file("trail-logs", at(23, 31, days=-1), unique=2)
    gone, sha256 = cloud.trail_file("trail-logs", at(23, 32, days=-1), unique=3)
    cloud.client("s3").delete_object(Bucket="trail-logs", Key=gone.removeprefix("s3://trail-logs/"))
    cloud.digest("trail-logs", at(0), [kept, (altered, "00" * 32), (gone, sha256)])
    run()
    (row,) = digests()
    assert (row["missing_files"], row["altered_files"]) == ([gone], [altered])


@pytest.mark.parametrize(
    ("signed", "parsed", "missing"),
    [("as read", True, False), ("as read", False, True), ("otherwise", True, True)],
)
def test_what_expired_since_the_day_before_was_read_is_proved_by_its_evidence(
    cloud, trail, at, run, digests, settings, signed, parsed, missing
):
    """The files of the last hour and the last digest are named by the first digest of the day."""
    url, sha256 = cloud.trail_file("trail-logs", at(23, 30, days=-1))
    cloud.digest("trail-logs", at(23, days=-1), [])
    before = DAY - timedelta(days=1)
    run(before)
    mine = lakes.open_lake(settings)
    if parsed:
        day_states.mark_parsed(mine, before, day_states.catalogued_at(mine, before))
    for key in cloud.keys("trail-logs"):
        cloud.client("s3").delete_object(Bucket="trail-logs", Key=key)
    cloud.digest("trail-logs", at(0), [(url, sha256 if signed == "as read" else "00" * 32)])
    cloud.digest("trail-logs", at(1), [])
    run()
    assert [row["missing_files"] for row in digests()] == [[url] if missing else [], []]
    assert [row["altered_files"] for row in digests()] == [[], []]
    assert [row["state"] for row in digests()] == [
        "valid" if parsed else "broken_chain",
        "valid",
    ]


def test_a_deleted_and_an_altered_file_are_found(cloud, trail, at, run, digests, objects):
    gone, sha256 = cloud.trail_file("trail-logs", at(9, 30))
    cloud.client("s3").delete_object(Bucket="trail-logs", Key=gone.removeprefix("s3://trail-logs/"))
    altered, _ = cloud.trail_file("trail-logs", at(9, 31), unique=2)
    cloud.digest("trail-logs", at(10), [(gone, sha256), (altered, "00" * 32)])
    run()
    (row,) = digests()
    assert (row["state"], row["missing_files"], row["altered_files"]) == (
        "valid",
        [gone],
        [altered],
    )
    assert objects()[altered]["digest_state"] == "altered"


def test_a_missing_digest_and_the_chain_it_breaks_are_found(cloud, trail, at, run, digests):
    keys = [cloud.digest("trail-logs", at(hour), []) for hour in range(8, 12)]
    cloud.client("s3").delete_object(Bucket="trail-logs", Key=keys[1])
    run()
    assert [(row["digest_end_at"].hour, row["state"]) for row in digests()] == [
        (8, "valid"),
        (9, "missing"),
        (10, "broken_chain"),
        (11, "valid"),
    ]


def missing_ends(found):
    return [row["digest_end_at"].hour for row in found if row["state"] == "missing"]


@pytest.fixture
def signing(cloud):
    """A trail that writes digests, and has always run."""
    return cloud.trail("main", "trail-logs", EnableLogFileValidation=True)


def test_a_chain_that_stops_is_missing_to_the_end_of_the_day_and_on_the_next(
    cloud, signing, at, run, rows
):
    for hour in range(22):
        cloud.digest("trail-logs", at(hour, 20), [])
    run()
    assert missing_ends(digests_of(rows, DAY)) == [22, 23]
    run(DAY + timedelta(days=1))
    assert missing_ends(digests_of(rows, DAY + timedelta(days=1))) == list(range(24))
    run()
    assert missing_ends(digests_of(rows, DAY)) == [22, 23]


def delivered_until(cloud, arn, moment):
    tags = [{"Key": "latest-digest-at", "Value": moment.isoformat()}]
    cloud.client("cloudtrail").add_tags(ResourceId=arn, TagsList=tags)


def states_of(rows, day):
    return {
        f"{row['digest_end_at']:%d %H:%M}": row["state"]
        for row in rows(evidence.TRAIL_DIGESTS, day)
        if row["state"] != "valid"
    }


NEXT = DAY + timedelta(days=1)


def test_a_digest_that_cloudtrail_had_no_time_to_deliver_is_pending_and_found_on_the_next_day(
    cloud, signing, at, run, rows
):
    for hour in range(22):
        cloud.digest("trail-logs", at(hour, 20), [])
    delivered_until(cloud, signing, at(21, 50))
    run()
    assert states_of(rows, DAY) == {"21 22:20": "pending", "21 23:20": "pending"}
    file = cloud.trail_file("trail-logs", at(21, 40))
    cloud.digest("trail-logs", at(22, 20), [(file[0], "0" * 64)])
    cloud.digest("trail-logs", at(23, 20), [])
    for hour in range(24, 48):
        cloud.digest("trail-logs", at(hour, 20), [])
    delivered_until(cloud, signing, at(47, 50))
    run(NEXT)
    assert states_of(rows, NEXT) == {}
    late = [row for row in rows(evidence.TRAIL_DIGESTS, NEXT) if row["altered_files"]]
    assert [row["altered_files"] for row in late] == [[file[0]]]
    # a rerun finds it in its own folder, and the next day no longer owes it
    run()
    assert states_of(rows, DAY) == {}
    run(NEXT)
    assert len(rows(evidence.TRAIL_DIGESTS, NEXT)) == 24


def test_a_pending_digest_that_never_comes_is_missing_on_the_next_day(
    cloud, signing, at, run, rows
):
    for hour in range(22):
        cloud.digest("trail-logs", at(hour, 20), [])
    delivered_until(cloud, signing, at(22, 50))
    run()
    assert states_of(rows, DAY) == {"21 22:20": "missing", "21 23:20": "pending"}
    # nothing was delivered since, so the next day's own are pending
    run(NEXT)
    found = states_of(rows, NEXT)
    assert found.pop("21 23:20") == "missing"
    assert set(found.values()) == {"pending"}
    assert min(found) == "22 00:20"
    run(NEXT + timedelta(days=1))
    found = states_of(rows, NEXT + timedelta(days=1))
    assert [key for key, state in found.items() if state == "missing"] == [
        f"22 {hour:02}:20" for hour in range(24)
    ]


def test_what_a_deleted_trail_still_owed_is_missing(cloud, signing, at, run, rows):
    for hour in range(23):
        cloud.digest("trail-logs", at(hour, 20), [])
    delivered_until(cloud, signing, at(22, 50))
    run()
    assert states_of(rows, DAY) == {"21 23:20": "pending"}
    cloud.client("cloudtrail").delete_trail(Name="main")
    run(NEXT)
    assert states_of(rows, NEXT) == {"21 23:20": "missing"}


def test_a_digest_that_was_delivered_and_is_gone_is_missing_at_once(cloud, signing, at, run, rows):
    keys = [cloud.digest("trail-logs", at(hour, 20), []) for hour in range(24)]
    cloud.client("s3").delete_object(Bucket="trail-logs", Key=keys[-1])
    delivered_until(cloud, signing, at(23, 50))
    run()
    assert states_of(rows, DAY) == {"21 23:20": "missing"}


def test_a_chain_that_goes_on_after_midnight_misses_only_the_hours_between(
    cloud, signing, at, run, rows
):
    for hour in (*range(22), 24):
        cloud.digest("trail-logs", at(hour, 20), [])
    run()
    assert missing_ends(digests_of(rows, DAY)) == [22, 23]


def test_a_chain_of_which_nothing_is_left_is_missing_all_day(
    cloud, signing, at, run, rows, objects
):
    keys = [cloud.digest("trail-logs", at(hour, days=-1), []) for hour in range(1, 25)]
    run(DAY - timedelta(days=1))
    for key in keys:
        cloud.client("s3").delete_object(Bucket="trail-logs", Key=key)
    run()
    assert missing_ends(digests_of(rows, DAY)) == [*range(1, 24), 0]


def test_a_region_that_the_trail_no_longer_records_misses_no_digest(cloud, signing, at, run, rows):
    for hour in range(1, 25):
        cloud.digest("trail-logs", at(hour, days=-1), [], region="eu-west-1")
    run(DAY - timedelta(days=1))
    cloud.client("cloudtrail").update_trail(Name="main", IsMultiRegionTrail=False)
    cloud.digests.clear()
    for key in cloud.keys("trail-logs"):
        cloud.client("s3").delete_object(Bucket="trail-logs", Key=key)
    run()
    assert digests_of(rows, DAY) == []


def test_where_a_trail_delivered_files_it_must_have_written_digests(
    cloud, signing, at, run, rows, objects
):
    for hour in range(26):
        cloud.digest("trail-logs", at(hour), [])
    cloud.trail_file("trail-logs", at(9, 30), region="us-west-9")
    run()
    found = {(row["region"], row["state"]) for row in digests_of(rows, DAY)}
    assert found == {("us-east-1", "valid"), ("us-west-9", "missing")}


def test_the_days_first_hours_are_missing_without_a_catalog_of_the_day_before(
    cloud, signing, at, run, rows
):
    keys = [cloud.digest("trail-logs", at(hour), []) for hour in range(25)]
    for key in keys[:18]:
        cloud.client("s3").delete_object(Bucket="trail-logs", Key=key)
    run()
    assert missing_ends(digests_of(rows, DAY)) == list(range(1, 18))


@pytest.mark.parametrize(("started", "state"), [(10, "valid"), (8, "broken_chain")])
def test_a_trail_that_was_started_again_begins_a_new_chain(
    cloud, signing, at, run, rows, started, state
):
    for hour in (8, 9):
        cloud.digest("trail-logs", at(hour), [])
    cloud.digests.clear()
    for hour in (11, 12):
        cloud.digest("trail-logs", at(hour), [])
    cloud.client("cloudtrail").add_tags(
        ResourceId=signing, TagsList=[{"Key": "started-at", "Value": at(started, 10).isoformat()}]
    )
    run()
    states = {row["digest_end_at"].hour: row["state"] for row in digests_of(rows, DAY)}
    assert (states[11], states[12]) == (state, "valid")


@pytest.mark.parametrize("refused", [False, True])
def test_a_file_may_be_named_by_a_backfilled_digest_that_cannot_be_verified(
    cloud, trail, at, run, objects, refused
):
    for hour in (9, 10, 11):
        cloud.digest("trail-logs", at(hour), [])
    file = cloud.trail_file("trail-logs", at(9, 30))
    cloud.digest("trail-logs", at(10), [file], fingerprint="of-later", backfill="_backfill")
    if refused:
        cloud.faults(
            {
                "operation": "GetObject",
                "resource": "*_backfill*",
                "error": "AccessDenied",
                "status": 403,
            }
        )
    run()
    assert objects()[file[0]]["digest_state"] == "not_attested"


@pytest.mark.parametrize("known", [False, True])
def test_no_file_is_disowned_where_not_every_trail_is_known(cloud, trail, at, run, objects, known):
    if known:
        log_from_europe(cloud)
    for hour in (9, 10):
        cloud.digest("trail-logs", at(hour), [], region="eu-west-1")
    file, _ = cloud.trail_file("trail-logs", at(9, 30), region="eu-west-1")
    run()
    assert objects()[file]["digest_state"] == ("disowned" if known else "not_attested")


def test_a_trail_that_was_stopped_or_writes_no_digests_misses_none(cloud, signing, at, run, rows):
    cloud.digest("trail-logs", at(20, 20), [])
    cloudtrail = cloud.client("cloudtrail")
    cloudtrail.add_tags(
        ResourceId=signing, TagsList=[{"Key": "started-at", "Value": at(22).isoformat()}]
    )
    run()
    assert missing_ends(digests_of(rows, DAY)) == [23]
    cloud.faults({"operation": "GetTrailStatus", "error": "AccessDenied", "status": 403})
    run()
    assert missing_ends(digests_of(rows, DAY)) == []
    cloud.faults()
    cloudtrail.update_trail(Name="main", EnableLogFileValidation=False)
    run()
    assert missing_ends(digests_of(rows, DAY)) == []
    cloudtrail.update_trail(Name="main", EnableLogFileValidation=True)
    run()
    assert missing_ends(digests_of(rows, DAY)) == [23]
    cloudtrail.stop_logging(Name="main")
    run()
    assert missing_ends(digests_of(rows, DAY)) == []


def digests_of(rows, day):
    return sorted(rows(evidence.TRAIL_DIGESTS, day), key=lambda row: row["digest_end_at"])


def test_a_forged_digest_is_found_and_not_believed(cloud, trail, at, run, digests, objects):
    file = cloud.trail_file("trail-logs", at(9, 30))
    key = cloud.digest("trail-logs", at(10), [file])
    body = cloud.client("s3").get_object(Bucket="trail-logs", Key=key)["Body"].read()
    cloud.put("trail-logs", key, body, at(10, 5), signature="00" * 256)
    cloud.put("trail-logs", key.replace("T10", "T11"), b"rubbish", at(11))
    run()
    assert [row["state"] for row in digests()] == ["invalid_signature", "unreadable"]
    assert objects()[file[0]]["digest_state"] == "not_attested"


def test_without_public_keys_nothing_is_called_valid(cloud, trail, at, run, digests):
    cloud.digest("trail-logs", at(10), [])
    cloud.faults({"operation": "ListPublicKeys", "error": "AccessDeniedException", "status": 400})
    run()
    assert [row["state"] for row in digests()] == ["key_unknown"]


def test_a_key_that_cloudtrail_never_published_differs_from_unreadable_keys(
    cloud, trail, at, run, digests
):
    cloud.digest("trail-logs", at(10), [], fingerprint="made-up")
    # written later, with the key of that later day: nobody asked for that one
    cloud.digest("trail-logs", at(11), [], fingerprint="of-later", backfill="_backfill")
    run()
    assert [row["state"] for row in digests()] == ["foreign_key", "key_unknown"]


def test_a_key_of_the_day_before_still_signs_the_days_first_digests(cloud, trail, at, run, digests):
    cloud.digest("trail-logs", at(0), [], fingerprint="f0")
    run()
    assert [row["state"] for row in digests()] == ["valid"]


def test_a_backfilled_digest_is_not_the_beginning_of_the_hourly_chain(
    cloud, trail, at, run, digests
):
    cloud.digest("trail-logs", at(8), [], backfill="_backfill")
    cloud.digests.clear()
    cloud.digest("trail-logs", at(9), [])
    run()
    assert [row["state"] for row in digests()] == ["valid", "valid"]


def test_a_forged_digest_does_not_say_what_is_read_next(cloud, trail, at, run, digests):
    cloud.digests.append(("bait", b"", "00" * 256))
    key = cloud.digest("trail-logs", at(10), [])
    body = cloud.client("s3").get_object(Bucket="trail-logs", Key=key)["Body"].read()
    cloud.put("trail-logs", key, body, at(10, 5), signature="00" * 256)
    cloud.faults({"operation": "GetObject", "resource": "trail-logs/bait"})
    run()
    assert [row["state"] for row in digests()] == ["invalid_signature"]
    assert cloud.fired() == [0]


def test_digests_of_another_trail_are_not_mixed_in(cloud, trail, at, run, digests):
    cloud.client("cloudtrail").create_trail(
        Name="main_two", S3BucketName="trail-logs", IsMultiRegionTrail=True
    )
    cloud.digest("trail-logs", at(10), [])
    cloud.digests.clear()
    cloud.digest("trail-logs", at(10, 20), [], trail="main_two")
    run()
    assert [(row["trail_arn"].rpartition("/")[2], row["state"]) for row in digests()] == [
        ("main", "valid"),
        ("main_two", "valid"),
    ]
