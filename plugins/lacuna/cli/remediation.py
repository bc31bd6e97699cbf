"""The parts of `make remediate`: show a plan, make one, apply one."""

from __future__ import annotations

import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

from lacuna.aws.session import Account
from lacuna.cli import terminal
from lacuna.lake.lake import open_lake
from lacuna.remedy import plans
from lacuna.remedy.plans import Plan
from lacuna.settings import Settings
from lacuna.steps import remediate

DEFAULT_PLAN = Path(".lacuna/remediation.json")
NO_PLAN = (
    "Which plan? --apply applies a plan that a person has read. Make one with `make remediate`, "
    f"read it, then make remediate APPLY=1 PLAN={DEFAULT_PLAN}"
)
INTERRUPTED = (
    "What was changed stays. Running the same plan again is safe: it finds what is there already."
)


def existing_plan(path: Path, *, named: bool) -> Plan | None:
    """Return the plan of a file that must not be written again: it is an undo, or was named."""
    file = remediate.plan_file(path)
    return remediate.read_plan(file) if named and path.exists() else remediate.undo_at(file)


def show_existing(path: Path, plan: Plan) -> None:
    """Print a plan as it is: somebody may have read it and taken changes out."""
    if plan.undo_of:
        origin = f"{path} undoes plan {plan.undo_of}"
    else:
        origin = f"{path} holds this plan already. To make a new one, name no file or another one"
    print(f"{plans.render(plan)}\n\nNothing was changed. {origin}")
    if plan.changes or plan.undo_of:
        _print_how_to_apply(path)


def make_plan(path: Path, interrupt: terminal.Interrupt) -> None:
    """Run the DAG that writes a plan to the file, and print the plan."""
    _run_dag(interrupt, path, apply=False)
    plan = remediate.read_plan(path)
    print(f"\n{plans.render(plan)}\n\nNothing was changed. The plan is {path}", flush=True)
    if plan.changes:
        _print_how_to_apply(path)


def read_to_apply(path: Path) -> Plan:
    """Return the plan that a file holds; raises PlanError if it holds none."""
    plan = remediate.read_plan(path)
    remediate.plan_file(path)
    return plan


def apply_plan(
    settings: Settings, account: Account, path: Path, plan: Plan, interrupt: terminal.Interrupt
) -> None:
    """Run the DAG that applies the plan; print each change's outcome and how to undo it.

    Raises PlanError if the plan is for another account or Region, or undoes what was never done.
    Ends the process with 1 if a change could not be made.
    """
    remediate.read_plan(path, account.account_id, plan.plan_id, account.region)
    lake = open_lake(settings)
    if plan.undo_of:
        lake.prepare()
        remediate.check_undo(lake, plan)
    print(f"\n{plans.render(plan)}\n", flush=True)
    if not plan.changes:
        print("Nothing was changed: the plan holds no change.")
        return
    since = datetime.now(UTC)
    undo = remediate.undo_path(path, since)
    names = {"plan_id": plan.plan_id, "undo_path": str(undo)}
    failed = False
    try:
        _run_dag(interrupt, path, apply=True, **names)
    except SystemExit:
        failed = True
    print("", *remediate.outcomes(lake, plan, since), sep="\n", flush=True)
    if undo.exists():
        print(f"\nTo undo what was applied: {_command(undo)}")
    if failed:
        sys.exit(1)


def _run_dag(interrupt: terminal.Interrupt, path: Path, **params: str | bool) -> None:
    """Run remediate_logging; print the cause and end the process if it fails."""
    with terminal.loading_airflow():
        from lacuna.cli import runner

    # who sits at the terminal may name any file; in Airflow one folder holds the plans
    os.environ["LACUNA_PLAN_FOLDER"] = str(path.parent.resolve())
    try:
        runner.run_remediation(interrupt, plan_path=str(path), **params)
    except runner.RunFailed as failure:
        print(f"\n{failure}", flush=True)
        sys.exit(1)


def _print_how_to_apply(path: Path) -> None:
    print(f"To apply exactly this plan: {_command(path)}")


def _command(path: Path) -> str:
    return f"make remediate APPLY=1 PLAN={shlex.quote(str(path))}"
