"""### Did the logs arrive?

List what was delivered on one UTC day, at a cost that does not grow with history: access logs in
every target that the snapshots name, and the CloudTrail files and digests of every trail. Write
each object once to `lacuna_evidence.log_objects`, count the LIST calls in
`lacuna_evidence.listings`, and register the day in the raw tables.

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
    @task(outlets=[daily.log_objects])
    def catalog_day(params: dict, partition_key: str | None = None) -> str:
        from lacuna.settings import Settings
        from lacuna.steps import catalog

        on = day.run_day(partition_key, params)
        settings = Settings.from_env()
        return str(catalog.catalog_day(settings, on, accept_loss=params["accept_loss"]))

    catalog_day()


catalog_log_objects()
