"""### Did the logs arrive?

List what was delivered on one UTC day, at a cost that does not grow with history: access logs in
every target that the snapshots name, and the CloudTrail files and digests of every trail. Write
each object once to `lacuna_evidence.log_objects`, count the LIST calls in
`lacuna_evidence.listings`, and register the day in the raw tables.

`plan_shards` cuts that into parts: one for a small account, at most 200. Each task `read_shard`
reads one, on any worker, and `commit_catalog` makes what they read the catalog of the day.

A day that was read and of which logs are gone since keeps its catalog and its rows. `accept_loss`
replaces them by what is there now.

**When it fails:** the evidence could not be written, or AWS failed temporarily. A log bucket that
refuses to be listed does not fail the run. Its row in `lacuna_evidence.listings` has the
`error_code`, and the hours of its buckets stay `pending` or `unknown`.
"""

from __future__ import annotations

from airflow.sdk import PartitionedAssetTimetable, dag, task

from lacuna import day
from lacuna.steps import daily


@dag(
    schedule=PartitionedAssetTimetable(assets=daily.logging_snapshots),
    tags=["evidence"],
    doc_md=__doc__,
    **daily.DAILY,
)
def catalog_log_objects():
    @task
    def plan_shards(params: dict, partition_key: str | None = None) -> list[str]:
        from lacuna.settings import Settings
        from lacuna.steps import catalog

        return catalog.plan_shards(Settings.from_env(), day.run_day(partition_key, params))

    @task(max_active_tis_per_dagrun=daily.SHARDS_AT_ONCE)
    def read_shard(shard: str) -> None:
        from lacuna.settings import Settings
        from lacuna.steps import catalog

        catalog.read_shard(Settings.from_env(), shard)

    @task(outlets=[daily.log_objects])
    def commit_catalog(shards: list[str], params: dict, partition_key: str | None = None) -> str:
        from lacuna.settings import Settings
        from lacuna.steps import catalog

        on, loss = day.run_day(partition_key, params), params["accept_loss"]
        return str(catalog.commit_catalog(Settings.from_env(), on, shards, accept_loss=loss))

    shards = plan_shards()
    read_shard.expand(shard=shards) >> commit_catalog(shards)


catalog_log_objects()
