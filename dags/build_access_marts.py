"""### What do the logs say?

Two dbt steps. The first parses everything that was delivered on the day, once
(`lacuna_staging.int_*`, `lacuna.fct_log_objects`, `lacuna.quarantined_lines`). The second rebuilds
the event days that the delivery touched, and those that still have a pending hour, from everything
that was ever delivered for them. So late records reopen their day, and a rerun leaves one copy.
dbt runs inside these tasks: Airflow shows no task for each model, the task's log has a line for it.

**When it fails:** the message names the model or test and has Athena's own words, and so has the
check result `day_withheld`. What readers see is untouched. Run the same day again.
"""

from __future__ import annotations

from airflow.sdk import PartitionedAssetTimetable, dag, task

from lacuna import day
from lacuna.steps import daily


@dag(
    schedule=PartitionedAssetTimetable(assets=daily.log_objects),
    tags=["marts"],
    doc_md=__doc__,
    **daily.DAILY,
)
def build_access_marts():
    @task
    def parse_delivery_day(params: dict, partition_key: str | None = None) -> None:
        from lacuna.settings import Settings
        from lacuna.steps import build

        build.parse_delivery_day(Settings.from_env(), day.run_day(partition_key, params))

    @task
    def find_event_days(params: dict, partition_key: str | None = None) -> list[str]:
        from lacuna.settings import Settings
        from lacuna.steps import event_days

        on = day.run_day(partition_key, params)
        return [str(event_day) for event_day in event_days.days_to_build(Settings.from_env(), on)]

    @task(outlets=[daily.access_marts])
    def build_event_days(
        event_days: list[str], params: dict, partition_key: str | None = None
    ) -> None:
        from lacuna.settings import Settings
        from lacuna.steps import build

        build.build_event_days(Settings.from_env(), day.run_day(partition_key, params), event_days)

    event_days = find_event_days()
    parse_delivery_day() >> event_days
    build_event_days(event_days)


build_access_marts()
