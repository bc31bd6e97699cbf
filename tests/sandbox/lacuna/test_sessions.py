"""Each task of a DAG makes one session: it asks STS once which account it works in."""

import pytest

from lacuna.steps import build, catalog, check, event_days, remediate, snapshot
from tests.sandbox.lacuna.conftest import DAY, OBSERVED_AT


@pytest.mark.long
def test_every_task_asks_sts_once(cloud, settings, tmp_path):
    source, log_bucket = cloud.bucket("photos"), cloud.log_bucket("logs")
    cloud.log_to(cloud.bucket("videos"), log_bucket, "videos/")
    plan = tmp_path / "plan.json"
    planned: list[str] = []
    tasks = {
        "prepare_lake": lambda: snapshot.prepare_lake(settings),
        "observe_buckets": lambda: snapshot.observe(settings, OBSERVED_AT),
        "plan_shards": lambda: planned.extend(catalog.plan_shards(settings, DAY)),
        "read_shard": lambda: catalog.read_shard(settings, planned[0]),
        "commit_catalog": lambda: catalog.commit_catalog(settings, DAY, planned),
        "parse_delivery_day": lambda: build.parse_delivery_day(settings, DAY),
        "find_event_days": lambda: event_days.days_to_build(settings, DAY),
        "build_event_days": lambda: build.build_event_days(settings, DAY, [str(DAY)]),
        "check_marts": lambda: check.check_delivery_day(settings, DAY),
        "plan": lambda: remediate.write_plan(settings, plan, OBSERVED_AT),
        "apply": lambda: remediate.apply_plan(settings, plan),
    }
    calls = {}
    for name, run_task in tasks.items():
        before = cloud.calls("GetCallerIdentity")
        run_task()
        calls[name] = cloud.calls("GetCallerIdentity") - before
    # dbt-athena has sessions of its own and asks once for the account of its data catalog
    by_dbt = dict.fromkeys(("parse_delivery_day", "build_event_days"), 2)
    assert calls == dict.fromkeys(tasks, 1) | by_dbt
    assert cloud.client("s3").get_bucket_logging(Bucket=source)["LoggingEnabled"]
