"""### What would mend the logging, and mend it

Started by a person only. Without `apply` it looks at every bucket of the account and writes a plan
to `plan_path`: a diff of each document that would change, its reason and its undo, also in the log
of the task `plan`. Nothing is changed. With `apply` the plan in that file is carried out, change by
change, where what is there is still what the plan saw and logs can be delivered to where it sends
them; each is recorded in `lacuna_evidence.remediations`, and a plan that undoes it is written beside
the file.

The file must be one that a person has read: give the id at its head as `plan_id`, and a file that
was changed since is refused. Planner and applier must see the same file.

**When it fails:** the log of `apply` says of each change what became of it. `stale`: somebody has
changed the bucket since; plan again. `refused`: the code says why: a permission that is in
infra/remediation.yaml, or what is wrong with the log bucket by now. Running the same plan again is safe.
"""

from __future__ import annotations

from airflow.sdk import Param, dag, task

TEXT = {"type": ["null", "string"]}


@dag(
    schedule=None,
    max_active_runs=1,
    # what was refused or has become stale is for a person: no retry mends it
    default_args={"retries": 0},
    params={
        "plan_path": Param(".lacuna/remediation.json", type="string", minLength=1),
        "apply": Param(False, type="boolean", description="Carry out the plan of the file."),
        "plan_id": Param(None, **TEXT, description="Refuse any other plan than this one."),
        "undo_path": Param(None, **TEXT, description="The undo's file. Default: beside the plan."),
    },
    tags=["remediation"],
    doc_md=__doc__,
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
