"""A trail whose selectors were changed and changed back while nobody looked: what is planted of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sandbox.account import buckets as b
from sandbox.account import clients as who
from sandbox.account.buckets import BY_NAME, Seen
from sandbox.account.management import SelectorsChange
from sandbox.account.period import HOUR, day_of, iso, moment
from sandbox.account.plan import Plan
from sandbox.account.truth import Expect, Fault

LEFT_OUT = "meridian-dr-standby"


def trail_narrowed(plan: Plan) -> Plan:
    """For 80 minutes the trail leaves a bucket out that nobody uses: its silence proves nothing."""
    bucket, hour = BY_NAME[LEFT_OUT], plan.period.hour(1, 20)
    changes = (
        SelectorsChange(hour + 20 * 60, who.CLERK, without=LEFT_OUT),
        SelectorsChange(hour + 100 * 60, who.CLERK),
    )
    hours = (hour, hour + HOUR)
    day = day_of(hour).isoformat()
    unseen = {"bucket_name": LEFT_OUT, "event_date": day, "read_coverage": "unknown"}
    fault = Fault(
        id="trail_narrowed",
        kind="trail_narrowed",
        note=(
            f"{who.CLERK.name} took {LEFT_OUT} out of the selectors of {b.TRAIL_NAME} at "
            f"{iso(changes[0].at)} and put it back at {iso(changes[1].at)}: no hour between is idle"
        ),
        expect=Expect(
            "fct_logging_changes",
            {"trail_name": b.TRAIL_NAME, "effect": "changed", "event_date": day},
            {"rows": 2},
        ),
        also=(
            Expect("fct_logging_coverage", unseen),
            *(
                Expect(
                    "fct_delivery_hours",
                    {
                        "bucket_name": LEFT_OUT,
                        "hour": moment(one).strftime("%Y-%m-%d %H:%M:%S"),
                        "status": "unknown",
                    },
                )
                for one in hours
            ),
        ),
        # what the finding is about; the bucket is told by its hours
        bucket_name=b.TRAIL_NAME,
        region=bucket.region,
        event_day=day,
        delivery_day=day,
    )
    return replace(
        plan, faults=(*plan.faults, fault), trail_changes=(*plan.trail_changes, *changes)
    )


def coverage_of_day(bucket: b.Bucket, day: date, plan: Plan) -> dict[str, str]:
    """What must be said of a day's coverage, where it is not what the selectors say now."""
    changed = {day_of(change.at) for change in plan.trail_changes}
    if day not in changed:
        return {}
    modes = {"read_coverage": bucket.reads, "write_coverage": bucket.writes}
    return {name: "unknown" for name, seen in modes.items() if seen is Seen.ALL}
