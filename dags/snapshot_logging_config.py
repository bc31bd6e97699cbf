"""### Is access logged?

Early every day, observe how each bucket of the account is logged: server access logging and its
target, and CloudTrail data events. Write it to `lacuna_evidence.logging_snapshots` under the day of
observation, whatever delivery day the run is about, because the past cannot be observed. A bucket
that cannot be read is `unknown` with the error code, never `off`.

Beside it, observe what protects each bucket (`lacuna_evidence.protection_states`), unless
`LACUNA_PROTECTION_SNAPSHOT` is `off`. No verdict waits for that.

**When it fails:** the account itself could not be read (credentials, `s3:ListAllMyBuckets`). The
message names the call and the missing permission. Running it again is always safe.
"""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import CronPartitionTimetable, dag, task

from lacuna import day
from lacuna.steps import daily


@dag(
    # 01:30 on the day after: the day is over, and most of its access logs have arrived
    schedule=CronPartitionTimetable(
        "30 1 * * *", timezone="UTC", run_offset=-1, key_format=day.KEY_FORMAT
    ),
    tags=["evidence"],
    doc_md=__doc__,
    **daily.DAILY,
)
def snapshot_logging_config():
    @task
    def prepare_lake(params: dict, partition_key: str | None = None) -> None:
        from lacuna.settings import Settings
        from lacuna.steps import snapshot

        day.run_day(partition_key, params)  # a wrong day fails here, before anything is written
        snapshot.prepare_lake(Settings.from_env())

    @task(outlets=[daily.logging_snapshots])
    def observe_buckets() -> int:
        from lacuna.settings import Settings
        from lacuna.steps import snapshot

        return snapshot.observe(Settings.from_env(), datetime.now(UTC))

    @task
    def observe_protection() -> int:
        from lacuna.settings import Settings
        from lacuna.steps import protection

        return protection.observe(Settings.from_env())

    prepare_lake() >> [observe_buckets(), observe_protection()]


snapshot_logging_config()
