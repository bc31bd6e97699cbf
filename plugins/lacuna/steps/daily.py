"""What the DAGs share: the assets that connect the daily four, retries and time limits."""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Asset, ExceptionRetryPolicy, Param, RetryAction, RetryRule

logging_snapshots = Asset("logging_snapshots")
log_objects = Asset("log_objects")
access_marts = Asset("access_marts")
check_results = Asset("check_results")
published_marts = Asset("published_marts")

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
        RetryRule(
            exception="lacuna.steps.gate.DayWithheld",
            action=RetryAction.FAIL,
            reason="what was built is not right",
        ),
        RetryRule(
            exception="lacuna.steps.gate.NotChecked",
            action=RetryAction.FAIL,
            reason="what was built is not checked",
        ),
        RetryRule(
            exception="airflow.sdk.exceptions.AirflowTaskTimeout",
            action=RetryAction.FAIL,
            reason="the task would take as long again",
        ),
    ]
)

# For any task: one that hangs would keep every later day waiting, because one day runs at a time
EXECUTION_TIMEOUT = timedelta(hours=6)

# More of them together are slowed down by AWS: each makes LACUNA_CONCURRENCY calls at a time
SHARDS_AT_ONCE = 8

# No retry fixes a change that is refused or stale: a person must look
BY_HAND: dict[str, Any] = {
    "max_active_runs": 1,
    "default_args": {"retries": 0, "execution_timeout": EXECUTION_TIMEOUT},
}

DAILY: dict[str, Any] = {
    "start_date": datetime(2006, 3, 14, tzinfo=UTC),  # S3 opened: no log can be older
    "catchup": False,
    # two days at the same time would build the same event days twice
    "max_active_runs": 1,
    "default_args": {
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "retry_policy": RETRIES,
        "execution_timeout": EXECUTION_TIMEOUT,
    },
    "params": {
        "day": Param(
            None,
            type=["null", "string"],
            format="date",
            description="The delivery day (UTC), for a run that has no partition key.",
        ),
        "accept_loss": Param(
            False,
            type="boolean",
            description="Replace what was read of the day, even if some of its logs are gone.",
        ),
    },
}
