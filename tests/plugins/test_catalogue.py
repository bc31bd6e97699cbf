"""Cataloguing a delivery day, through the APIs, in the sandbox."""

from datetime import UTC, date, datetime, timedelta

import pytest

from lacuna import catalogue, evidence, raw, snapshot
from lacuna.aws import athena, lake
from lacuna.aws.objects import ReadFailed
from lacuna.settings import Settings

DAY = date(2026, 11, 21)
OBSERVED_AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
TABLES = (
    evidence.LOG_OBJECTS,
    evidence.LISTINGS,
    evidence.TRAIL_DIGESTS,
    evidence.CATALOGUED_DAYS,
)


@pytest.fixture
def settings(cloud):
    found = Settings.from_env()
    lake.prepare(found)
    return found


@pytest.fixture
def run(settings):
    """Observe the account and catalogue a day, as the daily run does."""

    def catalogue_day(day=DAY):
        snapshot.observe(settings, OBSERVED_AT)
        return catalogue.catalogue_day(settings, day)

    return catalogue_day


@pytest.fixture
def rows(settings):
    def read(table, day=DAY):
        return lake.open_lake(settings).read(table, {"delivered_on": day})

    return read


@pytest.fixture
def objects(rows):
    """The day's catalogue by s3:// URL; no object is in it twice."""

    def read(day=DAY):
        found = rows(evidence.LOG_OBJECTS, day)
        by_url = {row["log_object"]: row for row in found}
        assert len(by_url) == len(found)
        return by_url

    return read


@pytest.fixture
def photos(cloud):
    """A bucket that delivers to the simple prefix logs/web/."""
    cloud.bucket("photos")
    cloud.log_bucket("logs")
    cloud.log_to("photos", "logs", "web/")


def contents(settings):
    """Everything that was written for the day, but for the moment of writing."""
    mine = lake.open_lake(settings)
    found = {
        table.name: sorted(
            str({name: value for name, value in row.items() if name != "catalogued_at"})
            for row in mine.read(table, {"delivered_on": DAY})
        )
        for table in TABLES
    }
    glue = mine.account.glue()
    for table in raw.TABLES:
        answer = glue.get_partitions(DatabaseName=raw.DATABASE, TableName=table.name)
        found[table.name] = sorted(
            f"{one['Values']} {one['StorageDescriptor']['Location']}"
            for one in answer["Partitions"]
        )
    return found


def test_an_empty_account_has_a_catalogued_day_all_the_same(settings, run, rows):
    summary = run()
    assert (summary.places, summary.objects_catalogued) == (0, 0)
    (day,) = rows(evidence.CATALOGUED_DAYS)
    assert day["objects_catalogued"] == 0
    assert rows(evidence.LOG_OBJECTS) == []
    assert athena.rows(settings, "select line from lacuna_raw.s3_access_logs") == []


def test_a_day_without_a_snapshot_at_hand_is_catalogued_too(settings, rows):
    assert catalogue.catalogue_day(settings, DAY).places == 0
    assert len(rows(evidence.CATALOGUED_DAYS)) == 1


def test_the_objects_of_the_day_are_catalogued_and_no_others(cloud, photos, at, run, objects):
    first = cloud.access_log("logs", "web/", at(0))
    last = cloud.access_log("logs", "web/", at(23, 59, 59))
    cloud.access_log("logs", "web/", at(23, 59, 59, days=-1))
    cloud.access_log("logs", "web/", at(0, days=1))
    run()
    assert set(objects()) == {first, last}
    row = objects()[first]
    assert (row["kind"], row["key_layout"], row["size_bytes"]) == ("access_log", "simple", 7)
    assert (row["source_bucket"], row["path_day"], row["readable"]) == (None, DAY, True)
    assert row["delivered_at"].replace(tzinfo=UTC) == at(0)


def test_an_object_stamped_before_midnight_and_written_after_belongs_to_the_day(
    cloud, photos, at, run, objects
):
    key = f"web/{at(23, 59, 58, days=-1):%Y-%m-%d-%H-%M-%S}-0123456789ABCDEF"
    url = cloud.put("logs", key, b"a line\n", at(0, 0, 3))
    run()
    run(DAY - timedelta(days=1))
    assert set(objects()) == {url}
    assert objects(DAY - timedelta(days=1)) == {}


def test_every_layout_finds_its_objects(cloud, at, run, objects):
    cloud.log_bucket("logs")
    prefix = {}
    for layout in ("EventTime", "DeliveryTime"):
        name = cloud.bucket(f"by-{layout.lower()}")
        cloud.log_to(name, "logs", "p/", layout)
        prefix[layout] = f"p/123456789012/us-east-1/{name}/"
    late = f"{prefix['EventTime']}2026/11/14/2026-11-14-00-00-00-0123456789ABCDEF"
    too_late = f"{prefix['EventTime']}2026/11/10/2026-11-10-00-00-00-0123456789ABCDEF"
    now = f"{prefix['DeliveryTime']}2026/11/21/2026-11-21-09-30-00-0123456789ABCDEF"
    found = [cloud.put("logs", key, b"x\n", at(9, 30)) for key in (late, now)]
    cloud.put("logs", too_late, b"x\n", at(9, 30))
    cloud.put("logs", late.replace("14", "15"), b"x\n", at(9, 30, days=-2))
    run()
    assert set(objects()) == set(found)
    row = objects()[f"s3://logs/{late}"]
    assert (row["key_layout"], row["source_bucket"], row["path_day"]) == (
        "event_time",
        "by-eventtime",
        date(2026, 11, 14),
    )


@pytest.mark.parametrize("prefix", ["", "web", "[a-z]*/", "a+b (c)%20/", "ä/"])
def test_any_prefix_works(cloud, at, run, objects, settings, prefix):
    cloud.bucket("photos")
    cloud.log_bucket("logs")
    cloud.log_to("photos", "logs", prefix)
    url = cloud.access_log("logs", prefix, at(9))
    run()
    assert set(objects()) == {url}
    assert athena.rows(settings, 'select line, "$path" as p from lacuna_raw.s3_access_logs') == [
        {"line": "a line", "p": url}
    ]


@pytest.mark.parametrize("prefix", ["two\nlines/", "two\rlines/"])
def test_a_prefix_that_no_manifest_can_name_is_a_place_nobody_can_read(
    cloud, run, rows, objects, prefix
):
    cloud.bucket("photos")
    cloud.log_bucket("logs")
    cloud.log_to("photos", "logs", prefix)
    run()
    assert objects() == {}
    (listing,) = rows(evidence.LISTINGS)
    assert (listing["error_code"], listing["source_buckets"]) == ("LineBreakInPrefix", ["photos"])


def test_a_stranger_among_the_logs_is_named_and_not_read(cloud, photos, at, run, objects, settings):
    log = cloud.access_log("logs", "web/", at(9))
    stranger = cloud.put("logs", "web/2026-11-21-notes.txt", b"<script>\n", at(9))
    run()
    row = objects()[stranger]
    assert (row["kind"], row["problem"], row["readable"]) == ("other", "not a log key", None)
    paths = athena.rows(settings, 'select distinct "$path" as p from lacuna_raw.s3_access_logs')
    assert paths == [{"p": log}]
    assert catalogue.unreadable_objects(settings, DAY) == []


def test_a_place_shared_by_buckets_is_listed_once(cloud, photos, at, run, rows, objects):
    cloud.log_to(cloud.bucket("videos"), "logs", "web/")
    cloud.access_log("logs", "web/", at(9))
    run()
    (listing,) = rows(evidence.LISTINGS)
    assert listing["source_buckets"] == ["photos", "videos"]
    assert (listing["list_calls"], listing["objects_catalogued"]) == (1, 1)
    assert len(objects()) == 1


def test_a_place_that_may_not_be_listed_is_recorded_and_the_run_goes_on(
    cloud, photos, at, run, rows, objects
):
    cloud.log_bucket("shut")
    cloud.log_to(cloud.bucket("videos"), "shut")
    url = cloud.access_log("logs", "web/", at(9))
    cloud.faults(
        {"operation": "ListObjectsV2", "resource": "shut", "error": "AccessDenied", "status": 403}
    )
    summary = run()
    errors = {row["log_bucket"]: row["error_code"] for row in rows(evidence.LISTINGS)}
    assert errors == {"logs": None, "shut": "AccessDenied"}
    assert (summary.places, summary.places_unreadable) == (2, 1)
    assert set(objects()) == {url}


def test_a_log_bucket_that_is_gone_is_an_answer_not_an_unreadable_place(cloud, photos, run, rows):
    cloud.client("s3").delete_bucket(Bucket="logs")
    assert run().places_unreadable == 0
    assert rows(evidence.LISTINGS)[0]["error_code"] is None


def test_throttled_listing_is_waited_out(cloud, photos, at, run, objects):
    url = cloud.access_log("logs", "web/", at(9))
    cloud.faults({"operation": "ListObjectsV2", "error": "SlowDown", "status": 503, "times": 2})
    run()
    assert set(objects()) == {url}


def test_a_fault_that_may_pass_fails_the_run_and_leaves_the_day_as_it_was(
    cloud, photos, at, settings, run, monkeypatch
):
    cloud.access_log("logs", "web/", at(9))
    run()
    before = contents(settings)
    monkeypatch.setattr("lacuna.aws.session._ATTEMPTS", 1)
    cloud.faults(
        {"operation": "ListObjectsV2", "resource": "logs", "error": "SlowDown", "status": 503}
    )
    with pytest.raises(ReadFailed, match=r"cannot list s3://logs/web/.*SlowDown"):
        catalogue.catalogue_day(settings, DAY)
    cloud.faults()
    assert contents(settings) == before


def test_the_cost_of_a_day_does_not_grow_with_history(cloud, photos, at, run, rows):
    def cost():
        run()
        (day,) = rows(evidence.CATALOGUED_DAYS)
        return day["list_calls"], day["keys_returned"]

    cloud.log_to(cloud.bucket("lake"), "logs", "p/", "EventTime")
    for minute in range(3):
        cloud.access_log("logs", "web/", at(9, minute))
    young = cost()
    for days in range(20, 80):
        cloud.access_log("logs", "web/", at(9, days=-days))
        folder = at(0, days=-days)
        key = f"{folder:%Y/%m/%d}/{folder:%Y-%m-%d}-00-00-00-0123456789ABCDEF"
        cloud.put("logs", f"p/123456789012/us-east-1/lake/{key}", b"", folder)
    assert cost() == young == (2, 3)


def test_every_page_of_a_listing_is_counted_and_paid_for_once(cloud, photos, at, run, rows):
    for number in range(55):
        cloud.access_log("logs", "web/", at(9), number)
    summary = run()
    (listing,) = rows(evidence.LISTINGS)
    assert (listing["list_calls"], listing["keys_returned"]) == (2, 55)
    assert (summary.list_calls, summary.objects_catalogued) == (2, 55)


def test_a_bucket_deleted_since_still_has_its_old_logs_catalogued(cloud, photos, at, settings, run):
    url = cloud.access_log("logs", "web/", at(9))
    run()
    cloud.client("s3").delete_bucket(Bucket="photos")
    snapshot.observe(settings, OBSERVED_AT + timedelta(days=9))
    catalogue.catalogue_day(settings, DAY)
    found = lake.open_lake(settings).read(evidence.LOG_OBJECTS, {"delivered_on": DAY})
    assert [row["log_object"] for row in found] == [url]


# CloudTrail


@pytest.fixture
def trail(cloud):
    return cloud.trail("main", "trail-logs")


def test_cloudtrail_files_are_catalogued_counted_and_readable_by_athena(
    cloud, trail, at, run, objects, settings
):
    content = b'{"Records":[{"eventname":"GetObject"},{"eventname":"PutObject"}]}'
    url, sha256 = cloud.trail_file("trail-logs", at(9), content)
    cloud.trail_file("trail-logs", at(9, days=-1))
    cloud.trail_file("trail-logs", at(0, days=1))
    run()
    (row,) = objects().values()
    assert (row["log_object"], row["kind"], row["trail_arn"]) == (url, "cloudtrail", trail)
    assert (row["record_count"], row["content_sha256"], row["readable"]) == (2, sha256, True)
    assert (row["account_id"], row["region"]) == ("123456789012", "us-east-1")
    assert row["digest_state"] == "not_attested"
    events = athena.rows(
        settings,
        "select eventname from lacuna_raw.cloudtrail_events "
        f"where delivered_on = date '{DAY}' order by eventname",
    )
    assert [one["eventname"] for one in events] == ["GetObject", "PutObject"]


def test_corrupt_files_are_named_and_kept_from_athena(cloud, trail, at, run, objects, settings):
    whole, _ = cloud.trail_file("trail-logs", at(9))
    key = whole.removeprefix("s3://trail-logs/")
    body = cloud.client("s3").get_object(Bucket="trail-logs", Key=key)["Body"].read()
    cut = cloud.put("trail-logs", key.replace("_0000", "_1111"), body[:-9], at(9))
    broken, _ = cloud.trail_file("trail-logs", at(9), b'{"Records":[', unique=2)
    stranger = cloud.put("trail-logs", key.rpartition("/")[0] + "/notes.txt", b"hello", at(9))
    summary = run()
    problems = {url: row["problem"] for url, row in objects().items() if row["problem"]}
    assert problems == {cut: "truncated gzip", broken: "not JSON", stranger: "not a log key"}
    assert set(summary.unreadable_objects) == {cut, broken, stranger}
    assert catalogue.unreadable_objects(settings, DAY) == sorted(summary.unreadable_objects)
    excluded = ", ".join(f"'{url}'" for url in summary.unreadable_objects)
    events = athena.rows(
        settings,
        f'select "$path" as p from lacuna_raw.cloudtrail_events where "$path" not in ({excluded})',
    )
    assert events == [{"p": whole}]


def test_a_file_that_may_not_be_read_is_a_problem_of_that_file_only(cloud, trail, at, run, objects):
    good, _ = cloud.trail_file("trail-logs", at(9))
    shut, _ = cloud.trail_file("trail-logs", at(9), unique=2)
    cloud.faults(
        {
            "operation": "GetObject",
            "resource": shut.removeprefix("s3://"),
            "error": "AccessDenied",
            "status": 403,
        }
    )
    run()
    assert objects()[good]["readable"] is True
    assert (objects()[shut]["readable"], objects()[shut]["problem"]) == (False, "AccessDenied")
    assert objects()[shut]["digest_state"] == "not_attested"


def test_a_trail_whose_bucket_may_not_be_listed_is_recorded(cloud, trail, run, rows):
    cloud.faults(
        {
            "operation": "ListObjectsV2",
            "resource": "trail-logs",
            "error": "AccessDenied",
            "status": 403,
        }
    )
    run()
    found = {(row["kind"], row["error_code"]) for row in rows(evidence.LISTINGS)}
    assert found == {("cloudtrail", "AccessDenied"), ("digest", "AccessDenied")}


def test_trails_that_may_not_be_described_are_recorded(cloud, trail, run, rows):
    cloud.faults({"operation": "DescribeTrails", "error": "AccessDeniedException", "status": 400})
    assert run().places_unreadable == 1
    (listing,) = rows(evidence.LISTINGS)
    assert listing["error_code"] == "DescribeTrails: AccessDeniedException"


def test_two_trails_in_one_bucket_catalogue_each_file_once(cloud, trail, at, run, rows, objects):
    cloud.client("cloudtrail").create_trail(Name="second", S3BucketName="trail-logs")
    url, _ = cloud.trail_file("trail-logs", at(9))
    run()
    assert set(objects()) == {url}
    listed = [(row["kind"], row["prefix"]) for row in rows(evidence.LISTINGS)]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize(
    ("options", "folder", "stranger"),
    [
        ({"S3KeyPrefix": "audit"}, "audit/AWSLogs/", "AWSLogs/"),
        ({"IsOrganizationTrail": True}, "AWSLogs/o-1a2b3c4d5e/", "AWSLogs/else/"),
    ],
)
def test_a_trails_prefix_and_its_organisation_are_found_by_listing(
    cloud, at, run, objects, options, folder, stranger
):
    cloud.trail("main", "trail-logs", **options)
    url, _ = cloud.trail_file("trail-logs", at(9), folder=folder)
    cloud.trail_file("trail-logs", at(9), folder=stranger)
    run()
    assert set(objects()) == {url}


# Digests


@pytest.fixture
def digests(rows):
    def read():
        return sorted(rows(evidence.TRAIL_DIGESTS), key=lambda row: row["digest_end_at"])

    return read


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
    url, _ = cloud.trail_file("trail-logs", at(23, 50))
    for moment in (at(23, 20), at(0, 20, days=1)):
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
    for hour in (20, 21):
        cloud.digest("trail-logs", at(hour, 20), [])
    run()
    assert missing_ends(digests_of(rows, DAY)) == [22, 23]
    run(DAY + timedelta(days=1))
    assert missing_ends(digests_of(rows, DAY + timedelta(days=1))) == list(range(24))
    run()
    assert missing_ends(digests_of(rows, DAY)) == [22, 23]


def test_a_chain_that_goes_on_after_midnight_lacks_only_what_lies_between(
    cloud, signing, at, run, rows
):
    for moment in (at(21, 20), at(0, 20, days=1)):
        cloud.digest("trail-logs", moment, [])
    run()
    assert missing_ends(digests_of(rows, DAY)) == [22, 23]


def test_a_trail_that_was_stopped_or_writes_no_digests_lacks_none(cloud, signing, at, run, rows):
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


def test_a_key_that_cloudtrail_never_published_is_not_a_key_that_nobody_could_ask_for(
    cloud, trail, at, run, digests
):
    cloud.digest("trail-logs", at(10), [], fingerprint="made-up")
    # written later, with the key of that later day: nobody asked for that one
    cloud.digest("trail-logs", at(11), [], fingerprint="of-later", backfill="_backfill")
    run()
    assert [row["state"] for row in digests()] == ["foreign_key", "key_unknown"]


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


# Reruns and kills


@pytest.fixture
def full_day(cloud, photos, trail, at):
    cloud.access_log("logs", "web/", at(9))
    file = cloud.trail_file("trail-logs", at(9, 30))
    cloud.digest("trail-logs", at(10), [file])


def test_a_rerun_leaves_the_same_rows(full_day, settings, run):
    run()
    first = contents(settings)
    assert all(first.values())
    run()
    assert contents(settings) == first


class Killed(BaseException):
    """What a SIGKILL is to the code that it hits: nothing after it runs."""


def test_a_run_killed_at_any_write_and_run_again_leaves_the_same_rows(
    full_day, settings, run, rows, monkeypatch
):
    run()
    expected = contents(settings)
    steps = ("drop", "write", "write_manifest", "register")
    left = 0

    def killing(step):
        original = getattr(lake.Lake, step)

        def call(self, *arguments):
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return original(self, *arguments)

        return call

    for step in steps:
        monkeypatch.setattr(lake.Lake, step, killing(step))
    kills = 0
    for survived in range(20):
        left = survived
        try:
            catalogue.catalogue_day(settings, DAY)
        except Killed:
            kills += 1
            # A day that is only half rewritten does not claim to be catalogued.
            assert survived == 0 or rows(evidence.CATALOGUED_DAYS) == []
        else:
            break
        left = 100
        catalogue.catalogue_day(settings, DAY)
        assert contents(settings) == expected
    assert kills >= 6


def test_a_day_that_has_become_empty_loses_its_rows(cloud, photos, at, settings, run):
    url = cloud.access_log("logs", "web/", at(9))
    run()
    cloud.client("s3").delete_object(Bucket="logs", Key=url.removeprefix("s3://logs/"))
    run()
    assert contents(settings)["log_objects"] == []
    assert athena.rows(settings, "select * from lacuna_evidence.log_objects") == []
    assert athena.rows(settings, "select line from lacuna_raw.s3_access_logs") == []
