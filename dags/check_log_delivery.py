"""### May the day be relied on?

Check the marts of the delivery day, and of every event day that it touched, with their Great
Expectations suites (`expectations/`, one module for each mart). Write each result to
`lacuna_evidence.check_results` in words for the person on call. A day that fails its checks is a
finding, not a failed run.

**When it fails:** a check could not be carried out. Its result says `errored`, which is different
from bad data.
"""

from __future__ import annotations

from airflow.sdk import PartitionedAssetTimetable, dag, task

from lacuna import day
from lacuna.steps import daily


@dag(
    schedule=PartitionedAssetTimetable(assets=daily.access_marts),
    tags=["checks"],
    doc_md=__doc__,
    **daily.DAILY,
)
def check_log_delivery():
    @task(outlets=[daily.check_results])
    def check_marts(params: dict, partition_key: str | None = None) -> list[str]:
        from lacuna.settings import Settings
        from lacuna.steps import check  # Great Expectations takes seconds to import

        return check.check_delivery_day(Settings.from_env(), day.run_day(partition_key, params))

    check_marts()


check_log_delivery()
