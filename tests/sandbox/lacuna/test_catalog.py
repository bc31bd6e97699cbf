"""Cataloging a delivery day, through the APIs, in the sandbox."""

import gzip
from dataclasses import replace
from datetime import UTC, date, timedelta

import pytest

from lacuna.aws.objects import ReadFailed, read_object
from lacuna.lake import athena, lake
from lacuna.steps import catalog, catalog_trail_folders, snapshot
from lacuna.tables import evidence, evidence_table, raw
from tests.sandbox.lacuna.conftest import DAY, OBSERVED_AT

TABLES = (
    evidence.LOG_OBJECTS,
    evidence.LISTINGS,
    evidence.TRAIL_DIGESTS,
    evidence.CATALOGUED_DAYS,
)


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


def test_an_empty_account_has_a_cataloged_day_too(settings, run, rows):
    summary = run()
    assert (summary.places, summary.objects_cataloged) == (0, 0)
    (day,) = rows(evidence.CATALOGUED_DAYS)
    assert day["objects_catalogued"] == 0
    assert rows(evidence.LOG_OBJECTS) == []
    assert athena.rows(lake.open_lake(settings), "select line from lacuna_raw.s3_access_logs") == []


def test_a_day_without_a_snapshot_is_cataloged_too(settings, rows):
    assert catalog.catalog_day(settings, DAY).places == 0
    assert len(rows(evidence.CATALOGUED_DAYS)) == 1


def test_the_objects_of_the_day_are_cataloged_and_no_others(cloud, photos, at, run, objects):
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


def late_log(cloud, at, stamped: int, written: int, unique: str = "F") -> str:
    """A log with the time of one day in its key that was written on another; days from DAY."""
    key = f"web/{at(1, days=stamped):%Y-%m-%d-%H-%M-%S}-0123456789ABCDE{unique}"
    return cloud.put("logs", key, b"a line\n", at(7, days=written))


def told(rows, day=DAY):
    """How many logs the run of a day found to be in no catalog, and which days would have them."""
    return [
        (row["kind"], row["objects_out_of_time"], row["days_out_of_time"])
        for row in rows(evidence.LISTINGS, day)
        if row["objects_out_of_time"]
    ]


@pytest.mark.parametrize("days", [1, 2, 5, 10])
def test_a_log_that_is_days_late_is_in_the_catalog_of_the_day_on_which_it_was_written(
    cloud, photos, at, run, rows, objects, days
):
    url = late_log(cloud, at, -days, 0)
    run()
    assert set(objects()) == {url}
    assert told(rows) == []


def test_a_log_that_no_catalog_has_is_told_by_the_run_that_meets_its_key_again(
    cloud, photos, at, run, rows, objects
):
    late_log(cloud, at, -31, -3)
    late_log(cloud, at, -31, 0, "0")
    late_log(cloud, at, -31, -21, "1")  # in time for the catalog of its day
    late_log(cloud, at, -2, 9, "2")  # after this run, and too late for its own
    run()
    assert objects() == {}
    assert told(rows) == [("access_log", 3, ["2026-11-18", "2026-11-21", "2026-11-30"])]


def test_a_log_that_was_cataloged_before_it_was_copied_onto_itself_is_not_told(
    cloud, photos, at, run, rows
):
    late_log(cloud, at, -31, -31)
    run(DAY - timedelta(days=31))
    late_log(cloud, at, -31, -3)
    run()
    assert told(rows) == []


def test_a_trail_file_or_digest_that_came_after_the_catalog_of_its_folder_is_told(
    cloud, trail, at, run, rows, settings
):
    cloud.trail_file("trail-logs", at(9, days=-3))
    cloud.digest("trail-logs", at(10, days=-3), [])
    for days in (31, 3, 2):
        run(DAY - timedelta(days=days))
    mine = lake.open_lake(settings)
    for days in (31, 3, 2):  # catalogs of these days, made on schedule
        partition = {"delivered_on": DAY - timedelta(days=days)}
        (row,) = mine.read(evidence.CATALOGUED_DAYS, partition)
        row = evidence_table.read_back(evidence.CataloguedDay, row)
        mine.write(
            evidence.CATALOGUED_DAYS, [replace(row, catalogued_at=at(2, days=1 - days))], partition
        )
    run()
    assert told(rows) == []
    for folder, unique in ((-31, 1), (-3, 2), (-2, 3), (-5, 4)):  # five days before was not run
        url, _ = cloud.trail_file("trail-logs", at(9, days=folder), unique=unique)
        bucket, _, key = url.removeprefix("s3://").partition("/")
        cloud.put(bucket, key, gzip.compress(b'{"Records":[]}'), at(12))
    key = cloud.digest("trail-logs", at(11, days=-3), [])
    cloud.put("trail-logs", key, b"", at(12))
    run()
    assert told(rows) == [
        ("cloudtrail", 3, ["2026-10-21", "2026-11-18", "2026-11-19"]),
        ("digest", 1, ["2026-11-18"]),
    ]
    run(DAY - timedelta(days=3))  # and the day after it, whose digests follow those of this day
    run()
    assert told(rows) == [("cloudtrail", 1, ["2026-10-21"])]


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
    assert athena.rows(
        lake.open_lake(settings), 'select line, "$path" as p from lacuna_raw.s3_access_logs'
    ) == [{"line": "a line", "p": url}]


@pytest.mark.parametrize("prefix", ["two\nlines/", "two\rlines/"])
def test_a_prefix_that_no_manifest_can_name_is_an_unreadable_place(
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
    paths = athena.rows(
        lake.open_lake(settings), 'select distinct "$path" as p from lacuna_raw.s3_access_logs'
    )
    assert paths == [{"p": log}]


def test_a_place_shared_by_buckets_is_listed_once(cloud, photos, at, run, rows, objects):
    cloud.log_to(cloud.bucket("videos"), "logs", "web/")
    cloud.access_log("logs", "web/", at(9))
    run()
    (listing,) = rows(evidence.LISTINGS)
    assert listing["source_buckets"] == ["photos", "videos"]
    assert (listing["list_calls"], listing["objects_catalogued"]) == (2, 1)
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
        catalog.catalog_day(settings, DAY)
    cloud.faults()
    assert contents(settings) == before


def test_the_cost_of_a_day_does_not_grow_with_history(cloud, photos, at, run, rows):
    """Two LISTs a place: the days in which a log may be late, and one older day."""

    def cost():
        run()
        (day,) = rows(evidence.CATALOGUED_DAYS)
        return day["list_calls"], day["keys_returned"]

    cloud.log_to(cloud.bucket("lake"), "logs", "p/", "EventTime")
    for minute in range(3):
        cloud.access_log("logs", "web/", at(9, minute))
    young = cost()
    for days in range(32, 92):
        cloud.access_log("logs", "web/", at(9, days=-days))
        folder = at(0, days=-days)
        key = f"{folder:%Y/%m/%d}/{folder:%Y-%m-%d}-00-00-00-0123456789ABCDEF"
        cloud.put("logs", f"p/123456789012/us-east-1/lake/{key}", b"", folder)
    assert cost() == young == (4, 3)


def test_every_page_of_a_listing_is_counted_and_paid_for_once(cloud, photos, at, run, rows):
    for number in range(55):
        cloud.access_log("logs", "web/", at(9), number)
    summary = run()
    (listing,) = rows(evidence.LISTINGS)
    assert (listing["list_calls"], listing["keys_returned"]) == (3, 55)
    assert (summary.list_calls, summary.objects_cataloged) == (3, 55)


def test_the_old_logs_of_a_deleted_bucket_are_still_cataloged(cloud, photos, at, settings, run):
    url = cloud.access_log("logs", "web/", at(9))
    run()
    cloud.client("s3").delete_bucket(Bucket="photos")
    snapshot.observe(settings, OBSERVED_AT + timedelta(days=9))
    catalog.catalog_day(settings, DAY)
    found = lake.open_lake(settings).read(evidence.LOG_OBJECTS, {"delivered_on": DAY})
    assert [row["log_object"] for row in found] == [url]


# CloudTrail


def test_cloudtrail_files_are_cataloged_counted_and_readable_by_athena(
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
        lake.open_lake(settings),
        "select eventname from lacuna_raw.cloudtrail_events "
        f"where delivered_on = '{DAY}' order by eventname",
    )
    assert [one["eventname"] for one in events] == ["GetObject", "PutObject"]


def paths_of_events(settings):
    events = athena.rows(
        lake.open_lake(settings), 'select "$path" as p from lacuna_raw.cloudtrail_events order by 1'
    )
    return [one["p"] for one in events]


def test_corrupt_files_are_named_and_kept_from_athena(cloud, trail, at, run, objects, settings):
    """The whole files of their folder are read as copies, of which a rerun leaves those it wants."""
    whole, _ = cloud.trail_file("trail-logs", at(9))
    elsewhere, _ = cloud.trail_file("trail-logs", at(9), region="eu-west-1")
    key = whole.removeprefix("s3://trail-logs/")
    body = cloud.client("s3").get_object(Bucket="trail-logs", Key=key)["Body"].read()
    cut = cloud.put("trail-logs", key.replace("_0000", "_1111"), body[:-9], at(9))
    broken, _ = cloud.trail_file("trail-logs", at(9), b'{"Records":[', unique=2)
    stranger = cloud.put("trail-logs", key.rpartition("/")[0] + "/\U0001f600\x7f'.txt", b"x", at(9))
    mine = lake.open_lake(settings)
    copies = raw.copies_prefix(DAY, f"s3://trail-logs/{key.rpartition('/2026/')[0]}/")
    for _ in range(2):
        summary = run()
        problems = {url: row["problem"] for url, row in objects().items() if row["problem"]}
        assert problems == {cut: "truncated gzip", broken: "not JSON", stranger: "not a log key"}
        assert set(summary.unreadable_objects) == {cut, broken, stranger}
        copy = copies + whole.rpartition("/")[2]
        assert paths_of_events(settings) == [f"s3://{mine.bucket}/{copy}", elsewhere]
        assert [key for key in cloud.keys(mine.bucket) if key.startswith(copies)] == [copy]
    for url in (cut, broken, stranger):
        cloud.client("s3").delete_object(
            Bucket="trail-logs", Key=url.removeprefix("s3://trail-logs/")
        )
    run()
    assert paths_of_events(settings) == [elsewhere, whole]
    assert [key for key in cloud.keys(mine.bucket) if key.startswith(copies)] == []


def test_a_file_that_changes_while_it_is_copied_is_left_out(
    cloud, trail, at, run, settings, monkeypatch
):
    changed, _ = cloud.trail_file("trail-logs", at(9))
    cloud.put("trail-logs", changed.removeprefix("s3://trail-logs/") + ".txt", b"x", at(9))

    def read(s3, bucket, key):
        body, metadata = read_object(s3, bucket, key)
        return body + gzip.compress(b" "), metadata

    monkeypatch.setattr(catalog_trail_folders, "read_object", read)
    run()
    assert paths_of_events(settings) == []


@pytest.mark.parametrize("prefix", ["a//b", "/a"])
def test_a_trail_whose_prefix_has_an_empty_folder_is_read_as_copies(
    cloud, at, run, objects, settings, prefix
):
    cloud.trail("main", "trail-logs", S3KeyPrefix=prefix)
    file, _ = cloud.trail_file("trail-logs", at(9), folder=f"{prefix}/AWSLogs/")
    run()
    assert objects()[file]["readable"]
    (path,) = paths_of_events(settings)
    assert path.startswith(f"s3://{lake.open_lake(settings).bucket}/")


@pytest.mark.parametrize("prefix", ["/", "a//b/", "//x"])
def test_a_place_whose_prefix_has_an_empty_folder_is_not_in_the_manifest(
    cloud, at, run, rows, settings, prefix
):
    """Athena's paths have no empty folders: it would fail the whole day."""
    cloud.bucket("photos")
    cloud.log_bucket("logs")
    cloud.log_to("photos", "logs", prefix)
    cloud.access_log("logs", prefix, at(9))
    run()
    (listing,) = rows(evidence.LISTINGS)
    assert (listing["error_code"], listing["source_buckets"]) == ("EmptyFolderInPrefix", ["photos"])
    assert athena.rows(lake.open_lake(settings), "select line from lacuna_raw.s3_access_logs") == []


def test_a_log_that_expired_fails_no_query_of_another_day(cloud, photos, at, run, settings):
    """Athena chooses the partitions before it opens a manifest."""
    old = cloud.access_log("logs", "web/", at(9, days=-1))
    run(DAY - timedelta(days=1))
    url = cloud.access_log("logs", "web/", at(9))
    run()
    cloud.client("s3").delete_object(Bucket="logs", Key=old.removeprefix("s3://logs/"))
    mine = lake.open_lake(settings)
    paths = 'select "$path" as p from lacuna_raw.s3_access_logs where delivered_on = '
    assert athena.rows(mine, f"{paths}'{DAY}'") == [{"p": url}]
    with pytest.raises(athena.QueryFailed, match="HIVE_CANNOT_OPEN_SPLIT"):
        athena.rows(mine, f"{paths}'{DAY - timedelta(days=1)}'")


def test_a_prefix_of_any_characters_is_read(cloud, at, run, settings):
    cloud.bucket("photos")
    cloud.log_bucket("logs")
    cloud.log_to("photos", "logs", " \U0001f600\x7f'%20 ")
    url = cloud.access_log("logs", " \U0001f600\x7f'%20 ", at(9))
    run()
    found = athena.rows(
        lake.open_lake(settings), 'select "$path" as p from lacuna_raw.s3_access_logs'
    )
    assert found == [{"p": url}]


def test_a_place_of_which_most_files_are_refused_alike_is_refused_once(
    cloud, trail, at, run, objects, rows, caplog
):
    """A key or a policy: one file of another Region, the same trail's, is refused with them."""
    shut = [cloud.trail_file("trail-logs", at(9), unique=number)[0] for number in range(3)]
    quiet, _ = cloud.trail_file("trail-logs", at(9), region="eu-west-1")
    open_, _ = cloud.trail_file("trail-logs", at(9), unique=9)
    cloud.faults(
        *(
            {
                "operation": "GetObject",
                "resource": url.removeprefix("s3://"),
                "error": "AccessDenied",
                "status": 403,
            }
            for url in (*shut, quiet)
        )
    )
    run()
    problems = {url: row["problem"] for url, row in objects().items()}
    assert problems == {**dict.fromkeys((*shut, quiet), "GetObject: AccessDenied"), open_: None}
    codes = {row["prefix"].split("/")[-2]: row["error_code"] for row in rows(evidence.LISTINGS)}
    assert codes["us-east-1"] == codes["eu-west-1"] == "GetObject: AccessDenied"
    assert sum("is not readable" in line for line in caplog.messages) == 0


def test_a_trail_that_moved_within_the_day_is_read_at_both_places(
    cloud, trail, at, run, objects, settings
):
    cloud.trail_file("trail-logs", at(9, days=-1))
    run(DAY - timedelta(days=1))
    before, _ = cloud.trail_file("trail-logs", at(9))
    cloud.bucket("new-logs")
    cloud.client("cloudtrail").update_trail(Name="main", S3BucketName="new-logs", S3KeyPrefix="p")
    after, _ = cloud.trail_file("new-logs", at(15), folder="p/AWSLogs/")
    run()
    assert objects().keys() == {before, after}
    assert {before, after} < set(paths_of_events(settings))


def test_a_trail_that_ceased_to_be_an_organizations_is_read_at_both_places(
    cloud, at, run, objects, rows, settings
):
    cloud.client("organizations").create_organization(FeatureSet="ALL")
    cloud.trail("main", "trail-logs", IsOrganizationTrail=True)
    cloud.trail_file("trail-logs", at(9, days=-1), folder="AWSLogs/o-abc123defg/")
    run(DAY - timedelta(days=1))
    before, _ = cloud.trail_file("trail-logs", at(9), folder="AWSLogs/o-abc123defg/")
    cloud.client("cloudtrail").update_trail(Name="main", IsOrganizationTrail=False)
    after, _ = cloud.trail_file("trail-logs", at(15))
    run()
    assert objects().keys() == {before, after}
    assert {before, after} < set(paths_of_events(settings))
    assert len(rows(evidence.TRAIL_PLACES)) == 2


def test_an_organizations_trail_may_write_as_an_accounts_trail(cloud, at, run, objects):
    cloud.client("organizations").create_organization(FeatureSet="ALL")
    cloud.trail("main", "trail-logs", IsOrganizationTrail=True)
    file, _ = cloud.trail_file("trail-logs", at(9))
    run()
    assert objects().keys() == {file}


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
    assert (listing["account_id"], listing["region"]) == ("123456789012", "us-east-1")


@pytest.mark.parametrize("operation", ["DescribeTrails", "GetTrailStatus", "ListPublicKeys"])
def test_throttling_of_cloudtrail_beyond_all_tries_fails_the_run(
    cloud, at, settings, run, rows, soon_tired, operation
):
    cloud.trail("main", "trail-logs", EnableLogFileValidation=True)
    cloud.digest("trail-logs", at(9), [])
    run()
    cloud.faults({"operation": operation, "error": "ThrottlingException", "status": 400})
    with pytest.raises(ReadFailed, match=rf"{operation} refused .ThrottlingException."):
        catalog.catalog_day(settings, DAY)
    assert all(row["error_code"] is None for row in rows(evidence.LISTINGS))


def test_a_trail_of_a_region_in_which_no_bucket_is_logged_is_read_too(cloud, at, run, objects):
    cloud.bucket("quiet", "eu-west-1")
    cloud.bucket("trail-logs")
    cloudtrail = cloud.client("cloudtrail", "eu-west-1")
    cloudtrail.create_trail(Name="local", S3BucketName="trail-logs")
    url, _ = cloud.trail_file("trail-logs", at(9), region="eu-west-1")
    run()
    assert set(objects()) == {url}


def test_every_listing_says_whose_logs_it_is_about(cloud, photos, trail, at, run, rows):
    cloud.trail_file("trail-logs", at(9), region="eu-west-1")
    run()
    assert {
        (row["kind"], row["trail_arn"], row["account_id"], row["region"])
        for row in rows(evidence.LISTINGS)
    } == {
        ("access_log", None, "123456789012", "us-east-1"),
        ("cloudtrail", trail, "123456789012", None),
        ("digest", trail, "123456789012", None),
        ("cloudtrail", trail, "123456789012", "eu-west-1"),
    }


def test_two_trails_in_one_bucket_catalog_each_file_once(cloud, trail, at, run, rows, objects):
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


@pytest.mark.long  # a run for each write
def test_a_run_killed_at_any_write_and_run_again_leaves_the_same_rows(
    full_day, settings, run, rows, monkeypatch
):
    """Some 20 kills, and a catalog after most of them."""
    run()
    expected = contents(settings)
    steps = ("put", "write_file", "drop", "show", "write", "copy", "register", "keep_copies")
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
    shown_before = []
    for survived in range(40):
        left = survived
        try:
            catalog.catalog_day(settings, DAY)
        except Killed:
            kills += 1
            # Until all is read, the catalog before stays. A day that is half rewritten claims none.
            shown_before.append(rows(evidence.CATALOGUED_DAYS) != [])
            assert contents(settings)["log_objects"] == expected["log_objects"]
        else:
            break
        if shown_before[-1]:
            continue  # the next attempt is the run after this kill
        left = 100
        catalog.catalog_day(settings, DAY)
        assert contents(settings) == expected
    assert kills >= 15
    # the plan, the shard, its rows, its manifest and its receipt
    assert shown_before == sorted(shown_before, reverse=True)
    assert sum(shown_before) == 6


def test_a_day_that_has_become_empty_loses_its_rows(cloud, photos, at, settings, run):
    url = cloud.access_log("logs", "web/", at(9))
    run()
    cloud.client("s3").delete_object(Bucket="logs", Key=url.removeprefix("s3://logs/"))
    run()
    assert contents(settings)["log_objects"] == []
    assert athena.rows(lake.open_lake(settings), "select * from lacuna_evidence.log_objects") == []
    assert athena.rows(lake.open_lake(settings), "select line from lacuna_raw.s3_access_logs") == []
