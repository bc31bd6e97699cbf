"""A lake of its own in a sandbox of its own, with dbt on top: what the tests of the SQL share."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from datetime import time as clock
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import boto3
import pytest

from tests.support import REPO, collect_rarely
from tests.support.clients import share_clients
from tests.support.served import served
from tests.support.shards import register_logs

PROJECT = REPO / "dbt_project"
LOG_BUCKET = "access-log-bucket"

HEAD = "owner photos [{day:%d/%b/%Y}:{hour:02}:30:00 +0000] 192.0.2.3 me"
TAIL = "- s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6Uk= SigV4 C AuthHeader h TLSv1.3 - - us-east-1"


def line(day: date, hour: int, request_id: str) -> str:
    """A read of one object of `photos`, half an hour into the hour."""
    head = HEAD.format(day=day, hour=hour)
    return f'{head} {request_id} REST.GET.OBJECT k "GET /k HTTP/1.1" 200 - 1 1 1 1 "-" "a" {TAIL}\n'


def empty(row: type) -> dict[str, Any]:
    """The fields of a row that may be null or an empty list, as that."""
    kinds = get_type_hints(row)
    lists = {name: () for name, kind in kinds.items() if get_origin(kind) is tuple}
    return lists | {name: None for name, kind in kinds.items() if NoneType in get_args(kind)}


@dataclass
class Lake:
    """A lake to fill by hand: log objects and evidence in, tables out."""

    url: str
    scratch: Path
    objects: dict[date, dict[str, Any]] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1")

    def settings(self) -> Any:
        from lacuna.settings import Settings

        return Settings(endpoint_url=self.url)

    def deliver(self, day: date, contents: Mapping[str, bytes], **cataloged: Any) -> None:
        """Access-log objects of one delivery day, and the catalog's rows about them."""
        from lacuna.tables.evidence import LogObject

        rows = self.objects.setdefault(day, {})
        for key, body in contents.items():
            self.client("s3").put_object(Bucket=LOG_BUCKET, Key=key, Body=body)
            url = f"s3://{LOG_BUCKET}/{key}"
            values = empty(LogObject) | {
                "kind": "access_log",
                "log_bucket": LOG_BUCKET,
                "object_key": key,
                "log_object": url,
                "account_id": "123456789012",
                "region": "us-east-1",
                "key_layout": "simple",
                "size_bytes": len(body),
                "etag": "0",
                "delivered_at": datetime.combine(day, clock(12), UTC),
                "path_day": day,
                "readable": True,
            }
            rows[url] = LogObject(**{**values, **cataloged})

    def catalog(self, day: date, listings: Sequence[Any] = ()) -> None:
        """Close a delivery day: what was delivered by now is what its partitions hold."""
        from lacuna.lake import lake
        from lacuna.steps import day_states
        from lacuna.tables.evidence import CATALOGUED_DAYS, LISTINGS, LOG_OBJECTS, CataloguedDay

        mine = lake.open_lake(self.settings())
        rows = self.objects.get(day, {})
        mine.write(LOG_OBJECTS, list(rows.values()), {"delivered_on": day})
        mine.write(LISTINGS, listings, {"delivered_on": day})
        logs = [url for url, row in rows.items() if row.kind == "access_log"]
        register_logs(mine, day, logs)
        at = datetime.combine(day, clock(), UTC)
        mine.write(
            CATALOGUED_DAYS, [CataloguedDay(at, 1, 0, 1, 1, len(rows))], {"delivered_on": day}
        )
        # dbt is called directly: the test parses the day before it builds event days
        day_states.mark_parsed(mine, day, at)

    def observe(self, day: date, snapshots: Sequence[Mapping[str, Any]]) -> None:
        """Logging configuration as observed on `day`; each row says what differs from a good bucket."""
        from lacuna.lake import lake
        from lacuna.tables.evidence import LOGGING_SNAPSHOTS, LoggingSnapshot

        recorded = ("read_coverage", "write_coverage", "read_witness", "write_witness")
        good = empty(LoggingSnapshot) | {
            "account_id": "123456789012",
            "region": "us-east-1",
            "observed_at": datetime.combine(day, clock(0, 15), UTC),
            "logging_state": "on",
            "target_bucket": LOG_BUCKET,
            "target_prefix": "",
            "key_layout": "simple",
            "target_state": "deliverable",
            "is_sensitive": False,
            **dict.fromkeys((*recorded, "changes_witness"), "covered"),
        }
        rows = [LoggingSnapshot(**{**good, **one}) for one in snapshots]
        lake.open_lake(self.settings()).write(LOGGING_SNAPSHOTS, rows, {"observed_on": day})

    def project(self) -> Any:
        """What dbt has parsed of the project, with nothing compiled in it."""
        from lacuna.lake import lake
        from lacuna.steps import build

        environment = lake.open_lake(self.settings()).dbt_environment()
        return build.project(tuple(environment.items()))

    def dbt(self, *arguments: str, project: Any = None, **variables: Any) -> Any:
        """One dbt command in this process; its result whatever came of it."""
        from dbt.cli.main import dbtRunner

        result = dbtRunner(project or self.project()).invoke(
            [
                *arguments,
                *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
                *("--target-path", str(self.scratch), "--log-path", str(self.scratch)),
                *("--log-level", os.environ.get("DBT_TEST_LOG", "none"), "--no-write-json"),
                *("--vars", json.dumps(variables)),
            ]
        )
        if result.exception:
            raise result.exception
        return result

    def build(
        self, step: str, day: date, event_days: Sequence[date] = (), **variables: Any
    ) -> None:
        """One step of the daily run, and what it built is published; fails the test if a node fails."""
        from lacuna.steps.build import NOT_DAILY

        result = self.dbt(
            "build",
            *("--select", f"tag:{step}", *NOT_DAILY),
            delivery_day=str(day),
            event_days=[str(one) for one in event_days],
            **variables,
        )
        assert result.success, failures(result)
        self.publish(day, event_days)

    def publish(self, run: date, event_days: Sequence[date] = ()) -> None:
        """Show all that dbt has built of these days, as if it was checked."""
        from lacuna.lake import lake, publishing
        from lacuna.steps import day_states

        mine = lake.open_lake(self.settings())
        row = day_states.unfinished(mine, run)
        delivered = {run} | day_states.dates(row.delivery_days if row else ())
        built = publishing.builds(mine, run, delivered, event_days)
        publishing.publish(mine, built, "publish", run)
        publishing.drop_builds(mine, run)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        from lacuna.lake import athena, lake

        return athena.rows(lake.open_lake(self.settings()), sql)


def failures(result: Any) -> list[str]:
    """What each node that did not succeed says."""
    bad = [one for one in result.result.results if one.status not in ("success", "pass", "skipped")]
    return [f"{one.node.name}: {one.message}" for one in bad]


@pytest.fixture(scope="module")
def small_builds() -> Iterator[None]:
    """Leave out what no other model is made of, and dbt's tests of rows: a third of a build's time.

    Whole days of an account build and test them all: tests/days.
    """
    from expectations.fct_object_requests import MARTS
    from lacuna.steps import build

    left_out = ("--exclude-resource-type", "test", "--exclude", *(f"{mart}+" for mart in MARTS))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "NOT_DAILY", (*build.NOT_DAILY, *left_out))
        yield


@pytest.fixture(scope="session")
def lake() -> Iterator[Lake]:
    """The one lake of these tests; each test keeps to delivery days of its own."""
    before = dict(os.environ)
    from dbt_common.behavior_flags import BehaviorFlagRendered

    from lacuna.lake import lake as library

    with (
        served() as sandbox,
        tempfile.TemporaryDirectory() as scratch,
        pytest.MonkeyPatch.context() as patch,
    ):
        share_clients(patch)
        # what a warning would name: for each of dbt's commands it takes a second to find out
        patch.setattr(BehaviorFlagRendered, "_default_source", lambda _: "dbt")
        os.environ["AWS_ENDPOINT_URL"] = sandbox.url
        mine = Lake(sandbox.url, Path(scratch))
        library.open_lake(mine.settings()).prepare()
        os.environ.update(library.open_lake(mine.settings()).dbt_environment())
        mine.client("s3").create_bucket(Bucket=LOG_BUCKET)
        assert mine.dbt("seed").success
        collect_rarely()  # the parsed project stays
        yield mine
    os.environ.clear()
    os.environ.update(before)
