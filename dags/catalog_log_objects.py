"""### Did the logs arrive?

List what was delivered on one UTC day, at a cost that does not grow with history: access logs
wherever the newest snapshot says that a bucket delivers them, CloudTrail files and digests of every
trail. Write each object once to `lacuna_evidence.log_objects`, the count of LIST calls beside it,
and register the day in the raw tables.

**When it fails:** the evidence could not be written. A log bucket that cannot be listed does not
fail the run: it is named in `lacuna_evidence.listings.error_code`, and its buckets' hours stay
`pending` or `unknown`.
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
        return str(catalog.catalog_day(Settings.from_env(), on))

    catalog_day()


catalog_log_objects()
