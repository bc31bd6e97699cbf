"""Plan what mends the logging of buckets, and apply a plan that a person has read.

Planning changes nothing. Applying changes a document only if it is still what the plan saw, sends a
log only where it can be delivered as things are then, reads the document back, and records every
change that was tried in `lacuna_evidence.remediations`. The plan that takes it all back lies beside
the plan before the first change is made, and is applied only for what these records show to have
been done. A run that was killed is run again: what it had done is `already` there.

S3 has no way to say "put this if nothing has changed": between the read and the write of one
document lies the time of one call.
"""

import logging
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from lacuna import globs
from lacuna.access_log import documents, sensitivity, targets
from lacuna.access_log.documents import Document, Operation
from lacuna.access_log.sources import Source
from lacuna.access_log.targets import TargetConfig, TargetState
from lacuna.aws import bucket_changes, buckets
from lacuna.aws.buckets import Bucket
from lacuna.aws.session import Account, each, head_bucket
from lacuna.aws.tags import read_tags, tag_of
from lacuna.lake.lake import Lake, open_lake
from lacuna.lake.sensitivity_table import read_table
from lacuna.refusals import Refusal, needed
from lacuna.remedy import planner, plans
from lacuna.remedy.planner import BucketSeen, Place
from lacuna.remedy.plans import Change, Plan, PlanError
from lacuna.settings import Settings
from lacuna.tables.evidence import REMEDIATIONS, Remediation
from lacuna.text import visible

log = logging.getLogger(__name__)

# Seconds before each look: S3 may answer for a moment as if nothing had been put
_LOOKS = (0.0, 1.0, 3.0)


class Outcome(StrEnum):
    """What became of a change."""

    APPLIED = "applied"  # and read back as planned
    ALREADY = "already"  # it was there: an earlier run was killed, or somebody did the same
    DIFFERS = "differs"  # written, but something else was read back
    STALE = "stale"  # what is there is not what the plan saw: nothing was written
    SKIPPED = "skipped"  # a change that it depends on was not made
    REFUSED = "refused"  # AWS did not answer or did not allow it, or no log would arrive there


MADE = frozenset({Outcome.APPLIED, Outcome.ALREADY})


class NotApplied(RuntimeError):
    """Some change of the plan was not made; a line for each."""


@dataclass(frozen=True, slots=True)
class Result:
    """A change, what became of it, and the document that was read last."""

    change: Change
    outcome: Outcome
    found: Document | None
    applied_at: datetime
    error_code: str | None = None


# ---- what the DAG's tasks do ------------------------------------------------------------------


def plan_task(params: Mapping[str, Any]) -> None:
    """Write a plan to the parameter `plan_path`."""
    write_plan(Settings.from_env(), Path(params["plan_path"]), datetime.now(UTC))


def apply_task(params: Mapping[str, Any]) -> None:
    """Apply the plan of `plan_path`, if it is the one that `plan_id` names, where it names one."""
    undo = params["undo_path"]
    apply_plan(
        Settings.from_env(),
        Path(params["plan_path"]),
        params["plan_id"],
        Path(undo) if undo else None,
    )


# ---- planning --------------------------------------------------------------------------------


def write_plan(settings: Settings, path: Path, made_at: datetime) -> Plan:
    """Plan for the account as it is now, and write the plan's file. Changes nothing in AWS, but that
    Athena keeps in the lake what it reads of the user's table of sensitive buckets."""
    if undo_at(path):
        raise PlanError(f"{visible(str(path))} is the undo of a plan: nothing is written over it")
    if path.exists():
        # somebody may have read it and taken changes out
        shutil.copy2(path, path.with_name(f"{path.stem}.previous.json"))
    lake = open_lake(settings)
    account = lake.account
    place = Place(account.account_id, account.partition, account.region, made_at)
    spared = (*settings.unlogged_buckets, lake.bucket)
    seen = _with_sensitivity(lake, settings, _look(account))
    plan = planner.make(
        place,
        seen,
        _log_buckets(account, seen),
        lambda name: any(globs.matches(glob, name) for glob in spared),
    )
    _write(path, plan)
    log.info("%s\n\nwritten to %s", plans.render(plan), path)
    return plan


def _look(account: Account) -> list[BucketSeen]:
    listed = buckets.list_buckets(account.s3())
    return list(each(lambda one: _look_at(account, one), listed, account.concurrency, "buckets"))


def _look_at(account: Account, listed: Bucket) -> BucketSeen:
    region = listed.region or head_bucket(account.s3(), listed.name).region
    if region is None:
        return BucketSeen(listed.name, None, Refusal("HeadBucket", "RegionUnknown"))
    s3 = account.s3(region)
    status = buckets.read_status(s3, listed.name, account.account_id)
    policy = buckets.read_policy(s3, listed.name, account.account_id)
    seen = BucketSeen(listed.name, region, status, policy)
    if seen.target is None:
        return seen
    return replace(seen, source=_source(account, Bucket(listed.name, region), seen.configured))


def _with_sensitivity(lake: Lake, settings: Settings, seen: list[BucketSeen]) -> list[BucketSeen]:
    """The buckets, and of the log buckets among them if they are sensitive, as a snapshot tells it."""
    names = planner.log_buckets(seen)
    regions = {one.name: one.region for one in seen if one.region and one.name in names}
    if not regions:
        return seen
    account, key = lake.account, settings.sensitivity_tag
    tags = read_tags(account, set(regions.values()), key)
    table = read_table(lake, settings.sensitivity_table)

    def is_sensitive(name: str) -> bool | None:
        tag = tag_of(account, tags, regions[name], name, key)
        found = sensitivity.judge(
            name, tag, table, settings.sensitive_values, settings.sensitive_buckets
        )
        if found.refused:
            log.warning("%s: %s; no log is sent there anew", name, needed(found.refused))
        return found.is_sensitive

    found = each(is_sensitive, sorted(regions), account.concurrency, "log buckets' sensitivity")
    known = dict(zip(sorted(regions), found, strict=True))
    return [replace(one, is_sensitive=known.get(one.name)) for one in seen]


def _source(account: Account, bucket: Bucket, status: Document) -> Source:
    return buckets.source_of(account, bucket, buckets.logging_config(status))


def _log_buckets(account: Account, seen: list[BucketSeen]) -> dict[str, TargetConfig]:
    """The configuration of every log bucket, those that nobody logs to yet among them."""
    regions = {one.name: one.region for one in seen}
    asked_from = {one.target: one.region for one in seen if one.target}
    return buckets.read_targets(account, planner.log_buckets(seen), regions, asked_from)


# ---- plan files ------------------------------------------------------------------------------


def read_plan(
    path: Path,
    account_id: str | None = None,
    plan_id: str | None = None,
    region: str | None = None,
) -> Plan:
    """The plan of a file; PlanError where it is none, not the one meant, or was made for another
    account or in another Region, whose lake would not hold the records."""
    try:
        plan = plans.read(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PlanError(f"there is no plan file {visible(str(path))}: plan first") from error
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(f"cannot read {visible(str(path))}: {visible(str(error))}") from error
    except PlanError as error:
        raise PlanError(f"{visible(str(path))}: {error}") from error
    if account_id and plan.account_id != account_id:
        raise PlanError(
            f"{visible(str(path))} is a plan for account {visible(plan.account_id)}, and this is "
            f"{account_id}: nothing was changed"
        )
    if region and plan.region != region:
        raise PlanError(
            f"{visible(str(path))} was made in Region {visible(plan.region)}, where its lake is, "
            f"and this is {region}: set AWS_REGION={visible(plan.region)}; nothing was changed"
        )
    if plan_id and plan.plan_id != plan_id:
        raise PlanError(
            f"{visible(str(path))} holds plan {plan.plan_id}, not {visible(plan_id)}: somebody has "
            "changed the file since it was read"
        )
    return plan


def undo_path(path: Path, at: datetime) -> Path:
    """Where the undo of an application at `at` lies: no two share a file."""
    return path.with_name(f"{path.stem}.undo-{at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}.json")


def plan_file(path: Path) -> Path:
    """`path`, if a plan may be kept there: whoever starts the DAG names it, and may name a file
    that is something else."""
    if path.suffix != ".json":
        raise PlanError(f"a plan's file ends with .json, and {visible(str(path))} does not")
    return path


def undo_at(path: Path) -> Plan | None:
    """The undo that a file holds, which nothing makes again; PlanError where it holds no plan."""
    there = read_plan(path) if plan_file(path).exists() else None
    return there if there and there.undo_of else None


def _write(path: Path, plan: Plan) -> None:
    plan_file(path).parent.mkdir(parents=True, exist_ok=True)
    # whole or not at all: a plan cut short by a kill would be no plan
    draft = path.with_name(f"{path.name}.draft")
    draft.write_text(plans.written(plan), encoding="utf-8")
    draft.replace(path)


# ---- applying --------------------------------------------------------------------------------


def apply_plan(
    settings: Settings, path: Path, plan_id: str | None = None, undo_file: Path | None = None
) -> list[Result]:
    """Make the changes of the plan file; raises NotApplied where one could not be made."""
    began = datetime.now(UTC)
    lake = open_lake(settings)
    account = lake.account
    plan = read_plan(path, account.account_id, plan_id, account.region)
    log.info("applying what %s holds\n\n%s", path, plans.render(plan))
    # before the first change: what cannot be recorded is not done
    lake.prepare()
    check_undo(lake, plan)
    undo_file = undo_file or undo_path(path, began)
    _write(undo_file, plans.undone(plan, [(one, one.after) for one in plan.changes], began))
    results: list[Result] = []
    try:
        _make(plan, account, bucket_changes.acting(account, settings.remediation_role), results)
    finally:
        rows = [_row(plan, one) for one in results]
        lake.append(REMEDIATIONS, rows, {"applied_on": began.date()})
    for one in results:
        log.info("%s", told(one.outcome, one.change.operation, one.change.bucket, one.error_code))
    made = [(one.change, one.found) for one in results if one.outcome in MADE]
    if made:
        _write(undo_file, plans.undone(plan, made, began))
        log.info("the plan that undoes this is %s", undo_file)
    else:
        undo_file.unlink()
    failed = [one for one in results if one.outcome not in MADE]
    if failed:
        raise NotApplied(f"{len(failed)} of {len(results)} changes of plan {plan.plan_id} not made")
    return results


def check_undo(lake: Lake, plan: Plan) -> None:
    """Raise PlanError if `plan` takes back a change that the lake does not show to have been made."""
    if plan.undo_of is None:
        return
    # an undo is made when the plan is applied, and the records lie under that day
    applied_on = plan.made_at.astimezone(UTC).date()
    rows = lake.read(REMEDIATIONS, {"applied_on": applied_on})
    unproven = plans.unproven(plan, rows, MADE)
    if unproven:
        first = unproven[0]
        raise PlanError(
            f"{len(unproven)} of {len(plan.changes)} changes take back what "
            f"lacuna_evidence.remediations does not show for plan {visible(plan.undo_of)} on "
            f"{applied_on} (the first: {first.operation} {visible(first.bucket)}): nothing was "
            "changed. Was its application stopped before it could record? Apply that plan again: "
            "what it did is `already` there, is recorded, and gets an undo"
        )


def outcomes(lake: Lake, plan: Plan, since: datetime) -> list[str]:
    """What the evidence says of the plan's changes since then, a line a change."""
    # of an application that ends after midnight the day before holds the rows
    days = {since.astimezone(UTC).date(), datetime.now(UTC).date()}
    rows = [row for day in days for row in lake.read(REMEDIATIONS, {"applied_on": day})]
    return [
        told(row["outcome"], row["operation"], row["bucket_name"], row["error_code"])
        for row in sorted(rows, key=lambda row: row["applied_at"])
        if row["plan_id"] == plan.plan_id and row["applied_at"].replace(tzinfo=UTC) >= since
    ]


def told(outcome: str, operation: str, bucket: str, error_code: str | None) -> str:
    """One change and what became of it, for a person."""
    why = f"  ({visible(error_code)})" if error_code else ""
    return f"{outcome:8}  {operation:16}  {visible(bucket)}{why}"


def _make(plan: Plan, account: Account, acting: Account, results: list[Result]) -> None:
    """Make one change after the other, leaving out what depends on one that was not made.

    `account` looks at log buckets, `acting` reads and writes what is changed.
    """
    for change in plan.changes:
        lacking = any(
            one.outcome not in MADE and plans.depends(change, one.change) for one in results
        )
        if lacking:
            now = datetime.now(UTC)
            results.append(Result(change, Outcome.SKIPPED, None, now))
        else:
            results.append(_make_one(change, account, acting))


def _make_one(change: Change, account: Account, acting: Account) -> Result:
    s3 = acting.s3_of(change.bucket)

    def look() -> Document | Refusal | None:
        return bucket_changes.read(s3, change.operation, change.bucket, account.account_id)

    def ended(
        outcome: Outcome, found: Document | Refusal | None, code: str | None = None
    ) -> Result:
        document = None if isinstance(found, Refusal) else found
        return Result(change, outcome, document, datetime.now(UTC), code)

    found = look()
    if isinstance(found, Refusal):
        return ended(Outcome.REFUSED, found, found.error_code)
    if documents.same(change.operation, found, change.after):
        return ended(Outcome.ALREADY, found)
    if not documents.same(change.operation, found, change.before):
        return ended(Outcome.STALE, found)
    refused = _obstacle(change, account) or bucket_changes.write(
        s3, change.operation, change.bucket, change.after, account.account_id
    )
    found = look() if refused else _read_back(look, change)
    # also where the answer to the write was lost on its way
    if not isinstance(found, Refusal) and documents.same(change.operation, found, change.after):
        return ended(Outcome.APPLIED, found)
    if refused:
        return ended(Outcome.REFUSED, found, refused.error_code)
    return ended(Outcome.DIFFERS, found, found.error_code if isinstance(found, Refusal) else None)


def _obstacle(change: Change, account: Account) -> Refusal | None:
    """Why no log would arrive where the change sends it, as the log bucket is now: reason codes."""
    if change.operation is not Operation.PUT_LOGGING or not change.after:
        return None
    region = head_bucket(account.s3(), change.bucket).region
    if region is None:
        return Refusal("HeadBucket", "RegionUnknown")
    source = _source(account, Bucket(change.bucket, region), change.after)
    target = change.after["LoggingEnabled"]["TargetBucket"]
    told: tuple[str, ...] = ()
    # more than once: a change before this one may just have let the log service in
    for pause in _LOOKS:
        time.sleep(pause)
        config = buckets.read_target(account.s3(region), target, account.account_id)
        verdict = targets.judge(source, config)
        if verdict.state is TargetState.DELIVERABLE:
            return None
        told = verdict.reasons
    return Refusal(change.operation.value, ", ".join(told))


def _read_back(
    look: Callable[[], Document | Refusal | None], change: Change
) -> Document | Refusal | None:
    found: Document | Refusal | None = None
    for pause in _LOOKS:
        time.sleep(pause)
        found = look()
        if not isinstance(found, Refusal) and documents.same(change.operation, found, change.after):
            break
    return found


def _row(plan: Plan, one: Result) -> Remediation:
    return Remediation(
        plan_id=plan.plan_id,
        undo_of=plan.undo_of,
        account_id=plan.account_id,
        bucket_name=one.change.bucket,
        operation=one.change.operation.value,
        outcome=one.outcome.value,
        error_code=one.error_code,
        why=one.change.why,
        before=documents.canonical(one.change.before),
        after=documents.canonical(one.change.after),
        found=documents.canonical(one.found),
        applied_at=one.applied_at,
    )
