"""Days that are run in any order end in the same marts, and what is not read is not missed."""

import gzip
import json
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock

import pytest

from lacuna.lake.lake import open_lake
from lacuna.steps import build, check, day_states, event_days
from lacuna.tables import raw
from lacuna.tables.evidence import PARSED_DAYS
from tests.sandbox.dbt_project.conftest import LOG_BUCKET, Lake, line

FOLDER = "AWSLogs/123456789012/CloudTrail/us-east-1/"
TRAIL = "arn:aws:cloudtrail:us-east-1:123456789012:trail/orders"
# far apart, so that no day of one order is a neighbour of another's
FIRST_DAYS = {
    "in order": date(2025, 1, 10),
    "cataloged first": date(2025, 3, 10),
    "the other way": date(2025, 5, 10),
}
MARTS = ("fct_delivery_hours", "fct_logging_coverage", "fct_object_requests", "fct_log_objects")


class Account:
    """Two days of a bucket whose log arrives hours late, and once not at all."""

    def __init__(self, lake: Lake, first: date) -> None:
        self.lake, self.first, self.second = lake, first, first + timedelta(days=1)
        self.settings = lake.settings()
        mine = open_lake(self.settings)
        day_states.finish(mine, day_states.all_unfinished(mine))  # what other tests left
        for day in (self.first, self.second):
            lake.observe(day + timedelta(days=1), [{"bucket_name": "photos"}])
        # of the read at 20 the record arrives after midnight; of the read at 5 it never does
        five, ten, eight, three = (f"ID{first:%m}{number:02}" for number in (5, 10, 20, 3))
        self._deliver(self.first, [line(first, 10, ten)], {5: five, 10: ten, 20: eight})
        late = [line(first, 20, eight), line(first, 10, ten)]
        self._deliver(self.second, [*late, line(self.second, 3, three)], {3: three})

    def _deliver(self, day: date, lines: list[str], reads: dict[int, str]) -> None:
        at = datetime.combine(day, clock(12), UTC)
        self.lake.deliver(day, {f"orders/{day}": "".join(lines).encode()}, delivered_at=at)
        key = f"{FOLDER}{day:%Y/%m/%d}/{day}.json.gz"
        of_trail = {"kind": "cloudtrail", "trail_arn": TRAIL, "key_layout": None}
        self.lake.deliver(day, {key: _events(day, reads)}, record_count=len(reads), **of_trail)

    def catalog(self, day: date) -> None:
        mine = open_lake(self.settings)
        self.lake.catalog(day)
        mine.drop(PARSED_DAYS, {"delivered_on": day})
        partition = raw.cloudtrail_partition(
            day,
            trail_arn=TRAIL,
            account_id="123456789012",
            region="us-east-1",
            log_bucket=LOG_BUCKET,
            prefix=FOLDER,
        )
        mine.register(raw.CLOUDTRAIL_EVENTS, day, [partition])

    def build(self, day: date) -> None:
        """Parse the day, build what it can change, and publish it."""
        build.parse_delivery_day(self.settings, day)
        days = event_days.days_to_build(self.settings, day)
        build.build_event_days(self.settings, day, [str(one) for one in days])
        self.lake.publish(day, days)

    def check(self, day: date) -> set[str]:
        """Finish a day that is published; the findings about hours, as a person reads them."""
        messages = check.check_delivery_day(self.settings, day)
        mine = open_lake(self.settings)
        day_states.finish(mine, day_states.built_with(mine, day))
        return {
            text.replace(str(self.first), "the first").replace(str(self.second), "the second")
            for text in messages
            if text.startswith(("hour", "data_events_lost"))
        }

    def hours(self) -> dict[tuple[str, int], str]:
        """The status of each hour in which something was to be seen."""
        rows = self.lake.rows(
            "select event_date, hour(hour) as hour, status from lacuna.fct_delivery_hours "
            f"where event_date in (date '{self.first}', date '{self.second}') "
            "and (data_event_requests > 0 or access_log_requests > 0)"
        )
        names = {str(self.first): "first", str(self.second): "second"}
        return {(names[row["event_date"]], int(row["hour"])): row["status"] for row in rows}

    def contents(self) -> dict[str, list[str]]:
        """The rows of the marts, with names for the days."""
        days = f"(date '{self.first}', date '{self.second}')"
        found = {}
        for mart in MARTS:
            column = "delivered_on" if mart == "fct_log_objects" else "event_date"
            rows = self.lake.rows(f"select * from lacuna.{mart} where {column} in {days}")
            found[mart] = sorted(self._undated(str(row)) for row in rows)
        return found

    def _undated(self, text: str) -> str:
        for number in range(-1, 4):
            day = self.first + timedelta(days=number)
            for form in (f"{day}", f"{day:%Y/%m/%d}", f"{day:%d/%b/%Y}"):
                text = text.replace(form, f"day {number}")
        return text.replace(f"ID{self.first:%m}", "ID")


def _events(day: date, reads: dict[int, str]) -> bytes:
    events = [
        {
            "eventTime": f"{day}T{hour:02}:30:00Z",
            "eventID": f"{day}-{request_id}",
            "requestID": request_id,
            "eventSource": "s3.amazonaws.com",
            "eventName": "GetObject",
            "eventCategory": "Data",
            "eventType": "AwsApiCall",
            "awsRegion": "us-east-1",
            "readOnly": True,
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/me"},
            "requestParameters": {"bucketName": "photos", "key": "k"},
        }
        for hour, request_id in reads.items()
    ]
    return gzip.compress(json.dumps({"Records": events}).encode(), 0)  # one size for all days


LOST = "hour_lost of the first: 1 finding\n  photos lost all access-log records of 05:00 UTC (CloudTrail saw 1 request)"
AT_LAST = {
    ("first", 5): "missing",
    ("first", 10): "delivered",
    ("first", 20): "delivered",
    ("second", 3): "delivered",
}


@pytest.fixture(scope="module")
def in_order(lake: Lake) -> dict[str, list[str]]:
    """The marts of two days that are run one after the other."""
    account = Account(lake, FIRST_DAYS["in order"])
    for day in (account.first, account.second):
        account.catalog(day)
        account.build(day)
    assert account.hours() == AT_LAST
    return account.contents()


@pytest.mark.long
def test_a_day_that_is_cataloged_and_not_parsed_makes_no_hour_missing(
    lake: Lake, in_order: dict[str, list[str]]
) -> None:
    """Two days in order, and two whose catalogs run ahead, are built and checked: half a minute."""
    account = Account(lake, FIRST_DAYS["cataloged first"])
    account.catalog(account.second)  # its run is killed here
    account.catalog(account.first)
    account.build(account.first)
    assert account.hours() == {
        ("first", 5): "missing",
        ("first", 10): "delivered",
        ("first", 20): "pending",
    }
    assert account.check(account.first) == {LOST}
    account.build(account.second)
    assert account.hours() == AT_LAST
    assert account.check(account.second) == {LOST}
    assert account.contents() == in_order


@pytest.mark.long
def test_days_that_are_run_the_other_way_end_in_the_same_marts(
    lake: Lake, in_order: dict[str, list[str]]
) -> None:
    account = Account(lake, FIRST_DAYS["the other way"])
    account.catalog(account.second)
    account.build(account.second)
    # nothing is known of the first day: its only hours are those that the second delivered
    assert account.hours() == {
        ("first", 10): "delivered",
        ("first", 20): "delivered",
        ("second", 3): "delivered",
    }
    verdicts = lake.rows(
        f"select distinct status from lacuna.fct_delivery_hours where event_date = date '{account.first}'"
    )
    assert {row["status"] for row in verdicts} == {"delivered", "pending"}
    account.catalog(account.first)
    account.build(account.first)
    assert account.hours() == AT_LAST
    assert account.contents() == in_order
