"""### Plan how to repair the logging, and repair it

Only a person starts this DAG. Without `apply` it reads every bucket of the account and writes a plan
to `plan_path`: a diff of each document that would change, with the reason and the undo. The log of
the task `plan` shows it too. Nothing is changed.

With `apply` it makes the changes of that file, one after the other. It makes a change only if the
document is still what the plan saw, and if logs can be delivered to the new target. It records each
change in `lacuna_evidence.remediations` and writes a plan that undoes them beside the file.

A person must have read the file. Give the id at its head as `plan_id`: a file that was changed since
is refused. Both tasks must see the same file, below `LACUNA_PLAN_FOLDER`.

**When it fails:** the log of `apply` has the outcome of each change. `stale`: somebody has changed
the bucket since; plan again. `refused`: the code says why, a permission of infra/remediation.yaml or
a fault of the log bucket. Running the same plan again is safe.
"""

from __future__ import annotations

from airflow.sdk import Param, dag, task

from lacuna.steps import daily

TEXT = {"type": ["null", "string"]}


@dag(
    schedule=None,
    params={
        "plan_path": Param(".lacuna/remediation.json", type="string", minLength=1),
        "apply": Param(False, type="boolean", description="Carry out the plan of the file."),
        "plan_id": Param(None, **TEXT, description="Refuse any other plan than this one."),
        "undo_path": Param(None, **TEXT, description="The undo's file. Default: beside the plan."),
    },
    tags=["remediation"],
    doc_md=__doc__,
    **daily.BY_HAND,
)
def remediate_logging():
    @task.branch
    def choose(params: dict) -> str:
        return "apply" if params["apply"] else "plan"

    @task
    def plan(params: dict) -> None:
        from lacuna.steps import remediate

        remediate.plan_task(params)

    @task
    def apply(params: dict) -> None:
        from lacuna.steps import remediate

        remediate.apply_task(params)

    choose() >> [plan(), apply()]


remediate_logging()
