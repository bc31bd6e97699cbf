"""### May the day be relied on?

Check what was built of the delivery day, and of every event day that it touched, with the Great
Expectations suites (`expectations/`, one module for each mart). Write each result to
`lacuna_evidence.check_results` in words for the person on call. A day that fails its checks is a
finding, not a failed run. Then show it to readers, and delete versions that are older than
`LACUNA_VERSIONS_DAYS`.

**When it fails:** a check could not be carried out: its result says `errored`, which is different
from bad data. Or a day is withheld, because its marts are not right: readers keep the version before.
"""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
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

    @task(outlets=[daily.published_marts], trigger_rule="all_done")
    def publish_day(params: dict, partition_key: str | None = None) -> int:
        from lacuna.settings import Settings
        from lacuna.steps import publish_day

        return publish_day.publish_day(Settings.from_env(), day.run_day(partition_key, params))

    @task(trigger_rule="all_done")
    def sweep_versions() -> int:
        from lacuna.settings import Settings
        from lacuna.steps import publish_day

        return publish_day.sweep(Settings.from_env())

    # Airflow judges a run by its last tasks, and the sweep runs whatever the others say
    checked, published = check_marts(), publish_day()
    checked >> published >> sweep_versions()
    [checked, published] >> EmptyOperator(task_id="is_shown")


check_log_delivery()
