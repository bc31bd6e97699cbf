"""A rerun leaves one copy, whatever a killed run left behind."""

from datetime import date, timedelta

import pytest

from lacuna.lake.lake import open_lake
from lacuna.steps import catalog_losses
from lacuna.steps.build import parse_delivery_day
from tests.sandbox.dbt_project.conftest import LOG_BUCKET, Lake, failures, line

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("small_builds")]

DAY = date(2026, 4, 20)
BEFORE = DAY - timedelta(days=1)
TABLES = {
    "lacuna_staging.int_access_log_records": "delivered_on",
    "lacuna.fct_log_objects": "delivered_on",
    "lacuna.quarantined_lines": "delivered_on",
    "lacuna_staging.int_reconciled_hours": "event_date",
    "lacuna_staging.int_unwitnessed_hours": "event_date",
    "lacuna_staging.int_delivery_hours": "event_date",
    "lacuna_staging.int_hour_coverage": "event_date",
    "lacuna_staging.int_canonical_ids": "event_date",
    "lacuna_staging.int_bucket_verdicts": "event_date",
    "lacuna_staging.int_traffic_costs": "event_date",
    "lacuna.fct_object_requests": "event_date",
    "lacuna.fct_delivery_hours": "event_date",
    "lacuna.trusted_hours": "event_date",
    "lacuna.fct_bucket_days": "event_date",
    "lacuna.fct_logging_coverage": "event_date",
    "lacuna.fct_account_posture": "event_date",
    "lacuna.fct_control_results": "event_date",
}


def content(lake: Lake, *days: date) -> dict[str, list[tuple[str | None, ...]]]:
    """The rows of these days in every table, in an order of their own."""
    wanted = ", ".join(f"date '{day}'" for day in days)
    return {
        table: sorted(
            (
                tuple(row.values())
                for row in lake.rows(f"select * from {table} where {key} in ({wanted})")
            ),
            key=str,
        )
        for table, key in TABLES.items()
    }


@pytest.fixture(scope="module")
def built(lake: Lake, small_builds: None) -> Lake:
    """A day built once, with records of the day before, a duplicate and a line that is none."""
    first = line(DAY, 1, "R1") + line(DAY, 2, "R2") + line(BEFORE, 23, "R0")
    lake.deliver(
        DAY, {"reruns/a": first.encode(), "reruns/b": (line(DAY, 1, "R1") + "nonsense\n").encode()}
    )
    lake.catalog(DAY)
    weak = {"bucket_name": "photos", "weaknesses": ("target_not_versioned",)}
    lake.observe(DAY + timedelta(days=1), [weak])
    build(lake)
    return lake


def build(lake: Lake) -> None:
    lake.build("delivery_day", DAY)
    lake.build("event_days", DAY, [BEFORE, DAY])


def test_a_day_is_read_whole(built: Lake) -> None:
    """The first of these tests waits for the lake and two days: twenty seconds."""
    rows = content(built, BEFORE, DAY)
    assert len(rows["lacuna_staging.int_access_log_records"]) == 5
    assert len(rows["lacuna.fct_object_requests"]) == 3
    assert len(rows["lacuna.quarantined_lines"]) == 1
    assert len(rows["lacuna.fct_delivery_hours"]) == 48
    assert len(rows["lacuna_staging.int_bucket_verdicts"]) == 2
    assert len(rows["lacuna_staging.int_traffic_costs"]) == 2


def test_a_rerun_after_a_kill_gives_the_same_rows(built: Lake) -> None:
    """Orphan files and half-made tables of a killed run are swept away. A rerun builds two days: ten seconds."""
    before = content(built, BEFORE, DAY)
    leave_orphans(built)
    build(built)
    assert content(built, BEFORE, DAY) == before


def test_a_rerun_after_the_logs_are_gone_keeps_what_was_read(built: Lake) -> None:
    """A rerun finds no object any more: the parsed rows are the only copy. Takes five seconds."""
    before = content(built, BEFORE, DAY)
    mine = open_lake(built.settings())
    for key in ("reruns/a", "reruns/b"):
        built.client("s3").delete_object(Bucket=LOG_BUCKET, Key=key)
    catalog_losses.keep(mine, DAY, 2, "", lambda: [], [])
    parse_delivery_day(built.settings(), DAY)
    built.build("event_days", DAY, [BEFORE, DAY])
    assert content(built, BEFORE, DAY) == before


def leave_orphans(lake: Lake) -> None:
    """What a SIGKILL in mid-INSERT leaves: more files in each partition, and the table of new rows."""
    s3 = lake.client("s3")
    bucket = lake.settings().lake_bucket_for("123456789012", "us-east-1")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    found = [one["Key"] for page in pages for one in page.get("Contents", [])]
    keys = [
        key for key in found if f"={DAY}/" in key and key.startswith(("marts/", "staging/int_"))
    ]
    assert len(keys) >= len(TABLES)
    for number, key in enumerate(keys):
        folder = key.rpartition("/")[0]
        source = {"Bucket": bucket, "Key": key}
        s3.copy_object(Bucket=bucket, Key=f"{folder}/orphan-{number}.parquet", CopySource=source)
    lake.rows("create table lacuna.fct_object_requests__dbt_tmp as select 1 as one")
    s3.copy_object(
        Bucket=bucket,
        Key="staging/int_access_log_records__dbt_tmp/orphan.parquet",
        CopySource={"Bucket": bucket, "Key": keys[0]},
    )


def test_a_neighbouring_day_is_left_alone(built: Lake) -> None:
    """Partitions are emptied by prefix, and days have prefixes in common. Builds a day: five seconds."""
    second = date(2026, 4, 2)
    before = content(built, BEFORE, DAY)
    built.deliver(second, {"reruns/c": line(second, 3, "R9").encode()})
    built.catalog(second)
    built.build("delivery_day", second)
    built.build("event_days", second, [second])
    assert content(built, BEFORE, DAY) == before
    assert len(content(built, second)["lacuna.fct_object_requests"]) == 1


def test_a_day_that_becomes_empty_is_emptied(built: Lake) -> None:
    """The two days are built once more: ten seconds."""
    built.objects.pop(DAY)
    built.catalog(DAY)
    build(built)
    rows = content(built, BEFORE, DAY)
    assert rows["lacuna.fct_object_requests"] == []
    assert rows["lacuna.fct_log_objects"] == []
    assert rows["lacuna_staging.int_traffic_costs"] == []
    assert rows["lacuna.quarantined_lines"] == []


def test_the_week_before_is_told_as_it_was_known_when_the_day_was_built(lake: Lake) -> None:
    """All that the posture is made from is built four times, for six days together."""
    day = date(2026, 6, 20)
    before, after = day - timedelta(days=7), day + timedelta(days=1)
    for looked in (before, day, after):
        lake.observe(looked + timedelta(days=1), [{"bucket_name": "photos"}])

    def posture(delivery_day: date, *event_days: date) -> dict[str, str | None]:
        """The day's row, once these event days were built."""
        result = lake.dbt(
            *("run", "--select", "+fct_account_posture"),
            delivery_day=str(delivery_day),
            event_days=[str(one) for one in event_days],
        )
        assert result.success, failures(result)
        lake.publish(delivery_day, event_days)
        (row,) = lake.rows(
            f"select * from lacuna.fct_account_posture where event_date = date '{day}'"
        )
        return row

    lake.deliver(day, {"reruns/week": line(day, 3, "W1").encode()})
    lake.catalog(before)
    lake.catalog(day)
    first = posture(day, before, day)
    assert (first["share_delivering"], first["share_delivering_week_before"]) == ("1.0", "0.0")

    # records that are a week late reopen their own day; the row of this one stays until it is built again
    lake.deliver(after, {"reruns/late": line(before, 3, "W0").encode()})
    lake.catalog(after)
    assert posture(after, before, after) == first
    again = posture(after, day)
    changed = {name for name in first if first[name] != again[name]}
    assert again["share_delivering_week_before"] == "1.0"
    assert all(name.endswith("_week_before") for name in changed)
    assert posture(after, day) == again


def test_a_delivery_of_more_than_a_hundred_event_days_is_built(lake: Lake) -> None:
    """Athena writes at most 100 partitions a query; stragglers of an archive have more. So many are written twice."""
    day = date(2026, 5, 5)
    days = [str(date(2024, 1, 1) + timedelta(days=number)) for number in range(105)]
    body = "".join(
        line(date.fromisoformat(one), 5, f"R{number}") for number, one in enumerate(days)
    )
    lake.deliver(day, {"reruns/d": body.encode()})
    lake.catalog(day)
    for _ in range(2):
        command = ["run", "--select", "+fct_object_requests"]
        result = lake.dbt(*command, delivery_day=str(day), event_days=days)
        assert result.success, failures(result)
        lake.publish(day, [date.fromisoformat(one) for one in days])
    rows = lake.rows(
        "select count(*) as requests, count(distinct event_date) as days from lacuna.fct_object_requests "
        "where event_date < date '2025-01-01'"
    )
    assert rows == [{"requests": "105", "days": "105"}]
    records = lake.rows(
        f"select count(*) as n from lacuna_staging.int_access_log_records where delivered_on = date '{day}'"
    )
    assert records == [{"n": "105"}]
