"""A day that several tasks read is the day that one reads, and a part that is read twice counts once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lacuna.lake import athena, lake, shards
from lacuna.steps import catalog, catalog_plan, catalog_shards, day_states, snapshot
from lacuna.tables import evidence, raw
from tests.sandbox.lacuna.conftest import DAY, OBSERVED_AT

HOME, MEMBER = "123456789012", "222222222222"
TABLES = (
    evidence.LOG_OBJECTS,
    evidence.LISTINGS,
    evidence.TRAIL_PLACES,
    evidence.TRAIL_DIGESTS,
    evidence.CATALOGUED_DAYS,
)


def contents(settings):
    """Everything that was written for the day, and what Athena reads of it."""
    mine = lake.open_lake(settings)
    found = {
        table.name: sorted(
            str({name: value for name, value in row.items() if name != "catalogued_at"})
            for row in mine.read(table, {"delivered_on": DAY})
        )
        for table in TABLES
    }
    for name in ("lacuna_raw.s3_access_logs", "lacuna_raw.cloudtrail_events"):
        found[name] = athena.rows(mine, f'select distinct "$path" as p from {name} order by 1')
    counted = athena.rows(mine, "select count(*) as n from lacuna_evidence.log_objects")
    return found | {"counted": counted}


@pytest.fixture
def large(cloud, settings, at):
    """Two accounts with places that overlap, a place that is refused, trails and digests of both."""
    member = cloud.of(MEMBER)
    for account, logs in ((cloud, "logs"), (member, "their-logs")):
        account.log_bucket(logs)
        for prefix in ("a/", "a/b/", "c/", "logs2026-", "logs"):
            source = f"{logs}-{prefix.strip('/-').replace('/', '-')}"
            account.log_to(account.bucket(source), logs, prefix)
            for minute in range(3):
                account.access_log(logs, prefix, at(9, minute))
        account.put(logs, "c/2026-11-21-inventory.csv", b"a stranger", at(4))
        account.trail("main", f"{logs}-trail", EnableLogFileValidation=True)
        file = account.trail_file(f"{logs}-trail", at(8, 50))
        account.digest(f"{logs}-trail", at(9, 30), [file])
    cloud.trail_file("logs-trail", at(9), b'{"Records":[')
    member.allow("their-logs", HOME)  # and not the bucket of their trail
    both = replace(settings, accounts=(MEMBER,))
    snapshot.observe(both, OBSERVED_AT)
    return both


def tasks(settings):
    """Read a day as Airflow's tasks do; return the shards."""
    planned = catalog.plan_shards(settings, DAY)
    for shard in reversed(planned):
        catalog.read_shard(settings, shard)
    return planned


def test_a_day_of_many_shards_and_small_files_is_that_of_one(large, monkeypatch):
    """Catalogs a day of two accounts three times."""
    assert len(tasks(large)) == 1
    catalog.catalog_day(large, DAY)
    expected = contents(large)
    assert len(expected["log_objects"]) > 20
    assert len(expected["trail_digests"]) > 10
    for places, rows in ((5, 2), (1, 1)):
        with monkeypatch.context() as patch:
            patch.setattr(catalog_plan, "PLACES_A_SHARD", places)
            patch.setattr(shards, "ROWS", rows)
            patch.setattr(raw, "MANIFEST_LINES", rows)
            patch.setattr(catalog_shards, "FOLDERS_AT_ONCE", 1)
            planned = tasks(large)
            assert len(planned) >= 3
            catalog.commit_catalog(large, DAY, planned)
        assert contents(large) == expected


@pytest.fixture
def photos(cloud, settings, at):
    cloud.bucket("photos")
    cloud.log_bucket("logs")
    cloud.log_to("photos", "logs", "web/")
    for minute in range(3):
        cloud.access_log("logs", "web/", at(9, minute))
    snapshot.observe(settings, OBSERVED_AT)


@pytest.mark.usefixtures("photos")
def test_a_shard_that_is_read_again_counts_once_before_its_commit_and_after(settings):
    planned = tasks(settings)
    for _ in range(2):
        catalog.read_shard(settings, planned[0])
        catalog.commit_catalog(settings, DAY, planned)
        assert len(contents(settings)["log_objects"]) == 3
        assert contents(settings)["counted"] == [{"n": "3"}]
        catalog.commit_catalog(settings, DAY, planned)
        assert contents(settings)["counted"] == [{"n": "3"}]


@pytest.mark.usefixtures("photos")
def test_a_catalog_is_as_old_as_its_listing_however_late_it_is_committed(settings):
    planned, listed = tasks(settings), datetime.now(UTC)
    catalog.commit_catalog(settings, DAY, planned)
    assert day_states.catalogued_at(lake.open_lake(settings), DAY) <= listed


@pytest.mark.usefixtures("photos")
def test_an_older_attempt_that_is_committed_once_more_shows_what_there_is_now(cloud, settings, at):
    planned = tasks(settings)
    catalog.commit_catalog(settings, DAY, planned)
    cloud.access_log("logs", "web/", at(11))
    catalog.catalog_day(settings, DAY)
    assert catalog.commit_catalog(settings, DAY, planned).objects_gone == 0
    assert contents(settings)["counted"] == [{"n": "4"}]


@pytest.mark.usefixtures("photos")
def test_nothing_is_shown_of_a_day_of_which_a_shard_is_missing(settings, monkeypatch):
    catalog.catalog_day(settings, DAY)
    before = contents(settings)
    planned = catalog.plan_shards(settings, DAY)
    with pytest.raises(shards.ShardGone, match=r"receipt.json is gone: start with .*plan_shards"):
        catalog.commit_catalog(settings, DAY, planned)
    assert contents(settings) == before


@pytest.mark.parametrize("rows", [1, 100])
def test_a_large_place_that_is_refused_at_its_end_leaves_no_row(
    cloud, settings, photos, at, monkeypatch, rows
):
    """Its first rows are in files by then, and its first page too if the listing is refused."""
    monkeypatch.setattr(shards, "ROWS", rows)
    last = cloud.access_log("logs", "web/", at(10)).removeprefix("s3://")
    cloud.faults(
        {"operation": "GetObject", "resource": last, "error": "AccessDenied", "status": 403}
    )
    catalog.catalog_day(settings, DAY)
    found = contents(settings)
    assert found["log_objects"] == found["lacuna_raw.s3_access_logs"] == []
    assert "'error_code': 'GetObject: AccessDenied'" in found["listings"][0]
    assert "'objects_catalogued': 0" in found["listings"][0]


@pytest.mark.usefixtures("photos")
def test_the_sweep_deletes_old_attempts_and_versions_and_nothing_that_is_shown(cloud, settings, at):
    mine = lake.open_lake(settings)
    catalog.catalog_day(settings, DAY)
    cloud.access_log("logs", "web/", at(11))
    catalog.catalog_day(settings, DAY)
    tasks(settings)  # of a run that was killed before its commit
    before = contents(settings)

    def left(prefix):
        return [key for key in cloud.keys(mine.bucket) if key.startswith(prefix)]

    versions = "evidence/log_objects/versions/"
    assert (len(left(versions)), len(left("staging/shards/"))) == (2, 15)
    assert shards.sweep(mine, datetime.now(UTC) - timedelta(days=7)) == []
    swept = shards.sweep(mine, datetime.now(UTC) + timedelta(days=1))
    assert len(swept) == 16
    # a sweep that is killed finds the versions by the attempts, so these go last
    are_attempts = ["/staging/shards/" in url for url in swept]
    assert are_attempts == sorted(are_attempts)
    assert (len(left(versions)), left("staging/shards/")) == (1, [])
    assert contents(settings) == before
    assert shards.sweep(mine, datetime.now(UTC) + timedelta(days=1)) == []
