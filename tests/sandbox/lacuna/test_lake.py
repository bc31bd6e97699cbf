"""The lake itself: its bucket, tables and partitions, in the sandbox."""

import contextlib
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from uuid import uuid4

import boto3
import pytest
from airflow.sdk import RetryAction
from botocore.exceptions import ClientError

from lacuna.aws import session
from lacuna.aws.session import AccountError, UnusableSetting
from lacuna.lake import athena, glue, lake
from lacuna.settings import Settings
from lacuna.steps.daily import RETRIES
from lacuna.tables import evidence, raw
from lacuna.tables.evidence import CheckResult, LogObject

DAY = date(2026, 11, 21)
AT = datetime(2026, 11, 21, 9, 30, 15, tzinfo=UTC)
OBJECT = LogObject(
    kind="access_log",
    log_bucket="logs",
    object_key="web/a",
    log_object="s3://logs/web/a",
    source_bucket=None,
    trail_arn=None,
    account_id="123456789012",
    region="us-east-1",
    key_layout="simple",
    size_bytes=3_000_000_000,
    etag="e",
    delivered_at=AT,
    stamped_at=None,
    path_day=DAY,
    readable=True,
    problem=None,
    content_sha256=None,
    record_count=None,
    digest_state=None,
)
RESULT = CheckResult(
    "fct_delivery_hours", "lost_hour", "critical", False, False, "1", "ü \x1b", ("a", "b"), DAY, AT
)


def test_the_lake_is_made_where_it_is_missing(cloud, settings):
    client = cloud.client("glue")
    names = {one["Name"] for one in client.get_databases()["DatabaseList"]}
    assert names >= {"lacuna_evidence", "lacuna_raw", "lacuna_staging", "lacuna"}
    tables = client.get_tables(DatabaseName="lacuna_evidence")["TableList"]
    assert {one["Name"] for one in tables} == {table.name for table in evidence.TABLES}
    assert {one["Name"] for one in client.get_tables(DatabaseName="lacuna_raw")["TableList"]} == {
        table.name for table in raw.TABLES
    }
    access = cloud.client("s3").get_public_access_block(Bucket="lacuna-lake-123456789012-us-east-1")
    assert all(access["PublicAccessBlockConfiguration"].values())


def test_preparing_again_changes_nothing(settings):
    mine = lake.open_lake(settings)
    mine.write(evidence.LOG_OBJECTS, [OBJECT], {"delivered_on": DAY})
    lake.open_lake(settings).prepare()
    assert len(mine.read(evidence.LOG_OBJECTS, {"delivered_on": DAY})) == 1
    assert athena.rows(
        lake.open_lake(settings), "select kind from lacuna_evidence.log_objects"
    ) == [{"kind": "access_log"}]


def test_a_table_of_another_shape_is_brought_into_the_wanted_one(cloud, settings):
    client = cloud.client("glue")
    wanted = client.get_table(DatabaseName="lacuna_raw", Name="s3_access_logs")["Table"]
    storage = {**wanted["StorageDescriptor"], "Columns": [{"Name": "old", "Type": "string"}]}
    client.update_table(
        DatabaseName="lacuna_raw",
        TableInput={
            "Name": "s3_access_logs",
            "StorageDescriptor": storage,
            "PartitionKeys": wanted["PartitionKeys"],
        },
    )
    lake.open_lake(settings).prepare()
    columns = client.get_table(DatabaseName="lacuna_raw", Name="s3_access_logs")["Table"][
        "StorageDescriptor"
    ]["Columns"]
    assert [one["Name"] for one in columns] == ["line"]


def test_every_evidence_table_can_be_asked_while_it_is_empty(settings):
    for table in evidence.TABLES:
        names = ", ".join([*table.columns(), *table.partition_columns()])
        assert (
            athena.rows(
                lake.open_lake(settings), f"select {names} from lacuna_evidence.{table.name}"
            )
            == []
        )


def test_what_is_appended_is_added_and_no_rows_change_nothing(settings):
    mine = lake.open_lake(settings)
    for rows in ([OBJECT], [], [OBJECT, OBJECT]):
        mine.append(evidence.LOG_OBJECTS, rows, {"delivered_on": DAY})
    count = (
        f"select count(*) as n from lacuna_evidence.log_objects where delivered_on = date '{DAY}'"
    )
    assert athena.rows(lake.open_lake(settings), count) == [{"n": "3"}]
    assert len(mine.read(evidence.LOG_OBJECTS, {"delivered_on": DAY})) == 3


def test_what_is_written_is_what_athena_reads(settings):
    lake.open_lake(settings).write(evidence.LOG_OBJECTS, [OBJECT], {"delivered_on": DAY})
    (row,) = athena.rows(
        lake.open_lake(settings),
        "select size_bytes, delivered_at, path_day, readable, source_bucket, record_count "
        f"from lacuna_evidence.log_objects where delivered_on = date '{DAY}'",
    )
    assert row == {
        "size_bytes": "3000000000",
        "delivered_at": "2026-11-21 09:30:15.000",
        "path_day": "2026-11-21",
        "readable": "true",
        "source_bucket": None,
        "record_count": None,
    }


def test_columns_that_are_null_throughout_keep_their_type(settings):
    mine = lake.open_lake(settings)
    mine.write(evidence.LOG_OBJECTS, [OBJECT], {"delivered_on": DAY})
    (row,) = mine.read(evidence.LOG_OBJECTS, {"delivered_on": DAY})
    assert row["record_count"] is None
    (counted,) = athena.rows(
        lake.open_lake(settings),
        "select sum(record_count) + 1 as n from lacuna_evidence.log_objects",
    )
    assert counted == {"n": None}


def test_check_results_replace_those_of_their_own_delivery_day_only(settings):
    other = date(2026, 11, 20)
    checked_on = date(2026, 11, 22)
    mine = lake.open_lake(settings)
    for day, results in ((DAY, [RESULT, RESULT]), (other, [RESULT]), (DAY, [RESULT])):
        partition = {"checked_on": checked_on, "delivery_day": day}
        mine.write(evidence.CHECK_RESULTS, results, partition)
    found = athena.rows(
        lake.open_lake(settings),
        "select delivery_day, message, cardinality(offending) as n "
        "from lacuna_evidence.check_results order by delivery_day",
    )
    assert found == [
        {"delivery_day": "2026-11-20", "message": "ü \x1b", "n": "2"},
        {"delivery_day": "2026-11-21", "message": "ü \x1b", "n": "2"},
    ]


def test_a_partition_without_rows_goes(settings):
    mine = lake.open_lake(settings)
    mine.write(evidence.LOG_OBJECTS, [OBJECT], {"delivered_on": DAY})
    mine.write(evidence.LOG_OBJECTS, [], {"delivered_on": DAY})
    mine.write(evidence.LOG_OBJECTS, [], {"delivered_on": DAY})
    assert mine.days(evidence.LOG_OBJECTS) == []
    assert (
        athena.rows(lake.open_lake(settings), "select kind from lacuna_evidence.log_objects") == []
    )


def test_many_raw_partitions_are_replaced_by_others(settings):
    mine = lake.open_lake(settings)

    def partitions(names):
        return [
            raw.cloudtrail_partition(
                DAY,
                trail_arn="arn:aws:cloudtrail:us-east-1:1:trail/main",
                account_id="1",
                region=name,
                log_bucket="b",
                prefix=f"{name}/",
            )
            for name in names
        ]

    def registered():
        pages = mine.account.glue().get_paginator("get_partitions")
        return {
            one["Values"][3]
            for page in pages.paginate(DatabaseName="lacuna_raw", TableName="cloudtrail_events")
            for one in page["Partitions"]
        }

    names = [f"r{number}" for number in range(130)]
    mine.register(raw.CLOUDTRAIL_EVENTS, DAY, partitions(names))
    assert registered() == set(names)
    mine.register(raw.CLOUDTRAIL_EVENTS, DAY, partitions(["r1", "other"]))
    assert registered() == {"r1", "other"}
    mine.register(raw.CLOUDTRAIL_EVENTS, date(2026, 11, 22), [])
    assert registered() == {"r1", "other"}


def test_a_partition_that_moved_is_registered_at_its_new_location(settings):
    mine = lake.open_lake(settings)
    where = {"trail_arn": "t", "account_id": "1", "region": "r", "log_bucket": "b", "prefix": "p/"}
    in_place = raw.cloudtrail_partition(DAY, **where)
    copied = raw.cloudtrail_partition(DAY, **where, copies="s3://lake/copies/")
    other = raw.cloudtrail_partition(DAY, **{**where, "log_bucket": "c"})
    assert in_place.values == copied.values != other.values
    for wanted in ([in_place, other], [copied, other], [other]):
        mine.register(raw.CLOUDTRAIL_EVENTS, DAY, wanted)
        found = mine.account.glue().get_partitions(
            DatabaseName="lacuna_raw", TableName="cloudtrail_events"
        )["Partitions"]
        assert sorted(
            raw.RawPartition(tuple(one["Values"]), one["StorageDescriptor"]["Location"])
            for one in found
        ) == sorted(wanted)


OLDER_DAYS = [DAY - timedelta(days=number) for number in range(30)]
OLDER_KEYS = {
    raw.ACCESS_LOGS: {"delivered_on": "date"},
    raw.CLOUDTRAIL_EVENTS: {
        "delivered_on": "date",
        "trail_arn": "string",
        "account_id": "string",
        "region": "string",
    },
}


def older_raw_tables(mine):
    """The raw tables as older versions made them, with partitions of many days."""
    glue_client = mine.account.glue()
    for table in raw.TABLES:
        older = replace(table, partition_columns=OLDER_KEYS[table.name])
        glue_client.delete_table(DatabaseName="lacuna_raw", Name=table.name)
        glue_client.create_table(
            DatabaseName="lacuna_raw",
            TableInput=glue.raw_table_input(older, f"s3://x/{table.name}/"),
        )
        partitions = [
            raw.RawPartition((f"{day}", "t", "1", "r"), f"s3://b/p/{day:%Y/%m/%d}/")
            if table.name == raw.CLOUDTRAIL_EVENTS
            else raw.RawPartition((f"{day}",), f"s3://x/delivered_on={day}/")
            for day in OLDER_DAYS
        ]
        glue._create_partitions(glue_client, older, table.name, partitions)


def raw_partitions(mine, table):
    return {
        (tuple(one["Values"]), one["StorageDescriptor"]["Location"])
        for page in mine.account.glue()
        .get_paginator("get_partitions")
        .paginate(DatabaseName="lacuna_raw", TableName=table)
        for one in page["Partitions"]
    }


CALLS = ("create_table", "batch_create_partition", "batch_delete_partition", "delete_table")


@pytest.mark.parametrize("killed_at", [None, *range(1, 20)])
def test_raw_tables_of_an_older_lake_keep_every_partition_wherever_a_run_is_killed(
    settings, monkeypatch, killed_at
):
    mine = lake.open_lake(settings)
    older_raw_tables(mine)
    calls = iter(range(1, 1000))

    def dying(client, name):
        real = getattr(client, name)

        def call(**arguments):
            if next(calls) == killed_at:
                raise KeyboardInterrupt
            return real(**arguments)

        return call

    client = mine.account.glue()
    with monkeypatch.context() as patch:
        for name in CALLS:
            patch.setattr(client, name, dying(client, name))
        with contextlib.suppress(KeyboardInterrupt):
            for table in raw.TABLES:
                glue.ensure_raw_table(client, table, f"s3://lake/raw/{table.name}/")
    mine.prepare()
    assert raw_partitions(mine, raw.ACCESS_LOGS) == {
        ((f"{day}", "0"), f"s3://x/delivered_on={day}/") for day in OLDER_DAYS
    }
    assert raw_partitions(mine, raw.CLOUDTRAIL_EVENTS) == {
        ((f"{day}", "t", "1", "r", "s3://b/p/"), f"s3://b/p/{day:%Y/%m/%d}/") for day in OLDER_DAYS
    }
    names = {one["Name"] for one in client.get_tables(DatabaseName="lacuna_raw")["TableList"]}
    assert names == {table.name for table in raw.TABLES}
    for table in raw.TABLES:
        keys = client.get_table(DatabaseName="lacuna_raw", Name=table.name)["Table"][
            "PartitionKeys"
        ]
        assert {key["Name"]: key["Type"] for key in keys} == table.partition_columns


def refused(**chosen) -> UnusableSetting:
    """What preparing the lake with these settings ends with: an error for which no retry helps."""
    with pytest.raises(UnusableSetting) as raised:
        lake.open_lake(Settings(**chosen)).prepare()
    assert RETRIES.evaluate(raised.value, try_number=1, max_tries=2).action is RetryAction.FAIL
    return raised.value


def test_a_lake_of_another_region_is_refused(cloud):
    cloud.bucket("my-lake", "eu-west-1")
    (problem,) = refused(lake_bucket="my-lake").problems
    assert problem.startswith("LACUNA_LAKE_BUCKET is 'my-lake': the bucket is in eu-west-1")


def test_a_lake_that_may_not_be_used_is_named_with_the_permission(cloud):
    cloud.faults({"operation": "HeadBucket", "error": "AccessDenied", "status": 403})
    (problem,) = refused().problems
    assert problem.startswith("LACUNA_LAKE_BUCKET is 'lacuna-lake-123456789012-us-east-1': ")
    assert "s3:ListBucket" in problem


def test_a_lake_whose_bucket_cannot_be_asked_for_is_not_prepared(cloud, soon_tired, monkeypatch):
    """S3 may fail after the check of the lake has passed."""
    monkeypatch.setattr(lake.Lake, "check", lambda self: None)
    cloud.faults({"operation": "HeadBucket", "error": "InternalError", "status": 500})
    with pytest.raises(ClientError, match="HeadBucket"):
        lake.open_lake(Settings.from_env()).prepare()
    assert cloud.client("glue").get_databases()["DatabaseList"] == []


def test_a_workgroup_that_is_missing_or_disabled_is_refused_before_anything_is_written(cloud):
    (problem,) = refused(workgroup="nosuch").problems
    assert problem.startswith("LACUNA_WORKGROUP is 'nosuch': account 123456789012 has no such")
    athena_client = cloud.client("athena")
    athena_client.create_work_group(Name="closed")
    athena_client.update_work_group(WorkGroup="closed", State="DISABLED")
    (problem,) = refused(workgroup="closed").problems
    assert problem.startswith("LACUNA_WORKGROUP is 'closed': this Athena workgroup is disabled")
    assert cloud.client("s3").list_buckets()["Buckets"] == []
    assert cloud.client("glue").get_databases()["DatabaseList"] == []


def test_an_unusable_workgroup_and_an_unusable_lake_are_reported_together(cloud):
    cloud.bucket("my-lake", "eu-west-1")
    of_bucket, of_workgroup = refused(lake_bucket="my-lake", workgroup="nosuch").problems
    assert of_bucket.startswith("LACUNA_LAKE_BUCKET is ")
    assert of_workgroup.startswith("LACUNA_WORKGROUP is ")


def test_an_unreadable_workgroup_is_reported_with_the_missing_permission(cloud):
    cloud.faults({"operation": "GetWorkGroup", "error": "AccessDeniedException", "status": 400})
    with pytest.raises(AccountError, match="athena:GetWorkGroup"):
        lake.open_lake(Settings.from_env()).prepare()


def test_a_query_distinguishes_a_missing_workgroup_from_a_wrong_query(settings):
    gone = Settings(workgroup="gone")
    with pytest.raises(UnusableSetting, match="LACUNA_WORKGROUP is 'gone'"):
        athena.rows(lake.open_lake(gone), "select 1")


def test_a_lake_can_be_made_in_any_region(cloud, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    lake.open_lake(Settings.from_env()).prepare()
    buckets = cloud.client("s3").list_buckets()["Buckets"]
    assert [one["Name"] for one in buckets] == ["lacuna-lake-123456789012-eu-west-1"]


def test_a_failed_query_has_the_words_of_athena(settings):
    with pytest.raises(athena.QueryFailed, match="no_such_table"):
        athena.rows(lake.open_lake(settings), "select * from lacuna.no_such_table")


def test_a_table_is_there_or_not(settings):
    assert lake.open_lake(settings).table_exists("lacuna_raw", "s3_access_logs")
    assert not lake.open_lake(settings).table_exists("lacuna", "fct_delivery_hours")
    assert not lake.open_lake(settings).table_exists("no_such_database", "x")


def test_dbt_gets_the_place_to_write_to(settings):
    told = lake.open_lake(settings).dbt_environment()
    assert told["LACUNA_DBT_DATA_DIR"] == "s3://lacuna-lake-123456789012-us-east-1"
    assert told["LACUNA_WORKGROUP"] == "primary"


def test_a_result_without_a_header_loses_no_row(settings):
    tables = athena.rows(lake.open_lake(settings), "show tables in lacuna_evidence")
    assert len(tables) == len(evidence.TABLES)
    assert athena.rows(lake.open_lake(settings), "select 'a' as a") == [{"a": "a"}]


def test_a_query_before_the_first_run_says_that_there_is_no_lake(cloud):
    with pytest.raises(athena.QueryFailed, match=r"there is no lake in .*run a day first"):
        athena.rows(lake.open_lake(Settings.from_env()), "select 1")


def test_the_region_of_the_profile_is_used(cloud, monkeypatch, tmp_path):
    config = tmp_path / "config"
    config.write_text("[profile acme]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "acme")
    mine = lake.open_lake(Settings.from_env())
    assert mine.bucket == "lacuna-lake-123456789012-eu-west-1"
    mine.prepare()
    assert mine.account.s3().get_bucket_location(Bucket=mine.bucket)["LocationConstraint"] == (
        "eu-west-1"
    )
    assert session.find_region(Settings.from_env()) == ("eu-west-1", "AWS profile acme")


class Metadata(BaseHTTPRequestHandler):
    """An EC2 instance's metadata service."""

    def do_PUT(self):
        self.answer(b"token")

    def do_GET(self):
        self.answer(b"eu-west-1a")

    def answer(self, body):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def no_region(cloud, monkeypatch, tmp_path):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with HTTPServer(("127.0.0.1", 0), Metadata) as server:
        place = f"http://127.0.0.1:{server.server_port}/"
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", place)
        yield server


def test_the_region_of_the_instance_is_used(no_region):
    threading.Thread(target=no_region.serve_forever, daemon=True).start()
    try:
        assert session.usable_region(Settings.from_env()) == ("eu-west-1", "instance")
    finally:
        no_region.shutdown()


def test_no_region_is_an_error_that_says_what_to_set(no_region):
    no_region.server_close()
    (problem,) = refused().problems
    assert problem.startswith("no AWS Region: set AWS_REGION")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("eu-wset-1", "eu-west-1"), ("us-esat-1", "us-east-1"), ("us-east-9", "us-east-")],
)
def test_a_region_that_does_not_exist_is_refused_in_one_line(cloud, name, meant):
    (problem,) = refused(region=name).problems
    assert problem.startswith(f"AWS_REGION is '{name}' (environment)")
    assert f"did you mean {meant}" in problem
    assert cloud.client("s3").list_buckets()["Buckets"] == []


def test_a_lake_in_another_region_is_named_before_a_second_one_is_made(cloud, settings):
    (problem,) = refused(region="eu-west-1").problems
    assert problem.startswith("AWS_REGION is 'eu-west-1', and the lake of account 123456789012 ")
    assert "us-east-1" in problem
    second = "lacuna-lake-123456789012-eu-west-1"
    assert f"LACUNA_LAKE_BUCKET={second}" in problem
    lake.open_lake(Settings(region="eu-west-1", lake_bucket=second)).prepare()
    assert len(cloud.client("s3").list_buckets()["Buckets"]) == 2
    lake.open_lake(settings).check()


def test_a_lake_in_the_accounts_own_namespace_is_made_there(cloud):
    name = "lake-123456789012-us-east-1-an"
    (problem,) = refused(lake_bucket="lake-an").problems
    assert "must end with -123456789012-us-east-1-an" in problem
    assert refused(lake_bucket="lake-123456789012-eu-west-1-an").problems
    lake.open_lake(Settings(lake_bucket=name)).prepare()
    assert cloud.client("s3").head_bucket(Bucket=name)


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({"ManagedQueryResultsConfiguration": {"Enabled": True}}, "managed query results"),
        (
            {
                "EnforceWorkGroupConfiguration": True,
                "ResultConfiguration": {"OutputLocation": "s3://theirs/results/"},
            },
            "enforces its own result location (s3://theirs/results/)",
        ),
    ],
)
def test_a_workgroup_that_decides_where_tables_lie_is_refused(cloud, configuration, words):
    cloud.client("athena").create_work_group(Name="strict", Configuration=configuration)
    (problem,) = refused(workgroup="strict").problems
    assert problem.startswith("LACUNA_WORKGROUP is 'strict': this Athena workgroup ")
    assert words in problem


@pytest.mark.parametrize(
    "configuration",
    [
        {"EnforceWorkGroupConfiguration": True},
        {
            "EnforceWorkGroupConfiguration": False,
            "ResultConfiguration": {"OutputLocation": "s3://theirs/results/"},
        },
        {"ManagedQueryResultsConfiguration": {"Enabled": False}},
    ],
)
def test_a_workgroup_that_leaves_the_place_to_its_client_is_used(cloud, configuration):
    cloud.client("athena").create_work_group(Name="open", Configuration=configuration)
    lake.open_lake(Settings(workgroup="open")).check()


def test_every_library_names_the_lakes_owner(settings, monkeypatch):
    """Somebody else may have made the bucket: then every call to it must fail, also dbt's."""
    mine = lake.open_lake(settings)
    monkeypatch.setitem(session._owners, mine.bucket, "999999999999")
    s3 = boto3.client("s3")
    for refused_call in (
        lambda: s3.put_object(Bucket=mine.bucket, Key="k", Body=b""),
        lambda: s3.list_objects_v2(Bucket=mine.bucket),
        lambda: mine.write(evidence.LOG_OBJECTS, [OBJECT], {"delivered_on": DAY}),
        lambda: mine.show_manifests(DAY, []),
        lambda: athena.rows(mine, "select 1"),
    ):
        with pytest.raises((ClientError, athena.QueryFailed), match=r"Access ?Denied|403|denied"):
            refused_call()
    monkeypatch.setitem(session._owners, mine.bucket, "123456789012")
    mine.write(evidence.LOG_OBJECTS, [OBJECT], {"delivered_on": DAY})
    assert athena.rows(mine, "select count(*) as n from lacuna_evidence.log_objects") == [
        {"n": "1"}
    ]


def test_a_query_that_s3_slowed_down_is_tried_again(cloud, settings, monkeypatch):
    mine = lake.open_lake(settings)

    def write():
        # the sandbox reads an object of known content only once
        mine.write(evidence.LOG_OBJECTS, [replace(OBJECT, etag=uuid4().hex)], {"delivered_on": DAY})

    write()
    slow = {"operation": "GetObject", "resource": f"{mine.bucket}/evidence/*", "error": "SlowDown"}
    query = "select kind from lacuna_evidence.log_objects"
    monkeypatch.setattr(athena, "RETRY_WAITS", (0.0, 0.0))
    cloud.faults({**slow, "status": 503, "times": 2})
    assert athena.rows(mine, query) == [{"kind": "access_log"}]
    write()
    cloud.faults({**slow, "status": 503})
    with pytest.raises(athena.QueryFailed, match="SlowDown"):
        athena.rows(mine, query)
    assert cloud.fired() == [3]
    write()
    cloud.faults({**slow, "error": "AccessDenied", "status": 403})
    with pytest.raises(athena.QueryFailed, match="AccessDenied"):
        athena.rows(mine, query)
    assert cloud.fired() == [1]
