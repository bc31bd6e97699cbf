"""All planted faults. A fault is a function that takes the plan and returns it with one more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox.account import behaviour, configured, delivered, protections, resettings
from sandbox.account import buckets as b
from sandbox.account import clients as who
from sandbox.account.buckets import BY_NAME
from sandbox.account.period import DAY, HOUR, Period
from sandbox.account.plan import Plan
from sandbox.account.traffic import Burst


def make_plan(seed: int, requests: int, period: Period) -> Plan:
    """Return the plan with everything planted."""
    plan = Plan(seed, requests, period)
    for plant in (*PLANTED, nightly_jobs):
        plan = plant(plan)
    return plan


def nightly_jobs(plan: Plan) -> Plan:
    """Add S3's own nightly jobs, and a little daily traffic in every bucket that is used."""
    bursts: list[Burst] = []
    for day in range(plan.period.days):
        night = plan.period.start + day * DAY + HOUR
        bursts += [
            Burst(BY_NAME[name], night, HOUR, max(4, plan.requests // 1500), who.LIFECYCLE,
                  ("lifecycle",))
            for name in _EXPIRING
        ]  # fmt: skip
        bursts.append(
            Burst(BY_NAME["meridian-backups"], night + 2 * HOUR, HOUR, 3, who.S3_BATCH,
                  ("checksum",))
        )  # fmt: skip
        bursts += [
            Burst(
                bucket,
                night + 8 * HOUR,
                HOUR - 100,
                3,
                who.OPERATOR,
                _ACTS.get(bucket.profile, ("get", "list", "put")),
            )
            for bucket in b.SOURCES
            if bucket.weight
        ]
    return replace(plan, bursts=plan.bursts + tuple(bursts))


# Nobody but CloudTrail writes where trails deliver
_ACTS = {"trail": ("get", "list", "get")}
_EXPIRING = (
    "meridian-backups",
    "meridian-data-lake",
    "meridian-app-uploads",
    "meridian-payroll",
    "meridian-eu-telemetry",
)

PLANTED: tuple[Callable[[Plan], Plan], ...] = (
    configured.logging_off,
    configured.sensitive_not_recorded,
    configured.turned_off,
    configured.logging_interrupted,
    configured.target_policy_denies,
    configured.target_gone,
    configured.target_unfit,
    configured.target_unprovable,
    configured.target_by_acl,
    configured.region_not_enabled,
    configured.store_only,
    configured.logging_elsewhere,
    configured.recorded_elsewhere,
    configured.config_unreadable,
    configured.log_bucket_weak,
    configured.silent,
    configured.idle,
    configured.partly_recorded,
    configured.trail_stopped,
    configured.trail_failing,
    configured.trail_bucket_gone,
    resettings.trail_narrowed,
    resettings.trail_deleted,
    resettings.store_stopped,
    resettings.log_bucket_policy_changed,
    resettings.account_block_changed,
    protections.protection_weakened,
    protections.protection_refused,
    delivered.hour_lost,
    delivered.hour_partly_lost,
    delivered.late_within_budget,
    delivered.late_beyond_budget,
    delivered.duplicate_lines,
    delivered.duplicate_object,
    delivered.malformed_lines,
    delivered.stray_objects,
    delivered.truncated_trail_file,
    delivered.deleted_trail_file,
    delivered.invented_trail_file,
    *behaviour.PLANTED,
)
