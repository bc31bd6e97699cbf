"""What a day's build reads, and which event days it takes up again."""

import csv
import gzip
import json
import logging
import re
from contextlib import suppress
from datetime import date, timedelta

import pytest
import yaml
from botocore.exceptions import ClientError

from lacuna.cli import advice
from lacuna.lake.lake import open_lake
from lacuna.steps import build, day_states, event_days
from lacuna.tables import raw
from lacuna.tables.evidence import RecorderFault
from lacuna.trail.digests import STAMP_MARGIN
from tests.sandbox.dbt_project.conftest import LOG_BUCKET, PROJECT, Lake, failures, line

pytestmark = pytest.mark.usefixtures("small_builds")

DAY = date(2026, 5, 20)
NEXT, LAST = DAY + timedelta(days=1), DAY + timedelta(days=2)
LONG_AGO = DAY - timedelta(days=5)


def build_day(lake: Lake, day: date) -> list[date]:
    """The day as the DAG builds it; the event days that it found to build."""
    lake.catalog(day)
    lake.observe(day + timedelta(days=1), [{"bucket_name": "photos"}])
    settings = lake.settings()
    mine = open_lake(settings)
    day_states.finish(mine, day_states.all_unfinished(mine))  # as if all had been checked
    build.parse_delivery_day(settings, day)
    days = event_days.days_to_build(settings, day)
    build.build_event_days(settings, day, [str(one) for one in days])
    lake.publish(day, days)
    return days


@pytest.mark.long
def test_a_day_takes_up_the_days_that_it_can_change_and_no_other(lake: Lake) -> None:
    """Three days are built one after another, some five seconds each."""
    lake.deliver(DAY, {"marts/a": line(DAY, 2, "M1").encode()})
    assert build_day(lake, DAY) == [DAY]

    # the day before has a last hour that is still pending; a line that is not trusted has its day too
    cut = line(LONG_AGO, 12, "QQQQQQQQQQQQQQQ7")[:120] + "\n"
    lake.deliver(NEXT, {"marts/b": (line(NEXT, 3, "M2") + cut).encode()})
    assert build_day(lake, NEXT) == [LONG_AGO, DAY, NEXT]

    # half an hour past midnight: its event may be counted on the day before, which is built;
    # and nobody has looked at the days after the old one, which stays pending
    lake.deliver(LAST, {"marts/c": line(NEXT, 0, "M3").encode()})
    assert build_day(lake, LAST) == [LONG_AGO, DAY, NEXT, LAST]

    # a trail that was changed on the day after: the look that judges the day before came after it, perhaps
    after = LAST + timedelta(days=1)
    change(lake, after, "AccessDenied")
    assert affected(lake, after) == {LAST, after}
    change(lake, after)
    assert affected(lake, after) == {LAST, after}


def affected(lake: Lake, day: date) -> set[date]:
    return event_days.affected_days(open_lake(lake.settings()), lake.settings(), day)


def change(lake: Lake, day: date, error_code: str = "") -> None:
    """A call about a trail, at noon, as parsed from what was delivered on the day."""
    lake.rows(
        "insert into lacuna_staging.int_configuration_changes "
        "(about, effect, error_code, changed_at, delivered_on, event_date) "
        f"select 'trail', 'changed', nullif('{error_code}', ''), timestamp '{day} 12:00:00', "
        f"date '{day}', date '{day}'"
    )


@pytest.mark.long
def test_a_day_that_was_never_built_is_not_taken_up_for_a_record_near_its_border(
    lake: Lake,
) -> None:
    """A day is built, which takes some five seconds. Days that are taken up are proved above."""
    day = date(2026, 5, 2)
    lake.deliver(day, {"marts/d": line(day, 0, "M4").encode()})
    assert build_day(lake, day) == [day]


def test_only_the_copies_of_a_folder_with_an_unreadable_file_are_read(lake: Lake) -> None:
    """One cut file would fail the whole query. Parses a day, which takes some five seconds."""
    day, region = date(2026, 5, 10), "eu-west-1"
    folder = f"AWSLogs/123456789012/CloudTrail/{region}/"
    of_trail = {"kind": "cloudtrail", "region": region, "trail_arn": TRAIL, "key_layout": None}
    for name, body, problem in (
        ("good", trail_file(day, "read"), None),
        ("cut", trail_file(day, "cut")[:-9], "truncated gzip"),
        ("shut", trail_file(day, "shut"), "AccessDenied"),
    ):
        key = f"{folder}{day:%Y/%m/%d}/{name}.json.gz"
        lake.deliver(day, {key: body}, **of_trail, readable=problem is None, problem=problem)
    lake.catalog(day)
    mine = open_lake(lake.settings())
    copies = raw.copies_prefix(day, f"s3://{LOG_BUCKET}/{folder}")
    mine.put(f"{copies}good.json.gz", trail_file(day, "read"))
    partition = raw.cloudtrail_partition(
        day,
        trail_arn=TRAIL,
        account_id="123456789012",
        region=region,
        log_bucket=LOG_BUCKET,
        prefix=folder,
        copies=f"s3://{mine.bucket}/{copies}",
    )
    mine.register(raw.CLOUDTRAIL_EVENTS, day, [partition])
    build.parse_delivery_day(lake.settings(), day)
    rows = lake.rows(
        "select event_id, log_object from lacuna_staging.int_data_events "
        f"where delivered_on = date '{day}'"
    )
    original = f"s3://{LOG_BUCKET}/{folder}{day:%Y/%m/%d}/good.json.gz"
    assert rows == [{"event_id": "read", "log_object": original}]


TRAIL = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/main"


def trail_file(day: date, event_id: str) -> bytes:
    """A CloudTrail file with one read of an object."""
    event = {
        "eventTime": f"{day}T09:00:00Z",
        "eventID": event_id,
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "eventCategory": "Data",
        "readOnly": True,
        "requestParameters": {"bucketName": "photos", "key": "k"},
    }
    return gzip.compress(json.dumps({"Records": [event]}).encode())


def test_a_model_is_said_to_be_built_only_if_it_was(
    lake: Lake, caplog: pytest.LogCaptureFixture
) -> None:
    variables = {"delivery_day": str(DAY), "event_days": [str(DAY)]}
    view = {"DatabaseName": "lacuna_staging", "Name": "stg_s3__access_logs"}
    with suppress(ClientError):  # alone, this test finds an empty database
        lake.client("glue").delete_table(**view)
    with caplog.at_level(logging.INFO, "lacuna.steps.build"):
        with pytest.raises(
            build.BuildFailed, match="the model int_access_log_records was not built: "
        ):
            build.run_dbt(
                open_lake(lake.settings()), ["run", "--select", "int_access_log_records"], variables
            )
        build.run_dbt(open_lake(lake.settings()), ["run", "--select", view["Name"]], variables)
    bad, stopped, good, done = [
        record.getMessage() for record in caplog.records if record.name == "lacuna.steps.build"
    ]
    assert bad.startswith("failed lacuna_staging.int_access_log_records after ")
    assert good.startswith("built lacuna_staging.stg_s3__access_logs in ")
    assert (stopped, done) == ("built 0 of 1 models: stopped", "built 1 of 1 models: done")


ADVISED = date(2026, 5, 24)
WORDS = re.compile(r"[{]([a-z_]+)[}]")


def seed(name: str) -> list[dict[str, str]]:
    with (PROJECT / f"seeds/{name}.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def recommended(lake: Lake) -> dict[str, str]:
    """The recommendations by bucket, chr(30) between them, from one build for all tests of advice.

    Of every reason at once, also where next to nothing of the bucket is known; and of some that differ in their worth.
    """
    lake.catalog(ADVISED)
    reasons = tuple(row["code"] for row in seed("reasons"))
    known = {"target_prefix": "web/", "coverage_reasons": reasons, "weaknesses": reasons}
    trails = [f"arn:aws:cloudtrail:eu-west-1:1:trail/{name}" for name in "ab"]
    known["coverage_faults"] = (
        *(RecorderFault("trail_not_logging", arn) for arn in trails),
        RecorderFault("trail_bucket_missing", "$(reboot)"),
    )
    nothing = dict.fromkeys(("region", "target_bucket", "target_prefix", "key_layout"))
    lossy = {
        "is_sensitive": True,
        "target_state": "broken",
        "reasons": ("target_requester_pays", "target_missing"),
        "coverage_reasons": ("trail_started_later", "reads_not_selected", "trail_not_logging"),
    }
    lake.observe(
        ADVISED + timedelta(days=1),
        [
            {"bucket_name": "photos", "is_sensitive": True, "reasons": reasons, **known},
            {"bucket_name": "videos", **known, "target_prefix": "'; reboot; {bucket} '"},
            {"bucket_name": "blank", "reasons": reasons, **nothing},
            {
                "bucket_name": "unread",
                "is_sensitive": None,
                "sensitivity_error_code": "AccessDenied",
            },
            {"bucket_name": "lossy", **lossy},
            # as an older version observed it
            {
                "bucket_name": "older",
                "is_sensitive": True,
                "coverage_reasons": ("trail_not_logging",),
                "coverage_at_fault": (f"trail_not_logging {trails[0]}",),
                "coverage_faults": None,
            },
        ],
    )
    command = ["run", "--select", "+fct_logging_coverage"]
    result = lake.dbt(*command, delivery_day=str(ADVISED), event_days=[str(ADVISED)])
    assert result.success, failures(result)
    lake.publish(ADVISED, [ADVISED])
    rows = lake.rows(
        "select bucket_name, array_join(recommendations, chr(30)) as recommended "
        f"from lacuna.fct_logging_coverage where event_date = date '{ADVISED}'"
    )
    return {row["bucket_name"]: row["recommended"] for row in rows}


def test_what_helps_most_is_recommended_first(recommended: dict[str, str]) -> None:
    """The first of the tests of advice waits for their build, some five seconds."""
    lines = recommended["lossy"].split("\x1e")
    assert [line.split("\n")[0].split(":")[0] for line in lines] == [
        "Create the log bucket again or point the bucket's logging at one that exists",
        "Turn off Requester Pays on the log bucket",
        "Start the trail's logging if everything that it selects is to be recorded, or let another "
        "trail record this bucket.",
        "Add the bucket's reads to a trail's data-event selectors.",
        "No action",
    ]


def test_no_recommendation_holds_a_word_that_was_not_filled(
    lake: Lake, recommended: dict[str, str]
) -> None:
    told = {bucket: text.replace("\x1e", "\n") for bucket, text in recommended.items()}
    for name in ("photos", "videos", "blank"):
        assert len(told[name].split("\n")) > len(seed("reasons"))
        assert WORDS.findall(told[name]) == []
    assert told["unread"].startswith("Let Lacuna's role read what makes the bucket sensitive")
    assert '"Resource":"arn:aws:s3:::access-log-bucket/web/*"' in told["photos"]
    assert '"StartsWith":["arn:aws:s3:::photos/"]' in told["photos"]
    assert "Optional, as a witness of its access log: Create a trail" in told["videos"]
    assert "arn:aws:s3:::videos/" not in told["videos"]
    assert "reboot" not in told["photos"] + told["videos"]
    older = "start-logging --region eu-west-1 --name arn:aws:cloudtrail:eu-west-1:1:trail/a"
    assert older in told["older"]
    for name in "ab":
        trail = f"arn:aws:cloudtrail:eu-west-1:1:trail/{name}"
        assert f"start-logging --region eu-west-1 --name {trail}" in told["photos"]
    assert "update-trail --region HOME_REGION --name ARN --s3-bucket" in told["photos"]
    assert "update-trail --region HOME_REGION --name ARN --is-multi" in told["photos"]
    assert "--bucket blank --region REGION" in told["blank"]

    head, *lines = advice.read(open_lake(lake.settings()), ADVISED, "photos")
    assert head == "photos: idle"
    listed = "\n".join(
        line.removeprefix("  - ").removeprefix('make ask SQL="').removesuffix('"') for line in lines
    )
    assert listed.strip("\n") == told["photos"]


def comments(lake: Lake, table: str) -> dict[str, str]:
    """What DESCRIBE says of each column of a mart."""
    rows = (next(iter(row.values())) for row in lake.rows(f"describe lacuna.{table}"))
    parts = [[part.strip() for part in (row or "").split("\t")] for row in rows]
    return {name: comment for name, _, comment in parts}


@pytest.mark.usefixtures("recommended")
def test_describe_explains_the_columns_of_a_mart(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one that is published for the first time, and of one that an older version made. Three builds of a mart."""
    mart, glue = "fct_account_posture", lake.client("glue")
    build_mart = ("run", "--select", mart)
    days = {"delivery_day": str(ADVISED), "event_days": [str(ADVISED)]}
    with suppress(ClientError):  # another test may have published it
        glue.delete_table(DatabaseName="lacuna", Name=mart)
    assert lake.dbt(*build_mart, **days).success
    lake.publish(ADVISED, [ADVISED])
    assert comments(lake, mart)["buckets_delivering"] == (
        "Buckets whose access-log records of the day arrived."
    )
    count = f"select count(*) as rows_of_it from lacuna.{mart}"
    before = lake.rows(count)

    first, more = 'It counts "buckets" of 100 %. ', "More is said of them here. "
    manifest = build.project(tuple(open_lake(lake.settings()).dbt_environment().items()))
    column = manifest.nodes[f"model.lacuna.{mart}"].columns["buckets"]
    monkeypatch.setattr(column, "description", first + more * 20)
    assert lake.dbt(*build_mart, **days).success
    shown = comments(lake, mart)
    assert shown["buckets"] == (first + more * 8).strip()  # one more makes it longer than 255
    assert shown["buckets_delivering"]
    assert lake.rows(count) == before
    # one sentence that is too long is cut after a word
    monkeypatch.setattr(column, "description", "one " * 99 + "end.")
    assert lake.dbt(*build_mart, **days).success
    assert comments(lake, mart)["buckets"] == "one " * 62 + "..."


def test_describe_explains_a_view_too(lake: Lake) -> None:
    view = "fct_check_results"
    assert lake.dbt("run", "--select", f"+{view}").success
    assert comments(lake, view)["is_current"].startswith("No later run has checked the same")
    (row,) = lake.rows(f"select count(*) as results from lacuna.{view}")
    assert int(row["results"]) >= 0  # Athena still takes it for a view


@pytest.mark.usefixtures("recommended")
def test_a_code_that_is_no_row_of_the_seed_fails_the_build(lake: Lake) -> None:
    lake.rows(
        "insert into lacuna.fct_logging_coverage (reasons, weaknesses, event_date) "
        "select array['logging_off'], array['of_a_newer_version'], date '2026-05-25'"
    )
    days = {"delivery_day": "2026-05-25", "event_days": ["2026-05-25"]}
    result = lake.dbt("test", "--select", "codes_of_fct_logging_coverage_are_reasons", **days)
    (found,) = result.result.results
    assert (found.status, found.failures) == ("fail", 1)


@pytest.mark.usefixtures("recommended")
@pytest.mark.parametrize(("tolerance", "broken"), [(0, 1), (0.01, 0)])
def test_a_day_with_a_tolerated_loss_keeps_the_rules_of_its_mart(
    lake: Lake, tolerance: float, broken: int
) -> None:
    day = f"2026-05-{26 + broken}"
    days = {"delivery_day": day, "event_days": [day], "completeness_tolerance": tolerance}
    assert lake.dbt("run", "--select", "fct_delivery_hours", **days).success
    lake.publish(date.fromisoformat(day), [date.fromisoformat(day)])
    lake.rows(
        "insert into lacuna.fct_delivery_hours (hour, status, access_log_requests, data_event_requests, "
        "matched_requests, witnessed_requests, witnessed_and_logged_requests, status_reasons, event_date) "
        f"select timestamp '{day} 01:00:00.000', 'delivered', 99, 100, 99, 100, 99, "
        f"cast(array[] as array(varchar)), date '{day}'"
    )
    result = lake.dbt("test", "--select", "rows_of_fct_delivery_hours_hold", **days)
    (found,) = result.result.results
    assert (found.status, found.failures) == ("fail" if broken else "pass", broken)


def test_every_price_says_where_and_when_it_was_read() -> None:
    prices = seed("prices")
    places = {(row["item"], row["region"]) for row in prices}
    assert len(places) == len(prices)
    for row in prices:
        assert float(row["price"]) > 0
        assert float(row["per"]) > 0
        assert row["currency"] == "USD"
        assert row["source"].startswith("https://")
        assert date.fromisoformat(row["read_on"]) >= date(2026, 11, 27)
    models = (path.read_text() for path in (PROJECT / "models").rglob("*.sql"))
    named = {item for model in models for item in re.findall(r"\bitem = '(\w+)'", model)}
    assert named == {row["item"] for row in prices}


def test_the_models_alone_allow_a_stamp_the_same_minutes_as_the_digests_do() -> None:
    variables = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    assert timedelta(minutes=variables["stamp_margin_minutes"]) == STAMP_MARGIN


@pytest.mark.long
def test_rows_that_break_the_contract_are_told_and_shown_to_nobody(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two models of a day are built, and dbt parses the project if no test has: ten seconds."""
    day = date(2026, 5, 30)
    lake.deliver(day, {"marts/contract": b"nonsense\n"})
    lake.catalog(day)
    manifest = build.project(tuple(open_lake(lake.settings()).dbt_environment().items()))
    column = manifest.nodes["model.lacuna.quarantined_lines"].columns["line_bytes"]
    monkeypatch.setattr(column, "data_type", "varchar")
    command = ("run", "--select", "+quarantined_lines")
    result = lake.dbt(*command, delivery_day=str(day), event_days=[])
    (failure,) = failures(result)
    assert failure.startswith("quarantined_lines: ")
    assert "enforced contract" in failure
    shown = f"select * from lacuna.quarantined_lines where delivered_on = date '{day}'"
    mine = open_lake(lake.settings())
    assert not mine.table_exists("lacuna", "quarantined_lines") or lake.rows(shown) == []
