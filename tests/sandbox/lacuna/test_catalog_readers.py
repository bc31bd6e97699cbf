"""What Athena may not read with the run's own credentials costs its own place and nothing else."""

from dataclasses import replace

import pytest

from lacuna.lake import athena, lake
from lacuna.steps import build, catalog, snapshot
from lacuna.tables import evidence
from tests.sandbox.lacuna.conftest import DAY, OBSERVED_AT

HOME, MEMBER = "123456789012", "222222222222"


@pytest.fixture
def member(cloud):
    return cloud.of(MEMBER)


@pytest.fixture
def cataloged(settings):
    """Catalog the day of both accounts; what Athena then reads of the raw tables."""

    def run():
        both = replace(settings, accounts=(MEMBER,))
        snapshot.observe(both, OBSERVED_AT)
        summary = catalog.catalog_day(both, DAY)
        mine = lake.open_lake(settings)
        paths = 'select distinct "$path" as path from lacuna_raw.'
        found = {
            row["path"]
            for table in ("s3_access_logs", "cloudtrail_events")
            for row in athena.rows(mine, paths + table)
        }
        return summary, found

    return run


def log_to(account, source, target):
    account.bucket(source)
    account.log_bucket(target)
    account.log_to(source, target, "web/")


def refusals(rows):
    return {
        f"{row['log_bucket']}/{row['prefix']}": row["error_code"]
        for row in rows(evidence.LISTINGS)
        if row["error_code"]
    }


def test_a_members_log_bucket_that_the_run_may_not_read_costs_that_place_only(
    cloud, member, cataloged, rows, objects, at
):
    log_to(cloud, "photos", "logs")
    log_to(member, "their-photos", "their-logs")
    ours = cloud.access_log("logs", "web/", at(9))
    member.access_log("their-logs", "web/", at(9))
    summary, read = cataloged()
    assert read == {ours}
    assert set(objects()) == {ours}
    assert refusals(rows) == {"their-logs/web/": "GetObject: AccessDenied"}
    assert summary.places_unreadable == 1


def test_a_members_log_bucket_whose_policy_allows_the_run_is_read(
    cloud, member, cataloged, rows, objects, at
):
    log_to(member, "their-photos", "their-logs")
    member.allow("their-logs", f"arn:aws:iam::{HOME}:role/lacuna")
    theirs = member.access_log("their-logs", "web/", at(9))
    _, read = cataloged()
    assert read == set(objects()) == {theirs}
    assert refusals(rows) == {}


def test_a_members_trail_that_the_run_may_not_read_costs_that_place_only(
    cloud, member, cataloged, rows, objects, at
):
    cloud.trail("main", "trail-logs")
    ours, _ = cloud.trail_file("trail-logs", at(9))
    member.trail("theirs", "their-trail-logs")
    folder = f"AWSLogs/{MEMBER}/CloudTrail/us-east-1/"
    member.put(
        "their-trail-logs",
        f"{folder}{at(9):%Y/%m/%d}/{MEMBER}_CloudTrail_us-east-1_{at(9):%Y%m%dT%H%MZ}_{1:016d}.json.gz",
        b"",
        at(9),
    )
    theirs = member.put(
        "their-trail-logs",
        f"{folder}{at(9):%Y/%m/%d}/{MEMBER}_CloudTrail_us-east-1_{at(9):%Y%m%dT%H%MZ}_{2:016d}.json.gz",
        cloud.client("s3")
        .get_object(Bucket="trail-logs", Key=ours.split("/", 3)[3])["Body"]
        .read(),
        at(9),
    )
    _, read = cataloged()
    assert read == {ours}
    assert refusals(rows) == {f"their-trail-logs/{folder}": "GetObject: AccessDenied"}
    member.allow("their-trail-logs", HOME)
    _, read = cataloged()
    # the empty file beside it makes the other one a copy
    names = {path.rpartition("/")[2] for path in read}
    assert names == {url.rpartition("/")[2] for url in (ours, theirs)}


@pytest.mark.parametrize("refused", ["09-00-00", "15-00-00"])
def test_a_bucket_of_its_own_that_the_run_may_list_and_not_read_costs_that_place_only(
    cloud, cataloged, rows, objects, at, refused
):
    """So it is where the key that encrypts the logs changed during the day."""
    log_to(cloud, "photos", "logs")
    log_to(cloud, "videos", "other-logs")
    cloud.access_log("logs", "web/", at(9))
    cloud.access_log("logs", "web/", at(15))
    other = cloud.access_log("other-logs", "web/", at(9))
    cloud.faults(
        {
            "operation": "GetObject",
            "resource": f"logs/*{refused}*",
            "error": "AccessDenied",
            "status": 403,
        }
    )
    _, read = cataloged()
    assert read == set(objects()) == {other}
    assert refusals(rows) == {"logs/web/": "GetObject: AccessDenied"}


def test_a_log_object_that_vanishes_or_is_empty_refuses_nothing(cloud, cataloged, rows, at):
    log_to(cloud, "photos", "logs")
    cloud.access_log("logs", "web/", at(9))
    cloud.faults(
        {"operation": "GetObject", "resource": "logs/*", "error": "NoSuchKey", "status": 404, "times": 1}
    )  # fmt: skip
    cataloged()
    assert refusals(rows) == {}


def test_an_archived_log_costs_its_place_because_athena_passes_over_it(
    cloud, cataloged, rows, objects, at
):
    log_to(cloud, "photos", "logs")
    log_to(cloud, "films", "more-logs")
    for hour in (8, 9, 10):
        cloud.access_log("logs", "web/", at(hour))
    read = cloud.access_log("more-logs", "web/", at(9))
    cloud.archive("logs", cloud.keys("logs")[1], at(9))
    _, paths = cataloged()
    assert refusals(rows) == {"logs/web/": "GetObject: InvalidObjectState"}
    assert set(objects()) == {read}
    assert paths == {read}


def test_an_object_refused_between_others_costs_its_place_and_not_the_day(
    cloud, settings, rows, objects, at, monkeypatch
):
    """A model's query stands for the models, because dbt takes half a minute."""
    log_to(cloud, "photos", "logs")
    log_to(cloud, "videos", "other-logs")
    for hour in (9, 12, 15):
        cloud.access_log("logs", "web/", at(hour))
    other = cloud.access_log("other-logs", "web/", at(9))
    cloud.faults(
        {
            "operation": "GetObject",
            "resource": "logs/*12-00-00*",
            "error": "AccessDenied",
            "status": 403,
        }
    )
    read = []

    def query(mine, *_):
        try:
            read[:] = athena.rows(
                mine, 'select distinct "$path" as path from lacuna_raw.s3_access_logs'
            )
        except Exception as error:
            raise build.BuildFailed(str(error)) from error

    monkeypatch.setattr(build, "_dbt_build", query)
    snapshot.observe(settings, OBSERVED_AT)
    catalog.catalog_day(settings, DAY)

    build.parse_delivery_day(settings, DAY)

    assert [row["path"] for row in read] == [other]
    assert set(objects()) == {other}
    assert refusals(rows) == {"logs/web/": "GetObject: AccessDenied"}
