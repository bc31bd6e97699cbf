"""A large day is written by several statements, each for one log and a slice of the requests."""

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from lacuna.lake import publishing
from lacuna.lake.lake import open_lake
from tests.sandbox.dbt_project.conftest import Lake, failures

# Runs of other tests are far from these
DELIVERED = date(2027, 3, 20)
DAYS = [date(2027, 3, 1) + timedelta(days=4 * n) for n in range(4)]
VIEW = "lacuna_build.{model}__20270320_20270320"
pytestmark = pytest.mark.usefixtures("small_builds")

MODELS = ("fct_object_requests", "int_reconciled_hours", "int_traffic_costs")
BUCKETS = ("photos", "films")
NAMES = ("REST.GET.OBJECT", "BATCH.DELETE.OBJECT", "S3.EXPIRE.OBJECT")


# The object requests that a data event shows, or would show
COUNTED = f"""
select bucket_name, count(*) as object_requests, event_date
from {VIEW.format(model="fct_object_requests")}
where
    (witness <> 'access_log' or operation <> 'S3.EXPIRE.OBJECT')
    and event_date in ({{days}})
group by bucket_name, event_date
"""


@pytest.mark.long  # builds the days with and without slices
def test_a_day_in_slices_has_the_rows_of_a_day_in_one(lake: Lake) -> None:
    """Random days: copies, batches, requests of one log only, and some that cross midnight.

    It takes half a minute: the tables are built once, and three models of them twice more.
    """
    lake.catalog(DELIVERED)
    lake.build("delivery_day", DELIVERED)
    lake.build("event_days", DELIVERED, [DELIVERED])
    chance = random.Random(11)
    insert(lake, "int_access_log_records", records(chance))
    insert(lake, "int_data_events", events(chance))
    insert(
        lake,
        "int_bucket_verdicts",
        [{"bucket_name": bucket, "event_date": day} for bucket in BUCKETS for day in DAYS],
    )

    whole, in_slices = built(lake, 1), built(lake, 3)

    requests, hours, costs = whole
    assert {row["witness"] for row in requests} == {"both", "access_log", "data_event"}
    assert len(requests) > 100
    assert len(hours) > 100
    kept = [
        {name: row[name] for name in ("bucket_name", "object_requests", "event_date")}
        for row in costs
    ]
    counted = COUNTED.format(days=", ".join(map(literal, DAYS)))
    assert kept == sorted(lake.rows(counted), key=str)
    assert in_slices == whole

    sizes = [
        publishing.stored_bytes(open_lake(lake.settings()), "int_data_events", days)
        for days in (DAYS, DAYS[:1], [DAYS[0] - timedelta(days=9)])
    ]
    assert sizes[0] > sizes[1] > sizes[2] == 0


def insert(lake: Lake, table: str, rows: Sequence[dict[str, Any]]) -> None:
    columns = ", ".join(rows[0])
    values = ", ".join(f"({', '.join(map(literal, row.values()))})" for row in rows)
    lake.rows(
        f"insert into lacuna_staging.{table} ({columns}) "
        f"select * from (values {values}) as rows_of_days ({columns})"
    )


def records(chance: random.Random) -> list[dict[str, Any]]:
    """Lines of random requests, some of them delivered twice."""
    found = []
    for number in range(240):
        at, operation = moment(chance), chance.choice(NAMES)
        line = {
            "request_id": chance.choice([f"R{chance.randrange(90)}", None]),
            "requested_at": at,
            "bucket_name": chance.choice(BUCKETS),
            "operation": operation,
            "object_key": f"k{number % 3}",
            "delivered_at": at,
            "line_hash": f"h{number}",
            "event_date": at.date(),
        }
        found += [{**line, **place} for place in places(chance)]
    return found


def events(chance: random.Random) -> list[dict[str, Any]]:
    """Data events of random requests, some with copies in other files or for other accounts."""
    found = []
    for number in range(240):
        at, is_single = moment(chance), chance.random() < 0.3
        event = {
            "request_id": chance.choice([f"R{chance.randrange(90)}", None]),
            "bucket_name": chance.choice(BUCKETS),
            "event_type": "AwsServiceEvent" if is_single else "AwsApiCall",
            "event_name": "DeleteObject" if is_single else "GetObject",
            "object_key": f"k{number % 3}",
            "shared_event_id": chance.choice([f"S{number}", None]),
            "occurred_at": at,
            "record_kind": chance.choice(["data_event", None]),
            "event_date": at.date(),
        }
        for place in places(chance):
            # a copy for another account has an id of its own
            copy = chance.randrange(2) if event["shared_event_id"] else 0
            found.append({"event_id": f"E{number}{copy}", **event, **place})
    return found


def places(chance: random.Random) -> list[dict[str, Any]]:
    """Where a record was delivered: usually once, else in two objects or twice in one."""
    count = chance.choice([1, 1, 1, 2, 3])
    return [
        {"log_object": f"s3://logs/{chance.randrange(3)}", "delivered_on": DELIVERED}
        for _ in range(count)
    ]


def moment(chance: random.Random) -> datetime:
    """A time of the days, or of the hours around one."""
    start = datetime.combine(chance.choice(DAYS), datetime.min.time())
    return start + timedelta(hours=chance.randrange(-2, 26))


def literal(value: str | date | None) -> str:
    if isinstance(value, datetime):
        return f"timestamp '{value}'"
    if isinstance(value, date):
        return f"date '{value}'"
    return "cast(null as varchar)" if value is None else f"'{value}'"


def built(lake: Lake, slices: int) -> list[list[dict[str, Any]]]:
    """The rows of each model, written in so many slices."""
    before = inserts(lake)
    result = lake.dbt(
        *("run", "--select", *MODELS),
        delivery_day=str(DELIVERED),
        event_days=[str(day) for day in DAYS],
        slices=slices,
    )
    assert result.success, failures(result)
    # the requests: one statement for each log and slice
    assert inserts(lake) - before == (0 if slices == 1 else 2 * slices - 1 + 2 * (slices - 1))
    days = ", ".join(map(literal, DAYS))
    return [
        sorted(
            lake.rows(f"select * from {VIEW.format(model=model)} where event_date in ({days})"),
            key=str,
        )
        for model in MODELS
    ]


def inserts(lake: Lake) -> int:
    """How many statements have added rows to what a run builds."""
    athena = lake.client("athena")
    pages = athena.get_paginator("list_query_executions").paginate(WorkGroup="primary")
    texts = [
        athena.get_query_execution(QueryExecutionId=one)["QueryExecution"]["Query"]
        for page in pages
        for one in page["QueryExecutionIds"]
    ]
    return sum("insert into" in text and "lacuna_build" in text for text in texts)
