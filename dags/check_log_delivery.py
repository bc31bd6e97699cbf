"""### May the day be relied on?

Check what was built of the day and of every event day that it touched, show it to readers, count
what the run cost, and delete old versions. A day with findings is not a failed run.

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

    @task(trigger_rule="all_done")
    def count_costs(params: dict, partition_key: str | None = None) -> int:
        from lacuna.settings import Settings
        from lacuna.steps import costs

        return costs.count_costs(Settings.from_env(), day.run_day(partition_key, params))

    # Airflow judges a run by its last tasks, and these two run whatever the others say
    checked, published = check_marts(), publish_day()
    checked >> published >> [count_costs(), sweep_versions()]
    [checked, published] >> EmptyOperator(task_id="is_shown")


check_log_delivery()
