"""Write down what each statement cost, from Athena's own history.

The history is read from where the reading before ended, whichever run made that. So what a killed
run has spent is counted by the next run, and each statement once.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from lacuna.lake import history
from lacuna.lake.lake import Lake, open_lake
from lacuna.refusals import error_columns, needed
from lacuna.steps import suites
from lacuna.tables import statements
from lacuna.tables.evidence import CHECK_RESULTS, COST_READINGS, RUN_COSTS, CostReading, RunCost
from lacuna.tables.evidence_table import read_back

if TYPE_CHECKING:
    from lacuna.settings import Settings

log = logging.getLogger(__name__)

# Athena may list a statement a moment after one that was submitted later
MARGIN = timedelta(seconds=10)
_THREADS = 8


def count_costs(settings: Settings, day: date) -> int:
    """Write what statements cost since the last reading, and check it; return how many there are.

    The day is built, checked and published by now. So whatever fails here fails no run: the costs
    are then unknown, and the next run reads them.
    """
    try:
        lake = open_lake(settings, "count_costs", day)
        number = read(lake, settings.analyst_workgroups, day)
        found = suites.check("fct_run_costs", day, lake, settings)
        today = datetime.now(UTC).date()
        lake.append(CHECK_RESULTS, found, {"checked_on": today, "delivery_day": day})
    except Exception:
        log.exception("what the statements cost could not be written; the next run counts them")
        return 0
    return number


def read(lake: Lake, analyst_workgroups: Iterable[str], day: date) -> int:
    """Write what the statements of each workgroup cost since its last reading; return how many."""
    workgroups = dict.fromkeys((lake.workgroup, *analyst_workgroups))
    readings = [_read(lake, workgroup, day) for workgroup in workgroups]
    lake.append(COST_READINGS, readings, {"read_on": datetime.now(UTC).date()})
    return sum(reading.statements for reading in readings)


def _read(lake: Lake, workgroup: str, day: date) -> CostReading:
    """Read a workgroup's history and write its statements; return how far it is known now."""
    now, region = datetime.now(UTC), lake.account.region
    known_until = _known_until(lake, workgroup)
    found = history.read(lake.account, workgroup, known_until or now - history.KEPT)
    ended = [one for one in found.executions if statements.has_ended(one)]
    by_others = statements.BY_OTHERS if workgroup == lake.workgroup else statements.ANALYST
    with ThreadPoolExecutor(_THREADS) as pool:
        written = list(pool.map(lambda one: history.rows_written(lake.account, one), ended))
    costs = [
        statements.cost(one, region, by_others, rows)
        for one, rows in zip(ended, written, strict=True)
    ]
    if known_until is None and workgroup == lake.workgroup:
        # the first count: an older version did not say what its statements are for
        costs = [(on, cost) for on, cost in costs if cost.step != by_others]
    _write(lake, costs)
    if found.problem:
        log.warning(
            "the costs of the workgroup %s are unknown: %s", workgroup, needed(found.problem)
        )
    return CostReading(
        run_day=day,
        workgroup=workgroup,
        region=region,
        read_at=now,
        known_until=known_until if found.is_cut_off else _end(found) or known_until,
        statements=len(costs),
        **error_columns(found.problem),
    )


def _end(found: history.History) -> datetime | None:
    """Return until when all statements are known and have ended, by Athena's clock."""
    if not found.executions:
        return None
    running = [
        statements.submitted_at(one) for one in found.executions if not statements.has_ended(one)
    ]
    newest = max(map(statements.submitted_at, found.executions))
    return min([newest - MARGIN, *running])


def _known_until(lake: Lake, workgroup: str) -> datetime | None:
    """Return until when the newest reading knows a workgroup's statements; None if there is none."""
    oldest = datetime.now(UTC).date() - history.KEPT
    for on in reversed(lake.days(COST_READINGS)):
        if on < oldest:
            break
        rows = [read_back(CostReading, row) for row in lake.read(COST_READINGS, {"read_on": on})]
        if known := [row.known_until for row in rows if row.workgroup == workgroup]:
            return max((moment for moment in known if moment), default=None)
    return None


def _write(lake: Lake, costs: Iterable[tuple[date, RunCost]]) -> None:
    partitions: dict[tuple[date, date], list[RunCost]] = defaultdict(list)
    for day, cost in costs:
        partitions[cost.submitted_at.date(), day].append(cost)
    for (submitted_on, day), rows in partitions.items():
        lake.append(RUN_COSTS, rows, {"submitted_on": submitted_on, "day": day})
