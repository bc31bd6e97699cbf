"""What the four daily DAGs share: the assets that connect them, and how a daily run retries."""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Asset, ExceptionRetryPolicy, Param, RetryAction, RetryRule

logging_snapshots = Asset("logging_snapshots")
log_objects = Asset("log_objects")
access_marts = Asset("access_marts")
check_results = Asset("check_results")

# A retry helps against throttling and outages, but not against a wrong setting or a wrong day
RETRIES = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception="lacuna.settings.SettingsError",
            action=RetryAction.FAIL,
            reason="a setting is wrong",
        ),
        RetryRule(
            exception="lacuna.day.DayError",
            action=RetryAction.FAIL,
            reason="the run names no day that is over",
        ),
    ]
)

DAILY: dict[str, Any] = {
    "start_date": datetime(2006, 3, 14, tzinfo=UTC),  # S3 opened: no log can be older
    "catchup": False,
    # two days at the same time would write the same event days
    "max_active_runs": 1,
    "default_args": {
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "retry_policy": RETRIES,
    },
    "params": {
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            description="The delivery day (UTC), for a run that has no partition key.",
        )
    },
}
